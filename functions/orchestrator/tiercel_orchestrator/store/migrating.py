"""Postgres, from whatever version its tables are of to that of this code."""

from collections.abc import Collection, Sequence
from contextlib import closing

import psycopg

from tiercel_orchestrator.store.connecting import connected, place_of, worded
from tiercel_orchestrator.store.migrations import Migration, migrations, missing
from tiercel_orchestrator.store.port import StoreUnavailable

LOCK = 8_415_223_907
"""Under which lock tables are changed: two processes that do so at once disturb each other."""
TABLES = "select relname from pg_class where relnamespace = to_regnamespace('tiercel') and relkind = 'r'"


def prepare(connection: psycopg.Connection, url: str) -> None:
    """Make the tables where there are none; `StoreUnavailable` says that they are of another version."""
    if not _missing(connection, url):
        return
    with connection.transaction():  # one for all: who comes meanwhile sees all of the tables or none
        _lock(connection)
        lacking = _missing(connection, url)
        if lacking and len(lacking) < len(migrations("postgres")):
            raise StoreUnavailable(
                f"The store at {place_of(url)} is of an older tiercel: it lacks {lacking[0].title}; run "
                "`tiercel db migrate`, with the same --store, when no older tiercel works on it any more."
            )
        for step in lacking:
            _apply(connection, step)


def migrate(url: str) -> list[Migration]:
    """Apply what is missing, each step in a transaction of its own; give what has been applied."""
    try:
        with closing(connected(url)) as connection:
            done: list[Migration] = []
            while step := _next(connection, url):
                done.append(step)
            return done
    except psycopg.Error as error:
        raise worded(url, error) from error


def _next(connection: psycopg.Connection, url: str) -> Migration | None:
    """Apply the first step that is missing, unless another process is quicker."""
    with connection.transaction():
        _lock(connection)
        lacking = _missing(connection, url)
        if not lacking:
            return None
        _apply(connection, lacking[0])
        return lacking[0]


def _lock(connection: psycopg.Connection) -> None:
    connection.execute("select pg_advisory_xact_lock($1)", [LOCK])


def _missing(connection: psycopg.Connection, url: str) -> Sequence[Migration]:
    return missing("postgres", _applied(connection, url), place_of(url))


def _applied(connection: psycopg.Connection, url: str) -> Collection[int]:
    tables = [row[0] for row in connection.execute(TABLES)]
    if not tables:
        return ()
    if "migrations" not in tables:
        raise StoreUnavailable(
            f"The schema tiercel at {place_of(url)} has tables that no migration made; rename it, "
            "or name another database."
        )
    return [row[0] for row in connection.execute("select version from tiercel.migrations")]


def _apply(connection: psycopg.Connection, step: Migration) -> None:
    connection.execute(step.text.encode())
    connection.execute(
        "insert into tiercel.migrations (version, name) values ($1, $2)", [step.version, step.name]
    )
