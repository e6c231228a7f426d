"""The way to Postgres, and in words why it is barred."""

from urllib.parse import urlsplit

import psycopg
from psycopg import errors

from tiercel.postgres import KEPT_ALIVE
from tiercel_orchestrator.store.port import StoreLost, StoreUnavailable

OLDEST = 15
CONNECT_SECONDS = 30

UNAVAILABLE = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    errors.ReadOnlySqlTransaction,
    errors.InsufficientPrivilege,
)

REMEDIES: tuple[tuple[tuple[type[psycopg.Error], ...], str], ...] = (
    ((errors.InsufficientPrivilege,), "grant the user what it needs, or name another user in --store"),
    ((errors.ReadOnlySqlTransaction,), "name the primary server in --store, not a replica of it"),
    (
        (errors.TooManyConnections, errors.DiskFull),
        "free connections or space there, or connect through a pooler",
    ),
)
AT_THE_DOOR = (
    ("password", "correct the user and password in --store or TIERCEL_STORE"),
    ("role", "correct the user and password in --store or TIERCEL_STORE"),
    ("permission denied", "grant the user what it needs, or name another user in --store"),
    ("database", "create the database, or name another in --store or TIERCEL_STORE"),
    ("too many", "free connections there, or connect through a pooler"),
)
"""Who is refused at the door learns it by a text alone: what it holds, and what helps."""
GOING = (errors.AdminShutdown, errors.CrashShutdown, errors.CannotConnectNow)
ELSE = "see that it runs, and that its address in --store or TIERCEL_STORE is right"


def connected(url: str) -> psycopg.Connection:
    """Connect, with nothing prepared on the connection; `StoreUnavailable` says why that cannot be."""
    user, at, _ = url.partition("://")[2].rpartition("@")
    try:
        if at and set(user) & set("/?#@"):
            raise psycopg.ProgrammingError("part of the password would be taken for the host")
        connection = psycopg.connect(
            url,
            autocommit=True,
            prepare_threshold=None,
            cursor_factory=psycopg.RawCursor,
            connect_timeout=CONNECT_SECONDS,
            **KEPT_ALIVE,
        )
    except psycopg.ProgrammingError as error:  # not what it says: it may show part of the password
        raise StoreUnavailable(
            "The address of the store cannot be read; write "
            "postgresql://user:password@host:5432/database, special characters of the password as %XX."
        ) from error
    found = connection.info.server_version // 10_000
    if found < OLDEST:
        connection.close()
        raise StoreUnavailable(
            f"The store at {place_of(url)} is Postgres {found}; "
            f"tiercel needs Postgres {OLDEST} or newer: upgrade it, or name another in --store."
        )
    return connection


def worded(url: str, error: psycopg.Error) -> StoreUnavailable:
    """Say why Postgres cannot be used, and what to do about it; never with the password."""
    reason = reason_of(error)
    remedy = next((remedy for kinds, remedy in REMEDIES if isinstance(error, kinds)), None)
    if remedy is None and error.sqlstate is None:
        remedy = next((remedy for sign, remedy in AT_THE_DOOR if "FATAL" in reason and sign in reason), None)
    # what has a state was said by a server that answers, unless it says that it goes or comes
    lost = remedy is None and (error.sqlstate is None or isinstance(error, GOING))
    kind = StoreLost if lost else StoreUnavailable
    return kind(f"The store at {place_of(url)} cannot be used ({reason}); {remedy or ELSE}.")


def reason_of(error: psycopg.Error) -> str:
    """Give what Postgres or its client says, in one line."""
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__


def place_of(url: str) -> str:
    """Give an address as people may read it: without its user, password and options."""
    try:
        place = urlsplit(url)
        host, port = place.hostname or "localhost", f":{place.port}" if place.port else ""
    except ValueError:
        return "the address given"
    return f"postgresql://{f'[{host}]' if ':' in host else host}{port}{place.path}"
