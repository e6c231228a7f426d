"""Plans: what a flow-control task decides, as plain data that the kernel carries out."""

from dataclasses import dataclass, field
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Sequence:
    """Run one block of the task's children, one after another. `block` names it: tasks, then, else, cases.X.

    `forgive`: a failure among them is a warning of the whole. `directory`: they share a working directory.
    """

    block: str = "tasks"
    forgive: bool = False
    directory: bool = False


@dataclass(frozen=True, slots=True)
class Parallel:
    """Run a block's children side by side; `limit` 0 means all at once."""

    block: str = "tasks"
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Graph:
    """Run each child once all that it depends on have ended; `depends_on`: child id -> ids."""

    depends_on: dict[str, tuple[str, ...]] = field(default_factory=dict)
    block: str = "tasks"
    limit: int = 0


@dataclass(frozen=True, slots=True)
class Each:
    """Run the block once per value, in order of its children; `limit` values at a time, 0 means all.

    `values`: as text, the way `taskrun.value` shows them. `parallel_children`: the children of one value
    start together.
    """

    values: tuple[str, ...] = ()
    limit: int = 1
    block: str = "tasks"
    parallel_children: bool = False


@dataclass(frozen=True, slots=True)
class Slice:
    """Run some values of the Each above: that at `first`, and every `step`th from there on."""

    first: int
    step: int
    block: str = "tasks"
    parallel_children: bool = False

    def iteration(self, place: int) -> int:
        """Say which of the values comes at a place of the slice."""
        return self.first + place * self.step


@dataclass(frozen=True, slots=True)
class Loop:
    """Run the block, then test the condition; again after a while, until it holds or a maximum is reached."""

    condition: str
    max_iterations: int | None = None
    max_seconds: float | None = None
    interval_seconds: float = 0.0
    fail_on_max: bool = False
    block: str = "tasks"


@dataclass(frozen=True, slots=True)
class Iterations:
    """Run the tasks once per value, each time in a world of its own; `limit` values at a time, 0 means all.

    `values`: as text, the way `item.value` shows them. `keys`: theirs, where they come from a map. `fetch`:
    how the outputs of the iterations are kept: FETCH, STORE, or AUTO by their size.
    """

    values: tuple[str, ...] = ()
    keys: tuple[str, ...] | None = None
    limit: int = 1
    transmit_failed: bool = True
    fetch: str = "AUTO"


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait for a resume, or for `seconds` to pass; then run the block, if it has children.

    `behavior`: what the end of `seconds` means: RESUME, WARN, FAIL or CANCEL.
    """

    seconds: float | None = None
    behavior: str = "RESUME"
    block: str = "tasks"


@dataclass(frozen=True, slots=True)
class Subflow:
    """Start an execution of another flow, and wait for it if asked.

    `outputs`: the old way to take outputs, templates for the child's variables; None where the task has none.
    `schedule_date`: ISO 8601; None means at once.
    """

    namespace: str
    flow_id: str
    revision: int | None = None
    inputs: dict[str, Any] = field(default_factory=dict)
    labels: dict[str, str] = field(default_factory=dict)
    inherit_labels: bool = False
    wait: bool = True
    transmit_failed: bool = True
    outputs: dict[str, Any] | None = None
    schedule_date: str | None = None
    restart_child: bool = True
    """Whether a restart goes on with the failed child, or starts another."""


@dataclass(frozen=True, slots=True)
class Batches:
    """Start the flow once for each of `items`, the URIs of batches; `subflow.inputs` are templates."""

    items: tuple[str, ...]
    subflow: Subflow


@dataclass(frozen=True, slots=True)
class Merge:
    """Bring together the outputs of the executions that the task `of` beside this one has started."""

    of: str


@dataclass(frozen=True, slots=True)
class Delegate:
    """Run another task in place of this one, whose outcome is then its own. `params`: as written."""

    type: str
    params: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Stop:
    """End the execution in `state`: what Exit asks for."""

    state: str


@dataclass(frozen=True, slots=True)
class Update:
    """Change the execution itself: its labels or variables; None leaves a thing as it is."""

    labels: dict[str, str] | None = None
    variables: dict[str, Any] | None = None


Plan: TypeAlias = (
    Sequence
    | Parallel
    | Graph
    | Each
    | Slice
    | Iterations
    | Loop
    | Pause
    | Subflow
    | Batches
    | Merge
    | Delegate
    | Stop
    | Update
)
