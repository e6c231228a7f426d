"""Postgres, from whatever version its tables are of to that of this code."""

import asyncio
from collections.abc import Collection, Sequence

import asyncpg

from tiercel_orchestrator.store.connecting import UNAVAILABLE, Connection, connected, place_of, worded
from tiercel_orchestrator.store.migrations import Migration, migrations, missing
from tiercel_orchestrator.store.port import StoreUnavailable

LOCK = 8_415_223_907
"""Under which lock tables are changed: two processes that do so at once disturb each other."""
TABLES = "select relname from pg_class where relnamespace = to_regnamespace('tiercel') and relkind = 'r'"


async def prepare(connection: Connection, url: str) -> None:
    """Make the tables where there are none; `StoreUnavailable` says that they are of another version."""
    if not await _missing(connection, url):
        return
    async with connection.transaction():  # one for all: who comes meanwhile sees all of the tables or none
        await _lock(connection)
        lacking = await _missing(connection, url)
        if lacking and len(lacking) < len(migrations("postgres")):
            raise StoreUnavailable(
                f"The store at {place_of(url)} is of an older tiercel: it lacks {lacking[0].title}; run "
                "`tiercel db migrate`, with the same --store, when no older tiercel works on it any more."
            )
        for step in lacking:
            await _apply(connection, step)


def migrate(url: str) -> list[Migration]:
    """Apply what is missing, each step in a transaction of its own; give what has been applied."""
    try:
        return asyncio.run(_migrate(url))
    except (*UNAVAILABLE, asyncpg.PostgresError) as error:
        raise worded(url, error) from error


async def _migrate(url: str) -> list[Migration]:
    connection = await connected(url)
    try:
        done: list[Migration] = []
        while step := await _next(connection, url):
            done.append(step)
        return done
    finally:
        await connection.close()


async def _next(connection: Connection, url: str) -> Migration | None:
    """Apply the first step that is missing, unless another process is quicker."""
    async with connection.transaction():
        await _lock(connection)
        lacking = await _missing(connection, url)
        if not lacking:
            return None
        await _apply(connection, lacking[0])
        return lacking[0]


async def _lock(connection: Connection) -> None:
    await connection.execute("select pg_advisory_xact_lock($1)", LOCK)


async def _missing(connection: Connection, url: str) -> Sequence[Migration]:
    return missing("postgres", await _applied(connection, url), place_of(url))


async def _applied(connection: Connection, url: str) -> Collection[int]:
    tables = [row[0] for row in await connection.fetch(TABLES)]
    if not tables:
        return ()
    if "migrations" not in tables:
        raise StoreUnavailable(
            f"The schema tiercel at {place_of(url)} has tables that no migration made; rename it, "
            "or name another database."
        )
    return [row[0] for row in await connection.fetch("select version from tiercel.migrations")]


async def _apply(connection: Connection, step: Migration) -> None:
    await connection.execute(step.text)
    await connection.execute(
        "insert into tiercel.migrations (version, name) values ($1, $2)", step.version, step.name
    )
