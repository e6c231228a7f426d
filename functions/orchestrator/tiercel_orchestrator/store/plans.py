"""The plans of scopes: long, and read once, for what a name stands for never changes."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from tiercel.flows.plans import Plan
from tiercel_orchestrator.kernel.rows import Frame, TaskRun
from tiercel_orchestrator.store import codec

PLANS_KEPT = 256
FRAME = 20
"""The column of a task run's row that holds its frame."""

Key: TypeAlias = tuple[str, int]
ReadPlans: TypeAlias = Callable[[Iterable[Key]], Sequence[codec.Row]]


@dataclass(frozen=True, slots=True)
class Named:
    """A plan with the name that its frame has for it."""

    name: str
    plan: Plan


class Plans:
    """Plans that a store has read or written; `read`: how others are read, a run's id and attempt each."""

    def __init__(self) -> None:
        self.kept: dict[Key, Named] = {}

    def runs_from(self, rows: Sequence[codec.Row], read: ReadPlans) -> list[TaskRun]:
        """Read task runs, with their plans if they are scopes."""
        plans = self.of(rows, read)
        return [self.run_from(row, plans) for row in rows]

    def run_from(self, row: codec.Row, plans: dict[Key, Named]) -> TaskRun:
        """Read one task run, its plan being among these."""
        text = row[FRAME]
        if text is None:
            return codec.task_run_from_row(row, None)
        run_id, attempt = row[1], row[12]
        named = plans.get((run_id, attempt))
        assert named is not None, f"the scope {run_id} has no plan"
        return codec.task_run_from_row(row, Frame(named.plan, **codec.frame_from_text(text)[1]))

    def of(self, rows: Iterable[codec.Row], read: ReadPlans) -> dict[Key, Named]:
        """Give the plans of those of the rows that are scopes."""
        names = {(row[1], row[12]): codec.frame_from_text(row[FRAME])[0] for row in rows if row[FRAME]}
        known = {
            key: kept for key, name in names.items() if (kept := self.kept.get(key)) and kept.name == name
        }
        missing = [key for key in names if key not in known]
        for run_id, attempt, text in read(missing) if missing else ():
            key = (run_id, attempt)
            known[key] = Named(names.get(key, ""), codec.plan_from_text(text))
            self.keep(key, known[key])
        return known

    def written(self, run: TaskRun) -> str | None:
        """Give the name under which a scope's plan is in the database, if it is there as it is now."""
        kept = self.kept.get((run.id, run.attempt))
        return kept.name if kept and run.frame and kept.plan is run.frame.plan else None

    def keep(self, key: Key, named: Named) -> None:
        """Remember a plan that is in the database."""
        if len(self.kept) >= PLANS_KEPT:
            self.kept.pop(next(iter(self.kept)))
        self.kept[key] = named
