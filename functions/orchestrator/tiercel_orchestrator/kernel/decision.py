"""What the kernel decides: rows to write, and what it wants done."""

from dataclasses import dataclass, field
from datetime import datetime

from tiercel.plugin import LogLine
from tiercel_orchestrator.kernel.events import Event
from tiercel_orchestrator.kernel.rows import Execution, TaskRun


@dataclass(frozen=True, slots=True)
class RunLog:
    """A log line that the engine itself writes for a task run."""

    run_id: str
    line: LogLine


@dataclass(slots=True)
class Touched:
    """What an event may change of an execution: the run it names and all its ancestors, up to the root.

    A kill or a stop touches all live runs: `all_live` says that they are here.
    """

    execution: Execution
    runs: dict[str, TaskRun]
    all_live: bool = False


class WantsAllLive(Exception):
    """The event touches every live run: ask again with all of them loaded."""


@dataclass(slots=True)
class Decision:
    """Rows to insert in order, to write, to drop, log lines; and events that follow in the same commit.

    What is to be done next stands in the rows themselves (`work`, `request`, `due_at`): the row is the queue.
    """

    execution_changed: bool = False
    created: list[TaskRun] = field(default_factory=list)
    changed: dict[str, TaskRun] = field(default_factory=dict)
    dropped_children_of: list[str] = field(default_factory=list)
    logs: list[RunLog] = field(default_factory=list)
    follow_up: list[Event] = field(default_factory=list)
    kill_children: bool = False
    """Executions started by this one are to be killed too."""
    retry_at: datetime | None = None
    """When the same flow is to be started again: retry's CREATE_NEW_EXECUTION."""
    ignored: bool = False
    """The event came too late, or twice: nothing changed."""
