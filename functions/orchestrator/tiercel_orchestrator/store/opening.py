"""A store by its address: a file of SQLite's, or a database in Postgres."""

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from urllib.parse import unquote, urlsplit

from tiercel_orchestrator.store.migrations import Migration
from tiercel_orchestrator.store.port import StoreUnavailable
from tiercel_orchestrator.store.sqlite import SqliteDatabase, SqliteStore
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
    scheme = _scheme(url)
    if scheme in POSTGRES:
        from tiercel_orchestrator.store.postgres import PostgresStore  # half of the time a command takes

        return PostgresStore(url)
    return SqliteStore(_path(scheme, url))


def migrate(url: str) -> Sequence[Migration]:
    """Bring the tables at an address up to date; give the migrations that this has applied."""
    scheme = _scheme(url)
    if scheme in POSTGRES:
        from tiercel_orchestrator.store import migrating

        return migrating.migrate(url)
    with closing(SqliteDatabase(_path(scheme, url), "FULL")) as database:
        return database.migrated


def _scheme(url: str) -> str:
    return url.partition("://")[0].lower() if "://" in url else ""


def _path(scheme: str, url: str) -> Path:
    if not scheme:
        return Path(url)
    place = urlsplit(url)
    if scheme != "sqlite":
        raise StoreUnavailable(f"A store cannot be at {scheme}://…; {FORMS}.")
    if place.netloc or len(place.path) < 2:
        raise StoreUnavailable(f"{url} names no file; {FORMS}.")
    return Path(unquote(place.path[1:]))
