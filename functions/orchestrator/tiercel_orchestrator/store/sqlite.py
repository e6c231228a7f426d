"""The embedded dialect: one SQLite file in WAL mode."""

import sqlite3
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from tiercel_orchestrator.store import codec
from tiercel_orchestrator.store.codec import Columns, Row
from tiercel_orchestrator.store.memory import Memory, Recalled
from tiercel_orchestrator.store.migrations import Migration, missing
from tiercel_orchestrator.store.port import ClaimRequest, StoreUnavailable
from tiercel_orchestrator.store.queries import named_queries
from tiercel_orchestrator.store.store import SqlStore
from tiercel_orchestrator.store.tables import Checks, Closed, Loaded, Saving, Wanted

BUSY_TIMEOUT_SECONDS = 30.0
EXECUTION_ID = 2


WRITES = {
    "below": "drop_below",
    "dropped": "drop",
    "parked": "park",
    "new_executions": "insert_execution",
    "executions": "update_execution",
    "new_runs": "insert_task_run",
    "runs": "update_task_run",
    "plans": "insert_plan",
    "logs": "insert_log",
    "metrics": "insert_metric",
    "events": "insert_event",
}
"""The query that writes each kind of what a transaction writes."""


class SqliteDatabase:
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
            self._enter_wal()
            self.connection.execute(f"pragma synchronous = {'NORMAL' if synchronous == 'NORMAL' else 'FULL'}")
            self.connection.execute("pragma foreign_keys = on")
            self.migrated = self._migrate()
            self._version = self._data_version()
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

    def _migrate(self) -> list[Migration]:
        """Apply the migrations that the file lacks; give what has been applied."""
        if not missing("sqlite", self._applied(), str(self.path)):
            return []
        self.connection.execute("begin immediate")
        try:
            lacking = missing("sqlite", self._applied(), str(self.path))
            for step in lacking:
                for statement in statements(step.text):
                    self.connection.execute(statement)
                self.connection.execute("insert into migrations values (?, ?)", (step.version, step.name))
        except BaseException:
            self._roll_back()
            raise
        self.connection.execute("commit")
        return [*lacking]

    def _applied(self) -> list[int]:
        tables = [row[0] for row in self.connection.execute("select name from sqlite_schema")]
        if tables and "migrations" not in tables:
            raise StoreUnavailable(
                f"{self.path} has tables that no migration made; move it away, or name another by --store, "
                "or a home by TIERCEL_HOME."
            )
        return [row[0] for row in self.connection.execute("select version from migrations")] if tables else []

    @contextmanager
    def writing(self) -> Iterator["SqliteTransaction"]:
        """Make everything inside one transaction."""
        try:
            self.connection.execute("begin immediate")
            try:
                yield SqliteTransaction(self)
            except BaseException:
                self._roll_back()
                raise
            self.connection.execute("commit")
        except sqlite3.DatabaseError as error:
            self._roll_back()
            raise self._worded(error) from error

    def changed_by_others(self) -> bool:
        """Say whether other connections have changed anything since this was asked last."""
        before, self._version = self._version, self._data_version()
        return before != self._version

    def _data_version(self) -> int:
        return int(self.connection.execute("pragma data_version").fetchone()[0])

    def _roll_back(self) -> None:
        if self.connection.in_transaction:  # a full disk has rolled back already
            self.connection.execute("rollback")

    def run(self, query: str, **parameters: Any) -> int:
        """Run a named query; gives how many rows it changed."""
        try:
            return self.connection.execute(self.queries[query], parameters).rowcount
        except sqlite3.DatabaseError as error:
            raise self._worded(error) from error

    def all(self, query: str, **parameters: Any) -> list[Row]:
        """Give all rows of a named query."""
        try:
            return self.connection.execute(self.queries[query], parameters).fetchall()
        except sqlite3.DatabaseError as error:
            raise self._worded(error) from error

    def one(self, query: str, **parameters: Any) -> Row | None:
        """Give the first row of a named query, if there is one."""
        rows = self.all(query, **parameters)
        return rows[0] if rows else None

    def many(self, query: str, rows: Sequence[Columns]) -> None:
        """Run a named query once for each row."""
        if not rows:
            return
        try:
            self.connection.executemany(self.queries[query], rows)
        except sqlite3.DatabaseError as error:
            raise self._worded(error) from error

    def close(self) -> None:
        """Let go of the file."""
        self.connection.close()

    def _worded(self, error: sqlite3.DatabaseError) -> Exception:
        """Word what SQLite says of its file; a broken rule of the schema stays a bug of ours."""
        if isinstance(error, sqlite3.IntegrityError):
            return error
        return StoreUnavailable(
            f"The store {self.path} cannot be used ({error}); make it a database that can be written, "
            "with free space, or name another by --store, or a home by TIERCEL_HOME."
        )


class SqliteTransaction:
    """The one transaction of a file that writes: while it lasts, nobody else changes anything."""

    def __init__(self, database: SqliteDatabase) -> None:
        self.changed_by_others = database.changed_by_others
        self.run = database.run
        self.all = database.all
        self.one = database.one
        self.many = database.many

    def open(
        self, wanted: Wanted, claim: ClaimRequest | None, now: datetime, memory: Memory | None = None
    ) -> Loaded:
        """Read all that is wanted and not in memory, and the rows that are due."""
        if memory is not None and self.changed_by_others():
            memory.forget_all()
        recalled = memory.recall(wanted) if memory is not None else Recalled(missing=wanted)
        loaded = self.more(recalled.missing)
        if claim is None or (memory is not None and memory.quiet(claim, now)):
            return Loaded(loaded.runs, loaded.executions, recalled=recalled)
        limits = {"limit": claim.limit, "own_limit": claim.own_limit}
        due = self.all("due", now=codec.micros(now), root=claim.root_id, **limits)
        return Loaded(loaded.runs, loaded.executions, due, recalled=recalled)

    def more(self, wanted: Wanted) -> Loaded:
        """Read what turned out to be needed."""
        runs = self.all("touched", ids=codec.dump([*wanted.runs])) if wanted.runs else []
        for query, ids in (("live_runs", wanted.live), ("whole_runs", wanted.whole)):
            runs += self.all(query, ids=codec.dump([*ids])) if ids else []
        ids = wanted.executions | {row[EXECUTION_ID] for row in runs}
        return Loaded(runs, self.all("executions_of", ids=codec.dump([*ids])) if ids else [])

    def guard(self, execution_ids: Collection[str]) -> bool:
        """Nobody else can come in between."""
        return True

    def plans(self, keys: Iterable[tuple[str, int]]) -> list[Row]:
        """Read plans: run id, attempt, text."""
        return self.all("plans", keys=codec.dump(list(keys)))

    def lock_flow(self, namespace: str, flow_id: str) -> None:
        """Nobody else can come in between."""

    def close(self, saving: Saving, claim: ClaimRequest | None, tasks_too: bool, checks: Checks) -> Closed:
        """Write everything; with a claim, say when something is due next."""
        for kind, ids in saving.ids().items():
            self.many(WRITES[kind], [{"id": one} for one in ids])
        first = None
        for kind, rows in saving.rows().items():
            self.many(WRITES[kind], rows)
            if kind == "new_runs" and rows:
                first = self.all("last_position")[0][0] - len(rows) + 1
        row = self.one("next_due", root=claim.root_id, tasks_too=tasks_too) if claim else None
        return Closed(None if row is None or row[0] is None else codec.moment(row[0]), None, first)


class SqliteStore(SqlStore):
    """Executions in a SQLite file; `synchronous`: see `SqliteDatabase`."""

    def __init__(self, path: Path | str, synchronous: Literal["FULL", "NORMAL"] = "FULL") -> None:
        super().__init__(SqliteDatabase(path, synchronous))


def statements(text: str) -> Iterator[str]:
    """Give the statements of a script one by one: run as a script, they would leave their transaction."""
    statement = ""
    for line in text.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
