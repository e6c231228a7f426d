"""What a dialect offers to the rest of the store: transactions, and reads and writes of many rows at once."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

from tiercel_orchestrator.kernel.decision import Extent
from tiercel_orchestrator.store.codec import Columns, Row
from tiercel_orchestrator.store.port import ClaimRequest

if TYPE_CHECKING:
    from tiercel_orchestrator.store.memory import Memory, Recalled


class Conflict(Exception):
    """Another transaction came in between, and this one was undone: do it again."""


class WantsMore(Exception):
    """A unit of work needs more than was wanted; what has been done with these rows is to be forgotten."""


class Stale(Exception):
    """What a unit of work was decided on from memory does not do, and nothing was written: read it.

    `changed`: somebody else has changed it meanwhile.
    """

    def __init__(self, *, changed: bool) -> None:
        super().__init__()
        self.changed = changed


@dataclass(slots=True)
class Wanted:
    """Which rows a transaction works on; it grows when a decision turns out to need more.

    `runs` come with their ancestors; they, their parents and those that `locks` names are expected to change,
    and `executions` themselves. `live` and `whole` name runs, the live ones or all of whose execution are
    wanted; `slots` those that ask how many other executions of their flow run.
    """

    runs: set[str] = field(default_factory=set)
    executions: set[str] = field(default_factory=set)
    live: set[str] = field(default_factory=set)
    whole: set[str] = field(default_factory=set)
    slots: set[str] = field(default_factory=set)
    locks: set[str] = field(default_factory=set)

    def add(self, run_id: str, extent: Extent, *, slots: bool = False) -> None:
        """Want as much of a run's execution as `extent` says."""
        if extent == "live":
            self.live.add(run_id)
        elif extent == "all":
            self.whole.add(run_id)
        if slots:
            self.slots.add(run_id)


@dataclass(frozen=True, slots=True)
class Loaded:
    """Rows of task runs and executions; `due`: rows of task runs that may be claimed.

    `locked` names the runs, `guarded` the executions nobody else can change before this transaction ends;
    `locked` None means all. `recalled`: rows that did not have to be read.
    """

    runs: Sequence[Row] = ()
    executions: Sequence[Row] = ()
    due: Sequence[Row] = ()
    locked: Collection[str] | None = None
    guarded: Collection[str] = ()
    recalled: "Recalled | None" = None


@dataclass(slots=True)
class Saving:
    """What a transaction writes, in this order. `below`: runs whose descendants are deleted."""

    below: list[str] = field(default_factory=list)
    dropped: list[str] = field(default_factory=list)
    parked: list[str] = field(default_factory=list)
    new_executions: list[Columns] = field(default_factory=list)
    executions: list[Columns] = field(default_factory=list)
    new_runs: list[Columns] = field(default_factory=list)
    runs: list[Columns] = field(default_factory=list)
    plans: list[Columns] = field(default_factory=list)
    logs: list[Columns] = field(default_factory=list)
    metrics: list[Columns] = field(default_factory=list)
    events: list[Columns] = field(default_factory=list)

    def ids(self) -> dict[str, list[str]]:
        """Give the kinds that name runs."""
        return {kind: getattr(self, kind) for kind in NAMED}

    def rows(self) -> dict[str, list[Columns]]:
        """Give the kinds that are rows to write."""
        return {kind: getattr(self, kind) for kind in WRITTEN}


NAMED = ("below", "dropped", "parked")
WRITTEN = tuple(one.name for one in fields(Saving) if one.name not in NAMED)


@dataclass(frozen=True, slots=True)
class Checks:
    """What has to be as it was when a unit of work was decided on: the versions of rows that were recalled.

    `locks`: runs that nobody else may change meanwhile; `alone` and `shared`: the executions that it changes,
    and those that it works on.
    """

    runs: Mapping[str, int]
    executions: Mapping[str, int]
    locks: Collection[str]
    alone: Collection[str]
    shared: Collection[str]


@dataclass(frozen=True, slots=True)
class Closed:
    """What a commit tells. `due`: when something is due next; `version`: that of the rows written.

    `version` None: what was read may be remembered as well, for the dialect knows when others have written.
    `first`: the position of the first of the new task runs, where the dialect tells it.
    """

    due: datetime | None
    version: int | None
    first: int | None = None


class Transaction(Protocol):
    """One transaction of a dialect, from its first read to its commit."""

    def open(
        self, wanted: Wanted, claim: ClaimRequest | None, now: datetime, memory: "Memory | None" = None
    ) -> Loaded:
        """Read all that is wanted and not in memory, and the rows that are due."""

    def more(self, wanted: Wanted) -> Loaded:
        """Read what turned out to be needed, without keeping others from changing it."""

    def guard(self, execution_ids: Collection[str]) -> bool:
        """Keep others from changing executions, read already and not changed since, if it can be."""

    def plans(self, keys: Iterable[tuple[str, int]]) -> list[Row]:
        """Read plans: run id, attempt, text."""

    def lock_flow(self, namespace: str, flow_id: str) -> None:
        """Keep other transactions that do so with the same flow waiting until this one ends."""

    def close(self, saving: Saving, claim: ClaimRequest | None, tasks_too: bool, checks: Checks) -> Closed:
        """Write everything, as the last thing; with a claim, say when something is due next.

        `Stale`: what was recalled is not as it was.
        """

    def run(self, query: str, **parameters: Any) -> int:
        """Run a named query; gives how many rows it changed."""

    def all(self, query: str, **parameters: Any) -> list[Row]:
        """Give all rows of a named query."""

    def one(self, query: str, **parameters: Any) -> Row | None:
        """Give the first row of a named query, if there is one."""


class Database(Protocol):
    """A database of one dialect, with its named queries; each query outside of a transaction is its own."""

    def writing(self) -> AbstractContextManager[Transaction]:
        """Make everything inside one transaction; `Conflict` says that it is to be done again."""

    def run(self, query: str, **parameters: Any) -> int:
        """Run a named query; gives how many rows it changed."""

    def all(self, query: str, **parameters: Any) -> list[Row]:
        """Give all rows of a named query."""

    def one(self, query: str, **parameters: Any) -> Row | None:
        """Give the first row of a named query, if there is one."""

    def close(self) -> None:
        """Let go of the database."""
