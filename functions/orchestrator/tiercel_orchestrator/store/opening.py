"""A store by its address: a file of SQLite's, or a database in Postgres."""

from pathlib import Path
from urllib.parse import unquote, urlsplit

from tiercel_orchestrator.store.port import StoreUnavailable
from tiercel_orchestrator.store.sqlite import SqliteStore
from tiercel_orchestrator.store.store import SqlStore

POSTGRES = ("postgres", "postgresql")
FORMS = (
    "write postgresql://user@host:5432/database, sqlite:///relative/path, sqlite:////absolute/path, or a path"
)


def open_store(url: str) -> SqlStore:
    """Open the store at an address, which makes its tables where there are none.

    `url`: postgresql://…, postgres://…, sqlite:///path, or the path of a file. `StoreUnavailable` says
    why it cannot be opened.
    """
    scheme = url.partition("://")[0].lower() if "://" in url else ""
    if scheme in POSTGRES:
        return _postgres(url)
    return SqliteStore(_path(scheme, url))


def _postgres(url: str) -> SqlStore:
    try:
        from tiercel_orchestrator.store.postgres import (
            PostgresStore,
        )  # half of the time a small command takes
    except ModuleNotFoundError as error:
        if error.name != "asyncpg":
            raise
        raise StoreUnavailable(
            "A store in Postgres needs the package asyncpg; run pip install 'tiercel-orchestrator[postgres]'."
        ) from error
    return PostgresStore(url)


def _path(scheme: str, url: str) -> Path:
    if not scheme:
        return Path(url)
    place = urlsplit(url)
    if scheme != "sqlite":
        raise StoreUnavailable(f"A store cannot be at {scheme}://…; {FORMS}.")
    if place.netloc or len(place.path) < 2:
        raise StoreUnavailable(f"{url} names no file; {FORMS}.")
    return Path(unquote(place.path[1:]))
