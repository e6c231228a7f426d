"""The way to Postgres, and in words why it is barred."""

from typing import TypeAlias
from urllib.parse import urlsplit

import asyncpg

from tiercel_orchestrator.store.port import StoreUnavailable

OLDEST = 15
CONNECT_SECONDS = 30.0

Connection: TypeAlias = asyncpg.Connection

UNAVAILABLE = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.InsufficientResourcesError,
    asyncpg.OperatorInterventionError,
    asyncpg.ReadOnlySQLTransactionError,
    asyncpg.InvalidAuthorizationSpecificationError,
    asyncpg.InvalidCatalogNameError,
    asyncpg.InsufficientPrivilegeError,
    OSError,
    TimeoutError,
)

REMEDIES: tuple[tuple[tuple[type[BaseException], ...], str], ...] = (
    (
        (asyncpg.InvalidAuthorizationSpecificationError,),
        "correct the user and password in --store or TIERCEL_STORE",
    ),
    ((asyncpg.InvalidCatalogNameError,), "create the database, or name another in --store or TIERCEL_STORE"),
    ((asyncpg.InsufficientPrivilegeError,), "grant the user what it needs, or name another user in --store"),
    ((asyncpg.ReadOnlySQLTransactionError,), "name the primary server in --store, not a replica of it"),
    ((asyncpg.InsufficientResourcesError,), "free connections or space there, or connect through a pooler"),
)
ELSE = "see that it runs, and that its address in --store or TIERCEL_STORE is right"


async def connected(url: str) -> Connection:
    """Connect, with nothing prepared on the connection; `StoreUnavailable` says why that cannot be."""
    try:
        connection = await asyncpg.connect(url, statement_cache_size=0, timeout=CONNECT_SECONDS)
    except ValueError as error:
        # not what it says: a part of the password may have been taken for the port
        raise StoreUnavailable(
            "The address of the store cannot be read; write "
            "postgresql://user:password@host:5432/database, special characters of the password as %XX."
        ) from error
    found = connection.get_server_version()
    if found.major < OLDEST:
        await connection.close()
        raise StoreUnavailable(
            f"The store at {place_of(url)} is Postgres {found.major}; "
            f"tiercel needs Postgres {OLDEST} or newer: upgrade it, or name another in --store."
        )
    return connection


def worded(url: str, error: BaseException) -> StoreUnavailable:
    """Say why Postgres cannot be used, and what to do about it; never with the password."""
    remedy = next((remedy for kinds, remedy in REMEDIES if isinstance(error, kinds)), ELSE)
    reason = str(error).partition("\n")[0].rstrip(".") or type(error).__name__
    return StoreUnavailable(f"The store at {place_of(url)} cannot be used ({reason}); {remedy}.")


def place_of(url: str) -> str:
    """Give an address as people may read it: without its user, password and options."""
    try:
        place = urlsplit(url)
        host, port = place.hostname or "localhost", f":{place.port}" if place.port else ""
    except ValueError:
        return "the address given"
    return f"postgresql://{f'[{host}]' if ':' in host else host}{port}{place.path}"
