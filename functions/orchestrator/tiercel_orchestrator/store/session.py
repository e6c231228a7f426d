"""A connection to Postgres for callers that do not await: it lives on a thread and loop of its own."""

import asyncio
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import asyncpg

from tiercel_orchestrator.store.connecting import UNAVAILABLE, Connection, connected, worded
from tiercel_orchestrator.store.migrating import prepare
from tiercel_orchestrator.store.port import StoreUnavailable
from tiercel_orchestrator.store.tables import Conflict

CONFLICTS = (
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.UniqueViolationError,
)

T = TypeVar("T")


class Session:
    """One connection, made anew when it was lost; nothing is prepared, so a pooler may stand in between."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.connection: Connection | None = None
        self.inside = False
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, name="postgres", daemon=True)
        self.thread.start()
        try:
            self._do(lambda connection: prepare(connection, url))
        except BaseException:
            self.close()
            raise

    def execute(self, query: str, *parameters: Any) -> str:
        """Run a statement; gives what Postgres says it did."""
        return self._do(lambda connection: connection.execute(query, *parameters))

    def fetch(self, query: str, *parameters: Any) -> list[Any]:
        """Give the rows of a query."""
        return self._do(lambda connection: connection.fetch(query, *parameters))

    def many(self, query: str, rows: Sequence[Sequence[Any]]) -> None:
        """Run a statement for each row."""
        self._do(lambda connection: connection.executemany(query, rows))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Make everything inside one transaction; it ends with its connection."""
        self.execute("begin isolation level read committed")
        self.inside = True
        try:
            yield
            self.execute("commit")
        except BaseException:
            with suppress(StoreUnavailable):
                self.execute("rollback")
            raise
        finally:
            self.inside = False

    def close(self) -> None:
        """Let go of the connection, the loop and the thread."""
        if self.connection is not None and not self.connection.is_closed():
            with suppress(*UNAVAILABLE):
                self._wait(self.connection.close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def _do(self, call: Callable[[Connection], Awaitable[T]]) -> T:
        async def done() -> T:
            return await call(await self._connected())

        try:
            return self._wait(done())
        except CONFLICTS as error:
            if not self.inside:
                raise StoreUnavailable(f"The store was busy: {error}.") from error
            raise Conflict(str(error)) from error
        except UNAVAILABLE as error:
            if isinstance(error, ValueError):
                raise  # what we have sent was no value of its type: a bug of ours
            self._let_go()
            raise worded(self.url, error) from error

    async def _connected(self) -> Connection:
        """Give the connection; never a new one amid a transaction, half of which would be lost."""
        if self.connection is None or self.connection.is_closed():
            if self.inside:
                raise asyncpg.InterfaceError("the connection was lost amid a transaction")
            self.connection = await connected(self.url)
        return self.connection

    def _let_go(self) -> None:
        """Leave a connection behind that has failed: whatever it was in the middle of is undone."""
        if self.connection is not None:
            self.loop.call_soon_threadsafe(self.connection.terminate)
            self.connection = None

    def _wait(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()
