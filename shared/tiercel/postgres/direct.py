"""The functions over connections of our own (asyncpg), for an orchestrator, which the database trusts."""

import asyncio
import threading
from collections.abc import Coroutine
from typing import Any, TypeVar

import asyncpg

from tiercel.errors import Retriable, TaskFailed, TiercelError
from tiercel.postgres import Migration, Row, migrations

T = TypeVar("T")
MOST_CONNECTIONS = 4
SETUP_LOCK = 7_226_014_331
"""Under which lock the tables are created: two processes that do so at once disturb each other."""
MIGRATED = "select exists (select from pg_tables where schemaname = 'pipeline' and tablename = 'migrations')"
"""No to_regclass: within a transaction it may not notice what another has made since."""
VERSIONS = "select version from pipeline.migrations"
SERVED = "select exists (select from pg_roles where rolname = 'authenticator')"
"""Whether PostgREST serves this server's databases, so that tokens have to have their rules."""
DENIED = (
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
    asyncpg.ClientConfigurationError,
)
BUSY = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.DeadlockDetectedError,
    OSError,
    TimeoutError,
)


class DirectFunctions:
    """A few connections, opened when needed; nothing is prepared, so a pooler may stand in between."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.lock = threading.Lock()
        self.loop: asyncio.AbstractEventLoop | None = None
        self.thread: threading.Thread | None = None
        self.pool: asyncpg.Pool | None = None

    def call(self, name: str, columns: str = "*", /, **arguments: Any) -> list[Row]:
        """Call a function and give the columns of its rows."""
        named = ", ".join(f"p_{key} => ${place}" for place, key in enumerate(arguments, start=1))
        return self.wait(self.fetch(f"select {columns} from public.{name}({named})", [*arguments.values()]))

    def listed(self, name: str, columns: str = "*", /, **arguments: Any) -> list[Row]:
        """Do so with a function that may give many rows: a connection of our own gives all of them."""
        return self.call(name, columns, **arguments)

    def under(self, token: str | None) -> "DirectFunctions":
        """Give this database: who has its address needs no token."""
        return self

    def close(self) -> None:
        """Let go of the connections; the next call opens them again."""
        with self.lock:
            loop, thread, pool = self.loop, self.thread, self.pool
            self.loop = self.thread = self.pool = None
        if loop is None or thread is None:
            return
        if pool is not None:
            asyncio.run_coroutine_threadsafe(pool.close(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something on the loop of the connections, and wait for it."""
        with self.lock:
            if self.loop is None:
                self.loop = asyncio.new_event_loop()
                self.thread = threading.Thread(target=self.loop.run_forever, name="postgres", daemon=True)
                self.thread.start()
                self.opening = asyncio.Lock()
            loop = self.loop
        return asyncio.run_coroutine_threadsafe(work, loop).result()

    async def fetch(self, query: str, values: list[Any]) -> list[Row]:
        """Run a query and give its rows."""
        try:
            async with self.opening:
                self.pool = self.pool or await self.opened()
            rows: list[Any] = await self.pool.fetch(query, *values)
        except DENIED as error:
            raise TiercelError(
                f"The database of TIERCEL_KV_URL cannot be used ({error}); "
                "see that its address, user, password and rights are right."
            ) from error
        except (asyncpg.DataError, asyncpg.UntranslatableCharacterError) as error:
            raise TaskFailed(f"The value cannot be kept in Postgres: {error}.") from error
        except BUSY as error:
            raise Retriable(
                f"The database of TIERCEL_KV_URL did not answer ({error or type(error).__name__}); "
                "see that it runs and can be reached from here."
            ) from error
        except asyncpg.PostgresError as error:
            raise TaskFailed(f"The database of TIERCEL_KV_URL answered with an error: {error}.") from error
        return rows

    async def opened(self) -> asyncpg.Pool:
        """Open the pool, and create the tables where there are none."""
        pool = await asyncpg.create_pool(
            self.url, min_size=1, max_size=MOST_CONNECTIONS, statement_cache_size=0, timeout=10
        )
        try:
            async with pool.acquire() as connection, connection.transaction():
                if await lacking(connection):
                    await connection.execute("select pg_advisory_xact_lock($1)", SETUP_LOCK)
                    for step in await lacking(connection):  # what nobody else has made meanwhile
                        await connection.execute(step.text)
                        await connection.execute(
                            "insert into pipeline.migrations values ($1, $2)", step.version, step.name
                        )
        except BaseException:
            await pool.close()
            raise
        return pool


async def lacking(connection: asyncpg.pool.PoolConnectionProxy) -> list[Migration]:
    """List the steps that a database lacks, without what is about tokens where nobody has one."""
    done = set[int]()
    if await connection.fetchval(MIGRATED):
        done = {row["version"] for row in await connection.fetch(VERSIONS)}
    served = await connection.fetchval(SERVED)
    return [step for step in migrations() if step.version not in done and (served or not step.about_tokens)]
