"""How a process dies by its own hand right before one of the statements that it sends to its store."""

import os
import signal
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import psycopg

from tiercel_orchestrator.store import session


@dataclass
class Death:
    """Counts boundaries, and kills this process at number `at`; 0 means never."""

    at: int = 0
    count: int = 0

    def boundary(self, last: Callable[[], None] = lambda: None) -> None:
        """Come to the next boundary; `last` is done before dying there."""
        self.count += 1
        if self.count == self.at:
            last()
            os.kill(os.getpid(), signal.SIGKILL)


def watch_sqlite(death: Death) -> None:
    """Take every statement of every connection to SQLite for a boundary; for this process only."""
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def watched(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.set_trace_callback(lambda statement: death.boundary())
        return connection

    sqlite3.connect = watched  # type: ignore[assignment]  # which is overloaded


def watch_postgres(death: Death) -> None:
    """Take every statement that is sent to Postgres for a boundary, and each answer to a commit."""
    send = session._send

    def watched(connection: psycopg.Connection, statement: session.Statement) -> psycopg.Cursor:
        death.boundary()
        cursor = send(connection, statement)
        if statement is session.COMMIT:
            death.boundary(lambda: _flush(connection))
        elif "write_unchanged" in statement.text:
            death.boundary()  # it is committed, and whoever waits does not know it yet
        return cursor

    session._send = watched


def _flush(connection: psycopg.Connection) -> None:
    """Have all that is queued in a pipeline on its way, so that it reaches the server though we die."""
    pipeline = connection._pipeline
    if pipeline is not None:
        while pipeline.command_queue:
            pipeline.command_queue.popleft()()
        connection.pgconn.pipeline_sync()
        while connection.pgconn.flush():
            pass
