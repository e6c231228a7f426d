"""How a process dies by its own hand right before one of the statements that it sends to its store."""

import os
import signal
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any


@dataclass
class Death:
    """Counts boundaries, and kills this process at number `at`; 0 means never."""

    at: int = 0
    count: int = 0

    def boundary(self) -> None:
        """Come to the next boundary."""
        self.count += 1
        if self.count == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


def watch_sqlite(death: Death) -> None:
    """Take every statement of every connection to SQLite for a boundary; for this process only."""
    connect: Callable[..., sqlite3.Connection] = sqlite3.connect

    def watched(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection = connect(*arguments, **options)
        connection.set_trace_callback(lambda statement: death.boundary())
        return connection

    sqlite3.connect = watched  # type: ignore[assignment]  # which is overloaded
