"""One SQLite file: how it is opened, its transactions, its named queries, and its errors in words."""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from tiercel_orchestrator.store.port import StoreUnavailable
from tiercel_orchestrator.store.queries import named_queries, read_text

BUSY_TIMEOUT_SECONDS = 30.0
SCHEMA_VERSION = 2


class Database:
    """A connection in WAL mode; to be used from one thread at a time.

    `synchronous`: FULL survives power loss with every commit; NORMAL is about four times faster, and may lose
    the last commits when the power fails, never when the process does.
    """

    def __init__(self, path: Path | str, synchronous: Literal["FULL", "NORMAL"]) -> None:
        self.path = Path(path)
        self.queries = named_queries("sqlite")
        try:
            self.connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=BUSY_TIMEOUT_SECONDS
            )
            self.connection.row_factory = sqlite3.Row
            self._enter_wal()
            self.connection.execute(f"pragma synchronous = {'NORMAL' if synchronous == 'NORMAL' else 'FULL'}")
            self.connection.execute("pragma foreign_keys = on")
            self._apply_schema()
        except sqlite3.DatabaseError as error:
            raise self._worded(error) from error

    def _enter_wal(self) -> None:
        """Switch to WAL; that change alone does not wait for others who open the file, so wait here."""
        deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
        while True:
            try:
                self.connection.execute("pragma journal_mode = wal")
                return
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def _apply_schema(self) -> None:
        tables = self.connection.execute("select count(*) from sqlite_schema").fetchone()[0]
        version = self.connection.execute("pragma user_version").fetchone()[0]
        if tables and version != SCHEMA_VERSION:
            raise StoreUnavailable(
                f"The store {self.path} has version {version} of the tables, and this tiercel needs version "
                f"{SCHEMA_VERSION}; move it away, or name another directory by TIERCEL_HOME."
            )
        # one transaction: another process sees all of the tables or none
        schema = read_text("sqlite", "schema.sql")
        script = f"begin immediate;\n{schema}\npragma user_version = {SCHEMA_VERSION};\ncommit;"
        self.connection.executescript(script)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Make everything inside one transaction."""
        try:
            self.connection.execute("begin immediate")
            try:
                yield
            except BaseException:
                self._roll_back()
                raise
            self.connection.execute("commit")
        except sqlite3.DatabaseError as error:
            self._roll_back()
            raise self._worded(error) from error

    def _roll_back(self) -> None:
        if self.connection.in_transaction:  # a full disk has rolled back already
            self.connection.execute("rollback")

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Undo what is inside, and only that, when it raises."""
        self.connection.execute("savepoint inside")
        try:
            yield
        except BaseException:
            if self.connection.in_transaction:
                self.connection.execute("rollback to inside")
                self.connection.execute("release inside")
            raise
        self.connection.execute("release inside")

    def run(self, query: str, **parameters: Any) -> int:
        """Run a named query; gives how many rows it changed."""
        try:
            return self.connection.execute(self.queries[query], parameters).rowcount
        except sqlite3.DatabaseError as error:
            raise self._worded(error) from error

    def all(self, query: str, **parameters: Any) -> list[sqlite3.Row]:
        """Give all rows of a named query."""
        try:
            return self.connection.execute(self.queries[query], parameters).fetchall()
        except sqlite3.DatabaseError as error:
            raise self._worded(error) from error

    def one(self, query: str, **parameters: Any) -> sqlite3.Row | None:
        """Give the first row of a named query, if there is one."""
        rows = self.all(query, **parameters)
        return rows[0] if rows else None

    def _worded(self, error: sqlite3.DatabaseError) -> Exception:
        """Word what SQLite says of its file; a broken rule of the schema stays a bug of ours."""
        if isinstance(error, sqlite3.IntegrityError):
            return error
        return StoreUnavailable(
            f"The store {self.path} cannot be used ({error}); make it a database that can be written, "
            "with free space, or name another directory by TIERCEL_HOME."
        )
