"""Events: what has happened outside the kernel.

An answer carries the number of the lease that it was worked out under: a later lease makes it late.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Started:
    """The execution was created; `run_id` is its root. `stillborn`: why it is to fail at once."""

    run_id: str
    stillborn: str | None = None


@dataclass(frozen=True, slots=True)
class Ended:
    """A family answered for an attempt. `state`: SUCCESS, WARNING, FAILED, SKIPPED or KILLED."""

    run_id: str
    lease: int
    state: str
    outputs: dict[str, Any] = field(default_factory=dict)
    retry_after: float | None = None
    """Seconds before which a retry is pointless."""
    log_file: str | None = None
    """URI of the attempt's log, where the task wants it in a file."""


@dataclass(frozen=True, slots=True)
class Snoozed:
    """The task asked to be run again at `until`; it costs no attempt."""

    run_id: str
    lease: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """The shell did what it was asked for. `values`: rendered templates by name; `error`: why it failed.

    `warnings`: what went wrong and could be done without.
    """

    run_id: str
    lease: int
    values: dict[str, Any] = field(default_factory=dict)
    error: str | None = None
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Due:
    """The moment has come that a task run waited for."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Resumed:
    """Somebody resumed a pause. `inputs`: the typed values of its `onResume`."""

    run_id: str
    inputs: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChildEnded:
    """The execution that a task run started has ended.

    `original_id`: the one that was started first, where a retry has put another in its place.
    """

    run_id: str
    original_id: str
    execution_id: str
    state: str
    outputs: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class KillRequested:
    """Somebody wants the execution to end now; `run_id` is its root."""

    run_id: str


@dataclass(frozen=True, slots=True)
class SlotFreed:
    """An execution of the flow gave back its slot of the limit; `run_id` is the root of a queued one."""

    run_id: str


@dataclass(frozen=True, slots=True)
class ReleaseRequested:
    """Somebody wants a queued execution to leave the queue.

    `state`: RUNNING starts it whatever the limit says; CANCELLED or FAILED ends it.
    """

    run_id: str
    state: str = "RUNNING"


@dataclass(frozen=True, slots=True)
class PauseRequested:
    """Somebody wants a running execution to stand still: what runs ends, and nothing more starts."""

    run_id: str


@dataclass(frozen=True, slots=True)
class GoOnRequested:
    """Somebody wants an execution that stands still to go on."""

    run_id: str


@dataclass(frozen=True, slots=True)
class RestartRequested:
    """Somebody wants what has failed in an ended execution to be run again; `run_id` is its root."""

    run_id: str


@dataclass(frozen=True, slots=True)
class MarkRequested:
    """Somebody puts a task run of an ended execution into a state; the execution goes on from there."""

    run_id: str
    target_id: str
    state: str


@dataclass(frozen=True, slots=True)
class StateRequested:
    """Somebody says in which state an ended execution is to be."""

    run_id: str
    state: str


@dataclass(frozen=True, slots=True)
class LabelsRequested:
    """Somebody sets labels of an execution."""

    run_id: str
    labels: dict[str, str]


Operation: TypeAlias = (
    ReleaseRequested
    | PauseRequested
    | GoOnRequested
    | RestartRequested
    | MarkRequested
    | StateRequested
    | LabelsRequested
)
"""What somebody asks of an execution, and may be refused; `run_id` is its root."""

Event: TypeAlias = (
    Started | Ended | Snoozed | Answered | Due | Resumed | ChildEnded | KillRequested | SlotFreed | Operation
)
