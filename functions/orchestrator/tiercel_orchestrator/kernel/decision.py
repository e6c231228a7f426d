"""What the kernel decides: rows to write, and what it wants done."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, TypeAlias

from tiercel.plugin import LogLine
from tiercel_orchestrator.kernel.events import Event
from tiercel_orchestrator.kernel.rows import Execution, TaskRun


@dataclass(frozen=True, slots=True)
class RunLog:
    """A log line that the engine itself writes for a task run."""

    run_id: str
    line: LogLine


Extent: TypeAlias = Literal["lineage", "live", "all"]
"""How much of an execution an event touches: the run it names and all its ancestors, up to the root; besides,
every run that has not ended; or every run there is."""


@dataclass(slots=True)
class Touched:
    """What an event may change of an execution."""

    execution: Execution
    runs: dict[str, TaskRun]
    extent: Extent = "lineage"
    others_running: int | None = None
    """How many other executions of the flow hold a slot of its concurrency limit; None where nobody asked."""


class Wants(Exception):
    """The event touches more than was loaded: ask again with all of it.

    `slots`: the number of executions that hold a slot is wanted, too.
    """

    def __init__(self, extent: Extent = "lineage", *, slots: bool = False) -> None:
        super().__init__(extent)
        self.extent = extent
        self.slots = slots


@dataclass(slots=True)
class Decision:
    """Rows to insert in order, to write, to drop, log lines; and events that follow in the same commit.

    What is to be done next stands in the rows themselves (`work`, `request`, `due_at`): the row is the queue.
    """

    execution_changed: bool = False
    created: list[TaskRun] = field(default_factory=list)
    changed: dict[str, TaskRun] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)
    """Runs to delete, whether they exist or not."""
    dropped_children_of: list[str] = field(default_factory=list)
    """Runs whose children are to be deleted, and theirs."""
    logs: list[RunLog] = field(default_factory=list)
    follow_up: list[Event] = field(default_factory=list)
    kill_children: bool = False
    """Executions started by this one are to be killed too."""
    retry_at: datetime | None = None
    """When the same flow is to be started again: retry's CREATE_NEW_EXECUTION."""
    frees_slot: bool = False
    """The execution held a slot of its flow's concurrency limit and gives it back."""
    ignored: bool = False
    """The event came too late, or twice: nothing changed."""
    refused: str | None = None
    """Why what somebody asked for cannot be done: nothing changed."""
