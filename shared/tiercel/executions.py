"""What tasks may ask the orchestrator about executions: it alone knows them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from tiercel.errors import TaskFailed


@dataclass(frozen=True, slots=True)
class LogQuery:
    """Which log lines are meant; None leaves a thing open. `below`: namespaces under `namespace` count too.

    `start` and `end`: the lines from one moment up to, and without, another.
    """

    namespace: str | None = None
    flow_id: str | None = None
    execution_id: str | None = None
    task_ids: tuple[str, ...] | None = None
    levels: tuple[str, ...] | None = None
    start: datetime | None = None
    end: datetime | None = None
    below: bool = False


class Executions(Protocol):
    """The orchestrator as a task sees it. All calls block."""

    def logs(self, wanted: LogQuery) -> Iterator[dict[str, Any]]:
        """Give log lines, the oldest first, as the REST API shows them."""
        ...

    def purge_logs(self, wanted: LogQuery) -> int:
        """Delete log lines and say how many there were."""
        ...


class NoExecutions:
    """Refuse: this process has no way to the orchestrator."""

    def logs(self, wanted: LogQuery) -> Iterator[dict[str, Any]]:
        """Refuse to give log lines."""
        raise self._refused()

    def purge_logs(self, wanted: LogQuery) -> int:
        """Refuse to delete log lines."""
        raise self._refused()

    def _refused(self) -> TaskFailed:
        return TaskFailed(
            "This task asks the orchestrator about executions, which it can only in the same process; "
            "leave its family out of TIERCEL_FAMILY_URLS."
        )
