"""SQL functions in Postgres, called over a connection of our own or over PostgREST, and what they give.

The functions are those of `migrations/`; over both ways a store is the same.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tiercel.errors import TaskFailed

Row = Mapping[str, Any]
KEPT_ALIVE: Mapping[str, Any] = {
    "keepalives_idle": 30,
    "keepalives_interval": 10,
    "keepalives_count": 3,
    "tcp_user_timeout": 60_000,
}
"""What a connection is told, so that one whose way is gone without a word ends within a minute."""
MIGRATIONS = Path(__file__).parent / "migrations"


class Functions(Protocol):
    """A database with our functions."""

    def call(self, name: str, columns: str = "*", /, **arguments: Any) -> Sequence[Row]:
        """Call a function and give the columns of its rows; argument `now` is its parameter `p_now`."""
        ...

    def listed(self, name: str, columns: str = "*", /, **arguments: Any) -> Sequence[Row]:
        """Do so with a function that changes nothing and may give many rows; give all of them."""
        ...

    def under(self, token: str | None) -> "Functions":
        """Give the same database as a task run sees it, which this token was minted for."""
        ...

    def close(self) -> None:
        """Let go of connections; the next call opens them again."""
        ...


class Refused(TaskFailed):
    """The database does not let this task run do that."""

    def __init__(self, reason: str) -> None:
        super().__init__(
            f"The task run may not do that here ({reason.rstrip('.')}): it reads keys and secrets of its "
            "namespace and of those above, writes keys of its namespace and states of its flow, and looks "
            "after executions of its namespace and of those below."
        )


class Migration(NamedTuple):
    """A step that takes the tables from one version to the next; its file is named `NNNN_name.sql`."""

    version: int
    name: str
    text: str

    @property
    def about_tokens(self) -> bool:
        """Say whether it is of use only where PostgREST serves the database."""
        return self.name in ("task_tokens", "live_task_runs", "service_tokens", "looking_after")


@cache
def migrations() -> tuple[Migration, ...]:
    """Read the steps in their order."""
    found = []
    for path in sorted(MIGRATIONS.glob("*.sql")):
        version, _, name = path.stem.partition("_")
        found.append(Migration(int(version), name, path.read_text(encoding="utf-8")))
    return tuple(found)


def moment(value: datetime | str) -> datetime:
    """Read a column that holds a moment: PostgREST sends text."""
    return datetime.fromisoformat(value) if isinstance(value, str) else value
