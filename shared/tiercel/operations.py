"""What tasks may have the orchestrator do with executions and triggers: it alone knows them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, Protocol


class ExecutionQuery(NamedTuple):
    """Which executions are meant; None leaves a thing open. `below`: namespaces under `namespace` count too.

    `start` and `end`: those that began from one moment up to, and without, another.
    """

    namespace: str | None = None
    flow_id: str | None = None
    states: tuple[str, ...] | None = None
    start: datetime | None = None
    end: datetime | None = None
    below: bool = False


class LogQuery(NamedTuple):
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


class FoundExecution(NamedTuple):
    """One execution, as far as a task may ask."""

    id: str
    namespace: str
    flow_id: str
    state: str
    started_at: datetime


class FoundLog(NamedTuple):
    """One log line with the execution that it belongs to; `position` orders all lines of a store."""

    namespace: str
    flow_id: str
    execution_id: str
    position: int
    task_run_id: str | None
    task_id: str | None
    attempt: int
    timestamp: str
    level: str
    message: str

    def view(self) -> dict[str, Any]:
        """Show it as Kestra's REST API does, absent values left out."""
        view = {
            "namespace": self.namespace,
            "flowId": self.flow_id,
            "taskId": self.task_id,
            "executionId": self.execution_id,
            "taskRunId": self.task_run_id,
            "attemptNumber": self.attempt - 1 if self.task_run_id else None,
            "timestamp": self.timestamp,
            "level": self.level,
            "message": self.message,
        }
        return {name: value for name, value in view.items() if value is not None}


class Purge(NamedTuple):
    """What of an execution is to go: itself with its task runs, its log, its metrics, its files."""

    executions: bool = True
    logs: bool = True
    metrics: bool = True
    files: bool = True


@dataclass(slots=True)
class Purged:
    """How much went."""

    executions: int = 0
    logs: int = 0
    metrics: int = 0
    files: int = 0


class TriggerName(NamedTuple):
    """A trigger of a flow."""

    namespace: str
    flow_id: str
    id: str


class Operations(Protocol):
    """The orchestrator as a task sees it. All calls block."""

    def find(self, wanted: ExecutionQuery) -> Iterator[FoundExecution]:
        """Give executions, the oldest first."""
        ...

    def purge(self, execution_ids: Sequence[str], wanted: Purge) -> Purged:
        """Remove executions that have ended, or what belongs to them; others are left as they are."""
        ...

    def resume(self, execution_id: str, inputs: dict[str, Any]) -> None:
        """Go on with an execution that is paused; `InvalidFlow` says why it cannot."""
        ...

    def logs(self, wanted: LogQuery) -> Iterator[dict[str, Any]]:
        """Give log lines, the oldest first, as the REST API shows them."""
        ...

    def purge_logs(self, wanted: LogQuery) -> int:
        """Delete log lines and say how many there were."""
        ...

    def switch_trigger(self, trigger: TriggerName, enabled: bool) -> None:
        """Switch a trigger on or off; `InvalidFlow` says that there is no such trigger."""
        ...
