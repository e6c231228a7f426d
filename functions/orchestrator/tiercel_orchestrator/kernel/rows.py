"""The kernel's state: an execution and those of its task runs that an event touches.

Every scope is a task run: the execution's own top level is the root task run, which has no task. It and the
other rows that have a `role` are the engine's own and are not shown.
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from tiercel.clock import parse_timestamp, timestamp
from tiercel.flows.plans import Plan, Sequence
from tiercel_orchestrator.kernel import states

Phase = Literal["tasks", "errors", "finally", "after"]

Work = Literal["", "ready", "request", "timer", "paused", "children", "child", "leased", "queued", "held"]
"""What a task run waits for: a family ("ready"), the shell ("request"), a moment ("timer"), a resume
("paused"), its children, the execution it started ("child"), a slot of its flow's concurrency limit
("queued"), or somebody who lets the execution go on ("held"). It is "leased" while somebody works on it,
and "" once it has ended."""

Request = Literal[
    "runIf",
    "plan",
    "condition",
    "outputs",
    "child",
    "childOutputs",
    "openDirectory",
    "closeDirectory",
    "assertions",
    "merge",
    "iterationOutputs",
    "gather",
    "triggers",
]


Role = Literal["", "root", "batch", "monitor", "shard"]
"""What a row is for, where no task run stands behind it: the execution's own scope ("root"); one batch of a
ForEachItem or one iteration of a Loop ("batch"); what watches over the execution ("monitor"); what counts
some of the values of a wide each ("shard")."""


ITERATION = "\ue000"
"""What an element of a path begins with that is no each-value but the number of a Loop's iteration."""


@dataclass(slots=True)
class Frame:
    """How far a scope has come. `next`: the first child or value not started; `running`: those not ended."""

    plan: Plan = field(default_factory=Sequence)
    phase: Phase = "tasks"
    next: int = 0
    running: int = 0
    failed: bool = False
    """Whether a child of the present phase failed: then the phase starts no more."""
    worst: str = states.SUCCESS
    own: str = states.SUCCESS
    """What the scope itself has come to, beside its children: a loop at its maximum, a pause in vain."""
    started: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    iteration: int = 0
    opened: int = 0
    """How often the scope has been opened again: by a restart, or by a retry of its own."""
    tries: int = 0
    """How often the scope has been tried again after its errors had run."""
    tally: dict[str, int] = field(default_factory=dict)
    """Of a ForEachItem or Loop: how many of its executions or iterations have ended in which state."""
    held: bool = False
    """Of the root: somebody paused the execution, and nothing new starts."""
    seconds: float | None = None
    """How long the scope may take, with all that runs inside of it."""
    left: int = 0
    """Of the root: how many runs an Exit has left to end by themselves, after which the execution ends."""


@dataclass(slots=True)
class Attempt:
    """One try of a task run. `history`: pairs of state and moment; `log_file`: URI of a log of its own."""

    state: str
    history: list[tuple[str, str]]
    log_file: str | None = None


@dataclass(slots=True)
class TaskRun:
    """One run of a task, or a row of the engine's own (`role`); the root and monitors have no `task_id`.

    `path`: the each-values of all ancestors, outermost first, then its own. `attempt` counts tries from 1;
    `lease` counts how often somebody took it to work on, and fences results: another number is late.
    """

    id: str
    execution_id: str
    task_id: str | None
    parent_id: str | None
    role: Role = ""
    value: str | None = None
    iteration: int | None = None
    path: tuple[str, ...] = ()
    state: str = states.CREATED
    history: list[tuple[str, str]] = field(default_factory=list)
    attempts: list[Attempt] = field(default_factory=list)
    attempt: int = 1
    lease: int = 0
    outputs: dict[str, Any] | None = None
    work: Work = ""
    request: Request | None = None
    due_at: datetime | None = None
    frame: Frame | None = None

    def enter(self, state: str, at: datetime) -> None:
        """Take on a state, and note when."""
        self.state = state
        self.history.append((state, timestamp(at)))

    def begin(self, at: datetime) -> bool:
        """Put the run into RUNNING with an open attempt; answer whether that changed anything."""
        if self.state == states.RUNNING and len(self.attempts) == self.attempt:
            return False
        if self.state != states.RUNNING:
            self.enter(states.RUNNING, at)
        if len(self.attempts) < self.attempt:
            self.begin_attempt(at)
        return True

    def begin_attempt(self, at: datetime) -> None:
        """Open the attempt that the number `attempt` names."""
        now = timestamp(at)
        self.attempts.append(Attempt(states.RUNNING, [(states.CREATED, now), (states.RUNNING, now)]))

    def end_attempt(self, state: str, at: datetime) -> None:
        """Close the open attempt, if there is one."""
        if self.attempts and self.attempts[-1].state not in states.ENDED:
            self.attempts[-1].state = state
            self.attempts[-1].history.append((state, timestamp(at)))

    @property
    def is_root(self) -> bool:
        """Whether this is the execution's own scope."""
        return self.role == "root"

    @property
    def shown(self) -> bool:
        """Whether people see this run."""
        return not self.role

    @property
    def heralds(self) -> bool:
        """Whether this row tells other flows' triggers of a state; it outlives the end of all else."""
        return self.role == "monitor" and self.request == "triggers"

    @property
    def ended(self) -> bool:
        """Whether this run has reached its last state."""
        return self.state in states.ENDED

    @property
    def created_at(self) -> datetime:
        """When this run was laid down."""
        return parse_timestamp(self.history[0][1])


def as_shown(run: TaskRun, above: TaskRun | None) -> TaskRun:
    """Give a run as people see it, `above` being its parent: right below the each that a shard counts for."""
    return replace(run, parent_id=above.parent_id) if above is not None and above.role == "shard" else run


@dataclass(slots=True)
class Execution:
    """One execution of a flow. `root_id`: the one that started it all, itself if started directly."""

    id: str
    namespace: str
    flow_id: str
    revision: int
    root_id: str
    state: str = states.CREATED
    history: list[tuple[str, str]] = field(default_factory=list)
    inputs: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    variables: dict[str, Any] = field(default_factory=dict)
    outputs: dict[str, Any] | None = None
    trigger: dict[str, Any] | None = None
    parent_run_id: str | None = None
    parent_id: str | None = None
    """The execution that this one was replayed from."""
    original_id: str | None = None
    original_created_at: str | None = None
    """When the first of the executions that a retry started anew was created; None for that one itself."""
    attempt_number: int = 1
    stillborn: str | None = None
    """Why it fails as soon as it is created; told to the kernel with its start, and not kept."""
    starts_at: datetime | None = None
    """When it is to begin, if not at once; its root waits until then."""

    @property
    def created_at(self) -> str:
        """When the first attempt at this execution was created."""
        return self.original_created_at or self.history[0][1]

    def enter(self, state: str, at: datetime) -> None:
        """Take on a state, and note when; a state it is in already is not noted again."""
        if state != self.state or not self.history:
            self.state = state
            self.history.append((state, timestamp(at)))
