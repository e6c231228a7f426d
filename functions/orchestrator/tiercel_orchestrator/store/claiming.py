"""Claims: rows whose moment has come, those that the same transaction has just laid down among them."""

from collections.abc import Sequence
from datetime import datetime

from tiercel.clock import timestamp
from tiercel_orchestrator.kernel.rows import Execution, TaskRun, as_shown
from tiercel_orchestrator.store import codec
from tiercel_orchestrator.store.port import Change, Claim, ClaimRequest, Finished
from tiercel_orchestrator.store.tables import Loaded, Wanted
from tiercel_orchestrator.store.unit import EXECUTION_ID, POSITION, RUN_ID, UNWRITTEN, Unit

OWN = ("request", "timer", "paused")


class Claiming:
    """One claim within a unit of work; `due`: the rows that the database has for it."""

    def __init__(self, unit: Unit, request: ClaimRequest, due: Sequence[codec.Row], now: datetime) -> None:
        self.unit = unit
        self.request = request
        self.now = now
        unit.admit(Loaded(runs=due))
        self.created = {run_id: UNWRITTEN + place for place, run_id in enumerate(unit.created)}
        self.ids = dict.fromkeys([*(row[RUN_ID] for row in due), *unit.changed, *unit.created])
        missing = {row[EXECUTION_ID] for row in due} - unit.executions.keys()
        if missing:
            unit.admit(unit.transaction.more(Wanted(executions=missing)))

    def take(self) -> Finished:
        """Lease what is due, the longest due first: tasks up to `limit`, others to `own_limit`."""
        found = [run for one in self.ids if (run := self.unit.run(one)) and self._is_due(run)]
        found.sort(key=lambda run: (run.due_at, self._position(run)))
        tasks = [run for run in found if run.work == "ready"][: self.request.limit]
        own = [run for run in found if run.work != "ready"][: self.request.own_limit]
        taken = sorted([*tasks, *own], key=self._position)
        leased = [run for run in taken if run.work in ("ready", "request")]
        self.unit.admit_lineages(leased)
        changes = [change for run in taken if (change := self._lease(run))]
        lineages = {run.id: self.unit.lineage(run) for run in leased}
        return Finished(
            changes, [Claim(run, self._execution(run), lineages.get(run.id, ())) for run in taken]
        )

    def _is_due(self, run: TaskRun) -> bool:
        if run.work != "ready" and run.work not in OWN:
            return False
        root_id = self.request.root_id
        in_time = run.due_at is not None and run.due_at <= self.now
        return in_time and (root_id is None or self._execution(run).root_id == root_id)

    def _position(self, run: TaskRun) -> int:
        row = self.unit.rows.get(run.id)
        return self.created[run.id] if row is None else int(row[POSITION])

    def _execution(self, run: TaskRun) -> Execution:
        execution = self.unit.execution(run.execution_id)
        assert execution is not None, f"task run {run.id} has no execution"
        return execution

    def _lease(self, run: TaskRun) -> Change | None:
        """Count a lease; a task begins with its attempt, which is a change that others see."""
        run.lease += 1
        if run.work not in ("ready", "request"):
            self.unit.update_run(run)
            return None
        run.work = "leased"
        self.unit.lease_run(run, self.request.owner, self.now + self.request.lease)
        if run.request is not None or not run.begin(self.now):
            return None
        self.unit.news_of(run)
        self.unit.insert_event(run.execution_id, run, run.state, timestamp(self.now))
        return Change(self._execution(run), [as_shown(run, self.unit.run(run.parent_id or ""))])
