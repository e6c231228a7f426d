"""A connection to Postgres: made anew when it was lost, its errors worded, nothing kept in the session."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from typing import Any, TypeAlias

import psycopg
from psycopg import errors

from tiercel_orchestrator.store.codec import Row
from tiercel_orchestrator.store.connecting import UNAVAILABLE, connected, reason_of, worded
from tiercel_orchestrator.store.migrating import prepare
from tiercel_orchestrator.store.port import StoreUnavailable
from tiercel_orchestrator.store.tables import Conflict

CONFLICTS = (errors.DeadlockDetected, errors.SerializationFailure, errors.UniqueViolation)

Rows: TypeAlias = list[Row]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement with numbered parameters; `rows`: it runs once for each."""

    text: str
    rows: Sequence[Sequence[Any]] = ((),)


BEGIN, COMMIT, ROLLBACK = (
    Statement("begin isolation level read committed"),
    Statement("commit"),
    Statement("rollback"),
)


class Session:
    """One connection; nothing is prepared, so a pooler may stand in between."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection: psycopg.Connection | None = None
        self.inside = self.begun = False
        self.connected = 0
        """How often it was connected."""
        try:
            with self._worded():
                prepare(self._connected(), url)
        except BaseException:
            self.close()
            raise

    def fetch(self, text: str, parameters: Sequence[Any] = ()) -> Rows:
        """Give the rows of a query."""
        return self.together([Statement(text, [parameters])])[0]

    def run(self, text: str, parameters: Sequence[Any] = ()) -> int:
        """Run a statement; gives how many rows it changed."""
        with self._worded():
            self._begin()
            return self._connected().execute(text, parameters).rowcount

    def together(self, statements: Sequence[Statement], *, commit: bool = False) -> list[Rows]:
        """Run statements in one round trip; gives the rows of each. `commit` ends the transaction."""
        before = [BEGIN] if self.inside and not self.begun else []
        sent = [*before, *statements, *([COMMIT] if commit else [])]
        with self._worded():
            connection = self._connected()
            self.begun = self.inside  # whatever becomes of them, there is something to roll back
            with connection.pipeline() if len(sent) > 1 else nullcontext():
                cursors = [_send(connection, statement) for statement in sent]
            if commit:
                self.begun = self.inside = False
            asked = cursors[len(before) : len(before) + len(statements)]
            return [
                [*cursor.fetchall()] if cursor.pgresult and cursor.pgresult.nfields else []
                for cursor in asked
            ]

    def alone(self, statement: Statement) -> Rows:
        """Run a statement that is a transaction by itself, in place of the one that has not begun yet."""
        assert not self.begun
        with self._worded():
            cursor = _send(self._connected(), statement)
            return [*cursor.fetchall()]

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside one transaction; it begins with its first statement."""
        self.inside, self.begun = True, False
        try:
            yield
            if self.begun:
                self.together([], commit=True)
        except BaseException:
            if self.begun:
                with suppress(StoreUnavailable, Conflict):
                    self.together([ROLLBACK])
            raise
        finally:
            self.inside = self.begun = False

    def close(self) -> None:
        """Let go of the connection."""
        if self.connection is not None:
            self.connection.close()

    def _begin(self) -> None:
        if self.inside and not self.begun:
            self._connected().execute(BEGIN.text)
            self.begun = True

    @contextmanager
    def _worded(self) -> Iterator[None]:
        """Say of an error whether to do it again, or why the database cannot be used."""
        try:
            yield
        except CONFLICTS as error:
            if not self.inside:
                raise StoreUnavailable(f"The store was busy: {reason_of(error)}.") from error
            raise Conflict(reason_of(error)) from error
        except UNAVAILABLE as error:
            self.close()  # whatever it was in the middle of is undone
            raise worded(self.url, error) from error

    def _connected(self) -> psycopg.Connection:
        """Give the connection; never a new one amid a transaction, half of which would be lost."""
        if self.connection is None or self.connection.closed:
            if self.begun:
                raise psycopg.InterfaceError("the connection was lost amid a transaction")
            self.connection = connected(self.url)
            self.connected += 1
        return self.connection


def _send(connection: psycopg.Connection, statement: Statement) -> psycopg.Cursor:
    cursor = connection.cursor()
    text = statement.text.encode()
    if len(statement.rows) == 1:
        return cursor.execute(text, statement.rows[0] or None)
    cursor.executemany(text, statement.rows)
    return cursor
