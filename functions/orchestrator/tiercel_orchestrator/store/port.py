"""The store's interface, which every dialect passes the same conformance suite for."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol, TypeAlias, TypeVar

from tiercel.envelope import Metric
from tiercel.errors import TiercelError
from tiercel.operations import ExecutionQuery, FoundExecution, FoundLog, LogQuery
from tiercel.plugin import LogLine
from tiercel_orchestrator.kernel.decision import Decision, Touched
from tiercel_orchestrator.kernel.events import Event
from tiercel_orchestrator.kernel.rows import Execution, TaskRun

if TYPE_CHECKING:
    from tiercel_orchestrator.store.errands import Errands

T = TypeVar("T")
Memory: TypeAlias = Mapping[str, Any]
"""What a trigger remembers from one event to the next: JSON values."""

ChangeMemory: TypeAlias = Callable[[Memory | None], tuple[Memory, T]]

Decide: TypeAlias = Callable[[Touched, Event], Decision]


class StoreUnavailable(TiercelError):
    """The database cannot be used now: it is no store, or full, or locked, or read-only."""


class StoreLost(StoreUnavailable):
    """The way to the database is lost: it may be starting again, and be there soon."""


@dataclass(frozen=True, slots=True)
class Report:
    """An event with what the task said while it ran; all of it is written in one commit."""

    event: Event
    logs: Sequence[LogLine] = ()
    metrics: Sequence[Metric] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """What a commit changed in one execution. `started` and `ended` runs are among `runs`."""

    execution: Execution
    runs: Sequence[TaskRun] = ()
    logs: Sequence[tuple[str | None, LogLine]] = ()
    dropped: bool = False


@dataclass(frozen=True, slots=True)
class Claim:
    """A row whose moment has come: to be dispatched, answered, or told that it is due.

    `lineage`: the ancestors of a run that is leased, nearest first, without the root.
    """

    run: TaskRun
    execution: Execution
    lineage: Sequence[TaskRun] = ()


@dataclass(frozen=True, slots=True)
class ClaimRequest:
    """Who wants how many tasks, and for how long; `root_id` narrows it to one tree of executions.

    `own_limit`: how many rows that no family is needed for: requests, timers, pauses.
    """

    owner: str
    limit: int
    lease: timedelta
    root_id: str | None = None
    own_limit: int = 64


class Handed(NamedTuple):
    """A dispatch that was left to others: its lease, and until when it may be answered."""

    run_id: str
    lease: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Finished:
    """What a batch changed, and what its owner may do next.

    `next_due`: the earliest moment that anything waits for, tasks only while the claim's limit was not
    reached; it is told to those who claim.
    """

    changes: Sequence[Change]
    claims: Sequence[Claim] = ()
    next_due: datetime | None = None


@dataclass(frozen=True, slots=True)
class OutputRow:
    """What expressions read of a task run."""

    task_id: str
    path: tuple[str, ...]
    value: str | None
    outputs: dict[str, Any] | None
    state: str


@dataclass(frozen=True, slots=True)
class LogRow:
    """One stored log line; `position` orders all lines of a store."""

    position: int
    task_run_id: str | None
    task_id: str | None
    attempt: int
    line: LogLine


@dataclass(frozen=True, slots=True)
class Requested:
    """An execution that one asks for by SQL; `refusal`: why it will not be, `revision` None: the latest."""

    position: int
    id: str
    namespace: str
    flow_id: str
    revision: int | None
    inputs: dict[str, Any]
    labels: dict[str, str]
    asked_at: datetime
    refusal: str | None = None


@dataclass(frozen=True, slots=True)
class Pruning:
    """Which trees of executions may go: all has ended before a moment, and they are not the flow's newest."""

    before: datetime | None = None
    keep: int | None = None
    namespace: str | None = None
    flow_id: str | None = None


class Tree(NamedTuple):
    """An execution with all that it started; `size` counts executions."""

    root_id: str
    size: int


class Removed(NamedTuple):
    """An execution without its rows."""

    id: str
    namespace: str
    flow_id: str


@dataclass(frozen=True, slots=True)
class Filter:
    """Which executions to list."""

    namespace: str | None = None
    flow_id: str | None = None
    root_id: str | None = None
    state: str | None = None
    limit: int = 100


class Store(Protocol):
    """Executions, durable. Every call is one transaction.

    `errands`: what task runs elsewhere ask for; None where nobody elsewhere reaches the store.
    """

    errands: "Errands | None"

    def claim(self, request: ClaimRequest, now: datetime) -> Finished:
        """Lease rows whose moment has come, the longest due first."""

    def finish(
        self, reports: Sequence[Report], decide: Decide, now: datetime, claim: ClaimRequest | None = None
    ) -> Finished:
        """Write what has happened and what follows from it, and claim more, in one commit."""

    def apply(self, execution: Execution, decide: Decide, now: datetime) -> list[Change]:
        """Create an execution and start it; one that exists is left as it is."""

    def copy(
        self, execution: Execution, runs: Sequence[TaskRun], decide: Decide, now: datetime
    ) -> list[Change]:
        """Keep an execution that was made from another, with its task runs; one that exists stays."""

    def every_run(self, execution_id: str) -> list[TaskRun]:
        """Give all rows of an execution, the engine's own too, in the order of their creation."""

    def runs_of_task(self, execution_id: str, task_id: str) -> list[TaskRun]:
        """Give all rows of a task, the engine's own too, in the order of their creation."""

    def extend(self, owner: str, now: datetime, lease: timedelta) -> None:
        """Prolong all leases of an owner that lives."""

    def hand_over(self, handed: Sequence[Handed], owner: str) -> None:
        """Let somebody else hold the leases of dispatches; what was answered meanwhile stays as it is."""

    def arm(self, at: datetime, now: datetime) -> bool:
        """Say whether a timer has to be set for a moment: none is set for an earlier one that is to come."""

    def sweep(self, now: datetime, gone: Iterable[str], alive: Iterable[str] = ()) -> int:
        """Give back the leases of owners that are `gone`, and expired ones unless the owner is `alive`.

        Gives how many.
        """

    def give_back(self, owner: str, keep: Iterable[str], now: datetime) -> int:
        """Give back the leases of an owner but those of the runs it names; gives how many."""

    def next_due(self, root_id: str | None = None, *, tasks_too: bool = True) -> datetime | None:
        """Give the earliest moment that anything waits for, tasks or only the engine's own rows."""

    def owners(self) -> list[str]:
        """Name all that hold leases."""

    def put_flow(self, namespace: str, flow_id: str, source: str, now: datetime) -> int:
        """Keep a flow's source; give its revision, a new one only where the source has changed."""

    def flow_source(
        self, namespace: str, flow_id: str, revision: int | None = None
    ) -> tuple[int, str] | None:
        """Give a flow's revision and source, the latest if none is named."""

    def ask(self, request: Requested) -> None:
        """Ask for an execution: whoever runs all of a store takes it up; the store gives the position."""

    def waiting_requests(self, after: int, limit: int) -> list[Requested]:
        """Give those that ask for executions and wait, from a position on."""

    def request(self, execution_id: str) -> Requested | None:
        """Give a request that waits or was refused; one that was taken up has gone."""

    def refuse(self, execution_id: str, reason: str) -> None:
        """Keep a request, with the reason for which it will not be taken up."""

    def prunable(self, wanted: Pruning) -> Iterator[list[Tree]]:
        """Give trees of executions that may go, the oldest first, in batches; these may go meanwhile."""

    def strip(self, ids: Collection[str], *, trees: bool, keep_logs: bool) -> list[Removed]:
        """Remove all rows that belong to executions, but not the executions; give those that were stripped.

        With `trees`, of all that they started, too. What has not ended is left as it is, with its tree.
        Many rows take several transactions; an execution that lost its first rows cannot be begun again.
        """

    def drop(self, ids: Collection[str]) -> int:
        """Remove executions that were stripped; give how many."""

    def remove_strays(self, before: datetime) -> None:
        """Remove what belongs to no execution: log lines that were kept, and requests that were refused."""

    def setting(self, name: str) -> str | None:
        """Give a setting of this store."""

    def put_template(self, namespace: str, template_id: str, source: str, now: datetime) -> None:
        """Keep a template's source; executions that began before go on with what was kept then."""

    def template_source(self, namespace: str, template_id: str, at: str) -> str | None:
        """Give a template's source as it was at a moment."""

    def listening_flows(self) -> list[tuple[str, str, int]]:
        """Name the flows that may have a Flow trigger, each in its latest revision."""

    def change_trigger(self, namespace: str, flow_id: str, trigger_id: str, change: ChangeMemory[T]) -> T:
        """Change what a trigger remembers, in one transaction; give what the change gives beside it."""

    def switch_trigger(self, namespace: str, flow_id: str, trigger_id: str, *, enabled: bool) -> None:
        """Switch a trigger of a flow on or off; it stays so in later revisions."""

    def switched_off(self, namespace: str, flow_id: str) -> frozenset[str]:
        """Name the triggers of a flow that somebody has switched off."""

    def execution(self, execution_id: str) -> Execution | None:
        """Give one execution."""

    def executions(self, wanted: Filter) -> list[Execution]:
        """List executions, the newest first."""

    def unfinished(self) -> list[Execution]:
        """List the executions in which something is still to be done, the oldest first."""

    def find_executions(
        self, wanted: ExecutionQuery, after: int, limit: int
    ) -> list[tuple[int, FoundExecution]]:
        """Give executions from a position on, oldest first, with positions; moments are not looked at."""

    def purge_rows(self, kind: Literal["logs", "metrics"], execution_id: str) -> int:
        """Delete the log or the metrics of an execution; give how many rows there were."""

    def root_run(self, execution_id: str) -> TaskRun:
        """Give the root scope of an execution."""

    def busy(self, root_id: str) -> bool:
        """Say whether anything in a tree of executions goes on by itself, now or at some moment."""

    def runs(self, run_ids: Sequence[str]) -> list[TaskRun]:
        """Give those of these task runs that exist."""

    def task_run(self, run_id: str) -> TaskRun | None:
        """Give one task run."""

    def task_runs(self, execution_id: str) -> list[TaskRun]:
        """Give the task runs of an execution in the order of their creation."""

    def lineage(self, run: TaskRun) -> list[TaskRun]:
        """Give the ancestors of a run, nearest first, without the root."""

    def outputs_of(self, execution_id: str, task_ids: Iterable[str] | None) -> list[OutputRow]:
        """Give what expressions read of the runs of these tasks; None means all."""

    def logs(self, execution_id: str, after: int = 0) -> list[LogRow]:
        """Give the log of an execution from a position on."""

    def find_logs(self, wanted: LogQuery, after: int, limit: int) -> list[FoundLog]:
        """Give log lines of any execution from a position on, the oldest first."""

    def purge_logs(self, wanted: LogQuery) -> int:
        """Delete log lines; gives how many there were."""

    def metrics(self, execution_id: str) -> list[tuple[str, Metric]]:
        """Give the metrics of an execution, each with its task id."""

    def close(self) -> None:
        """Let go of the database."""
