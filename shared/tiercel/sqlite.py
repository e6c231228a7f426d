"""One SQLite file, shared by threads and processes, and the statements that belong to it."""

import re
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiercel.errors import TiercelError

if TYPE_CHECKING:
    import sqlite3

BUSY_SECONDS = 30.0
STATEMENT = re.compile(r"^-- name: (\w+)[^\n]*\n", re.MULTILINE)


def statements(path: Path) -> dict[str, str]:
    """Read the named statements of a `.sql` file: each begins with `-- name: …`."""
    _, *parts = STATEMENT.split(path.read_text(encoding="utf-8"))
    return {name: text.strip() for name, text in zip(parts[::2], parts[1::2], strict=True)}


class Database:
    """A lazily opened database in WAL mode; one connection, guarded by a lock, serves all threads.

    `path`: None keeps it in memory, for tests. Every statement commits by itself. `additions`: what adds a
    column that a file of an earlier version lacks, by table and column.
    """

    def __init__(
        self, path: Path | None, schema: str, additions: Mapping[tuple[str, str], str] | None = None
    ) -> None:
        self.path = path
        self.schema = schema
        self.additions = additions or {}
        self.lock = threading.Lock()
        self.connection: sqlite3.Connection | None = None

    def rows(self, statement: str, values: Mapping[str, Any]) -> "list[sqlite3.Row]":
        """Run one statement and give its rows."""
        with self.lock:
            self.connection = self.connection or self.open()
            return self.connection.execute(statement, dict(values)).fetchall()

    def change(self, statement: str, values: Mapping[str, Any]) -> int:
        """Run one statement and say how many rows it changed."""
        with self.lock:
            self.connection = self.connection or self.open()
            return self.connection.execute(statement, dict(values)).rowcount

    def close(self) -> None:
        """Close the connection; the next statement opens it again."""
        with self.lock:
            if self.connection:
                self.connection.close()
            self.connection = None

    def open(self) -> "sqlite3.Connection":
        """Connect, and create what is missing."""
        import sqlite3

        try:
            if self.path:
                self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(
                self.path or ":memory:", timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise TiercelError(
                f"The database {self.path} cannot be opened ({error}); "
                "set TIERCEL_HOME to a directory that you may write."
            ) from error
        connection.row_factory = sqlite3.Row
        use_wal(connection)
        connection.execute("pragma synchronous = normal")
        connection.executescript(self.schema)
        self.add_columns(connection)
        return connection

    def add_columns(self, connection: "sqlite3.Connection") -> None:
        """Add the columns that a file of an earlier version lacks."""
        for (table, column), statement in self.additions.items():
            connection.execute("begin immediate")  # two processes may open the file at once
            found = connection.execute("select 1 from pragma_table_info(?) where name = ?", (table, column))
            if found.fetchone() is None:
                connection.execute(statement)
            connection.execute("commit")


def use_wal(connection: "sqlite3.Connection") -> None:
    """Switch to WAL; here SQLite answers `locked` at once, without the wait it grants other statements."""
    import sqlite3

    give_up = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("pragma journal_mode = wal")
            return
        except sqlite3.OperationalError:
            if time.monotonic() > give_up:
                raise
            time.sleep(0.01)
