"""Which servers a run of the tests met: real ones, emulated ones, and those that were missing."""

import sys
from collections.abc import Iterable
from typing import Literal, NamedTuple, TypeAlias

Kind: TypeAlias = Literal["real", "emulated", "missing"]


class Server(NamedTuple):
    """A server, and how the tests had it; `detail`: a version, an address, or what to do about it."""

    name: str
    kind: Kind
    detail: str


_noted: set[Server] = set()


def note(name: str, kind: Kind, detail: str) -> None:
    """Note a server; a fixture calls this when it has started one, or has found none."""
    _noted.add(Server(name, kind, detail))


def note_libraries() -> None:
    """Note the databases that were loaded into this process: a library is its own server."""
    if "sqlite3" in sys.modules:
        note("SQLite", "real", sys.modules["sqlite3"].sqlite_version)
    if "duckdb" in sys.modules:
        note("DuckDB", "real", sys.modules["duckdb"].__version__)


def noted() -> list[Server]:
    """List what was noted, by name."""
    return sorted(_noted, key=lambda server: (server.name.lower(), server))


def merge(rows: Iterable[tuple[str, Kind, str]]) -> None:
    """Take over what another process has noted."""
    _noted.update(Server(*row) for row in rows)
