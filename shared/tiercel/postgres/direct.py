"""The functions over connections of our own (psycopg), for an orchestrator, which the database trusts."""

import select
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeAlias

import psycopg
from psycopg import errors
from psycopg.rows import DictRow, dict_row
from psycopg.types.string import TextLoader

from tiercel.errors import Retriable, TaskFailed, TiercelError
from tiercel.postgres import KEPT_ALIVE, Migration, Row, migrations

Connection: TypeAlias = psycopg.Connection[DictRow]

MOST_CONNECTIONS = 4
CONNECT_SECONDS = 10
SETUP_LOCK = 7_226_014_331
"""Under which lock the tables are created: two processes that do so at once disturb each other."""
MIGRATED = (
    "select exists (select from pg_tables where schemaname = 'pipeline' and tablename = 'migrations') as made"
)
"""No to_regclass: within a transaction it may not notice what another has made since."""
SERVED = "select exists (select from pg_roles where rolname = 'authenticator') as served"
"""Whether PostgREST serves this server's databases, so that tokens have to have their rules."""
DENIED = (
    errors.InvalidAuthorizationSpecification,
    errors.InvalidCatalogName,
    errors.InsufficientPrivilege,
)
AT_THE_DOOR = ("password", "role", "does not exist", "permission denied", "no pg_hba.conf entry")
"""Who is refused by the server before there is a connection learns it by a text alone, behind "FATAL"."""
BUSY = (psycopg.OperationalError, psycopg.InterfaceError)


class DirectFunctions:
    """A few connections, opened when needed; nothing is prepared, so a pooler may stand in between."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.lock = threading.Lock()
        self.free = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self.idle: list[Connection] = []
        self.ready = False

    def call(self, name: str, columns: str = "*", /, **arguments: Any) -> list[Row]:
        """Call a function and give the columns of its rows."""
        named = ", ".join(f"p_{key} => ${place}" for place, key in enumerate(arguments, start=1))
        return self.fetch(f"select {columns} from public.{name}({named})", [*arguments.values()])

    def listed(self, name: str, columns: str = "*", /, **arguments: Any) -> list[Row]:
        """Do so with a function that may give many rows: a connection of our own gives all of them."""
        return self.call(name, columns, **arguments)

    def under(self, token: str | None) -> "DirectFunctions":
        """Give this database: who has its address needs no token."""
        return self

    def close(self) -> None:
        """Let go of the connections; the next call opens them again."""
        with self.lock:
            idle, self.idle, self.ready = self.idle, [], False
        for connection in idle:
            connection.close()

    def fetch(self, query: str, values: Sequence[Any]) -> list[Row]:
        """Run a query and give its rows."""
        with self.worded(), self.free, self.connection() as connection:
            return [*connection.execute(query.encode(), values).fetchall()]

    @contextmanager
    def connection(self) -> Iterator[Connection]:
        """Give a connection, which is kept for the next call unless it was lost."""
        connection = self.kept() or self.opened()
        try:
            yield connection
        finally:
            with self.lock:
                if self.ready and not connection.closed:
                    self.idle.append(connection)
                else:
                    connection.close()

    def kept(self) -> Connection | None:
        """Give a connection that was opened before; one that can be read now was closed by the server."""
        while True:
            with self.lock:
                connection = self.idle.pop() if self.idle else None
            if connection is None or not readable(connection):
                return connection
            connection.close()

    def opened(self) -> Connection:
        """Open a connection; the first creates the tables where there are none."""
        connection = psycopg.connect(
            self.url,
            autocommit=True,
            prepare_threshold=None,
            cursor_factory=psycopg.RawCursor,
            row_factory=dict_row,
            connect_timeout=CONNECT_SECONDS,
            **KEPT_ALIVE,
        )
        for kind in ("json", "jsonb"):
            connection.adapters.register_loader(kind, TextLoader)  # as over PostgREST, whoever asks reads it
        try:
            with self.lock:
                self.ready = self.ready or migrated(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    @contextmanager
    def worded(self) -> Iterator[None]:
        """Say what to do about an error."""
        try:
            yield
        except psycopg.DataError as error:
            raise TaskFailed(f"The value cannot be kept in Postgres: {reason_of(error)}.") from error
        except psycopg.Error as error:
            reason = reason_of(error)
            said = reason.partition("FATAL")[2]
            refused = isinstance(error, psycopg.ProgrammingError) or any(sign in said for sign in AT_THE_DOOR)
            if isinstance(error, DENIED) or (error.sqlstate is None and refused):
                raise TiercelError(
                    f"The database of TIERCEL_KV_URL cannot be used ({reason}); "
                    "see that its address, user, password and rights are right."
                ) from error
            if isinstance(error, BUSY):
                raise Retriable(
                    f"The database of TIERCEL_KV_URL did not answer ({reason}); "
                    "see that it runs and can be reached from here."
                ) from error
            raise TaskFailed(f"The database of TIERCEL_KV_URL answered with an error: {reason}.") from error


def readable(connection: Connection) -> bool:
    """Say whether there is something to read, at once."""
    waiting = select.poll()
    waiting.register(connection, select.POLLIN)
    return bool(waiting.poll(0))


def reason_of(error: psycopg.Error) -> str:
    """Give what Postgres or its client says, in one line."""
    return str(error).partition("\n")[0].rstrip(".") or type(error).__name__


def migrated(connection: Connection) -> bool:
    """Create what the database lacks, and say that it lacks nothing."""
    with connection.transaction():
        if lacking(connection):
            connection.execute("select pg_advisory_xact_lock($1)", [SETUP_LOCK])
            for step in lacking(connection):  # what nobody else has made meanwhile
                connection.execute(step.text.encode())
                connection.execute(
                    "insert into pipeline.migrations values ($1, $2)", [step.version, step.name]
                )
    return True


def lacking(connection: Connection) -> list[Migration]:
    """List the steps that a database lacks, without what is about tokens where nobody has one."""
    done = set[int]()
    if asked(connection, MIGRATED):
        done = {row["version"] for row in connection.execute("select version from pipeline.migrations")}
    served = asked(connection, SERVED)
    return [step for step in migrations() if step.version not in done and (served or not step.about_tokens)]


def asked(connection: Connection, question: str) -> bool:
    """Give the answer to a question."""
    row = connection.execute(question.encode()).fetchone()
    return row is not None and any(row.values())
