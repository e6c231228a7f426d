"""Connections: what every database offers to the tasks of this family, and how their addresses are read."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from tiercel.errors import InvalidParameters, TaskFailed
from tiercel.paths import safe_join
from tiercel_sql.rows import Rows


class Connection(Protocol):
    """One connection. Its errors are sentences: `TaskFailed`, or `Retriable` where a retry may help."""

    def statements(self, sql: str) -> list[str]:
        """Split a text into its statements."""
        ...

    def execute(self, statement: str) -> Rows | None:
        """Run one statement, parameters bound; None where it answers no rows."""
        ...

    def interrupt(self) -> None:
        """Stop the statement that runs, from another thread."""
        ...

    def close(self) -> None:
        """Give the connection back."""
        ...


@contextmanager
def transaction(connection: Connection) -> Iterator[None]:
    """Make everything inside one transaction: kept as a whole, or not at all."""
    connection.execute("begin")
    try:
        yield
    except BaseException:
        connection.execute("rollback")
        raise
    connection.execute("commit")


def database_path(url: str, database: str, directory: Path) -> Path | None:
    """Read `jdbc:<database>:<path>`; None where it names a database in memory.

    A relative path lies in the task's directory. What follows `?` or `;` is for JDBC alone, and left out.
    """
    prefix = f"jdbc:{database}:"
    if not url.startswith(prefix):
        raise InvalidParameters(
            f"The url `{url}` is no address of a {database} database: write `{prefix}` for one in memory, "
            f"or `{prefix}/path/to/file`."
        )
    name = url.removeprefix(prefix).partition("?")[0].partition(";")[0].removeprefix("file:")
    if not name or name.startswith(":memory:"):
        return None
    path = Path(name) if name.startswith("/") else safe_join(directory, name)
    if not path.parent.is_dir():
        raise TaskFailed(
            f"The database {path} cannot be opened: its directory does not exist; correct `url`."
        )
    return path
