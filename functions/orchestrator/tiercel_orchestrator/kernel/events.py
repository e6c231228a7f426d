"""Events: what has happened outside the kernel.

An answer carries the number of the lease that it was worked out under: a later lease makes it late.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias


@dataclass(frozen=True, slots=True)
class Started:
    """The execution was created; `run_id` is its root."""

    run_id: str


@dataclass(frozen=True, slots=True)
class Ended:
    """A family answered for an attempt. `state`: SUCCESS, WARNING, FAILED, SKIPPED or KILLED."""

    run_id: str
    lease: int
    state: str
    outputs: dict[str, Any] = field(default_factory=dict)
    retry_after: float | None = None
    """Seconds before which a retry is pointless."""


@dataclass(frozen=True, slots=True)
class Snoozed:
    """The task asked to be run again at `until`; it costs no attempt."""

    run_id: str
    lease: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Answered:
    """The shell did what it was asked for. `values`: rendered templates by name; `error`: why it failed."""

    run_id: str
    lease: int
    values: dict[str, Any] = field(default_factory=dict)
    error: str | None = None


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


Event: TypeAlias = Started | Ended | Snoozed | Answered | Due | Resumed | ChildEnded | KillRequested
