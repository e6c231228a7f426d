"""The unit of work: each row that a transaction works on, once, changed in memory and written together."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from tiercel.clock import timestamp
from tiercel.envelope import Metric
from tiercel.plugin import LogLine
from tiercel_orchestrator.kernel.decision import Extent, Touched
from tiercel_orchestrator.kernel.rows import Execution, TaskRun
from tiercel_orchestrator.store import codec
from tiercel_orchestrator.store.memory import Recalled
from tiercel_orchestrator.store.plans import Key, Named, Plans
from tiercel_orchestrator.store.tables import Checks, Loaded, Saving, Transaction, Wanted, WantsMore

POSITION, RUN_ID, EXECUTION_ID, TASK_ID, PARENT_ID, ATTEMPT = 0, 1, 2, 3, 4, 12
UNREAD = (None,) * (ATTEMPT - PARENT_ID - 1)
UNWRITTEN = 2**62
"""Where the positions begin of what is not written yet: behind everything."""


class Unit:
    """The rows of one transaction. What it gives is the row itself: whoever changes one says so.

    The JSON values in a row are replaced, never changed: other rows and transactions may share them.
    """

    def __init__(self, transaction: Transaction, wanted: Wanted, loaded: Loaded, plans: Plans) -> None:
        self.transaction = transaction
        self.wanted = wanted
        self.plans = plans
        self.locked = loaded.locked
        self.guarded = loaded.guarded
        self.rows: dict[str, codec.Row] = {}
        self.named: dict[Key, Named] = {}
        self.runs: dict[str, TaskRun] = {}
        self.executions: dict[str, Execution] = {}
        self.positions: dict[str, int] = {}
        self.entered: dict[str, int] = {}
        self.created: dict[str, TaskRun] = {}
        self.changed: dict[str, TaskRun] = {}
        self.created_executions: dict[str, Execution] = {}
        self.changed_executions: dict[str, Execution] = {}
        self.leases: dict[str, tuple[str, int]] = {}
        self.saving = Saving()
        self._asked = wanted.runs | wanted.executions
        self.gone: set[str] = set()
        self._complete: dict[str, Extent] = {}
        self.recalled = loaded.recalled or Recalled()
        self._recall()
        self.admit(loaded)
        self._note_complete(wanted)

    # -- what is there

    def _recall(self) -> None:
        """Take in what did not have to be read; of its row only what says where it stands."""
        for known in self.recalled.runs:
            run = known.row
            self.runs[run.id] = run
            self.rows[run.id] = (
                known.position,
                run.id,
                run.execution_id,
                run.task_id,
                run.parent_id,
                *UNREAD,
                run.attempt,
            )
            self.entered[run.id] = len(run.history)
            if known.named is not None:
                self.named[run.id, run.attempt] = known.named
        for one in self.recalled.executions:
            self.executions[one.row.id] = one.row
            self.positions[one.row.id] = one.position
            self.entered[one.row.id] = len(one.row.history)

    def admit(self, loaded: Loaded) -> None:
        """Take in rows; what is here already stays as it is here."""
        fresh = [row for row in loaded.runs if row[RUN_ID] not in self.rows and row[RUN_ID] not in self.gone]
        self.named |= self.plans.of(fresh, self.transaction.plans)
        self.rows |= {row[RUN_ID]: row for row in fresh}
        for row in loaded.executions:
            if row[0] not in self.executions:
                self.executions[row[0]] = execution = codec.execution_from_row(row)
                self.positions[execution.id] = int(row[1])
                self.entered[execution.id] = len(execution.history)

    def run(self, run_id: str) -> TaskRun | None:
        """Give a task run, read now if it was not yet."""
        run = self.runs.get(run_id)
        if run is not None or run_id in self.gone:
            return run
        if run_id not in self.rows and run_id not in self._asked:
            self._asked.add(run_id)
            self.wanted.runs.add(run_id)
            self.admit(self.transaction.more(Wanted(runs={run_id})))
        row = self.rows.get(run_id)
        if row is not None:
            run = self.runs[run_id] = self.plans.run_from(row, self.named)
            self.entered[run_id] = len(run.history)
        return run

    def execution(self, execution_id: str) -> Execution | None:
        """Give an execution, read now if it was not yet."""
        if execution_id not in self.executions and execution_id not in self._asked:
            self._asked.add(execution_id)
            self.admit(self.transaction.more(Wanted(executions={execution_id})))
        return self.executions.get(execution_id)

    def touched(self, run_id: str, extent: Extent = "lineage") -> Touched | None:
        """Give a run with its ancestors and its execution, and what else of the execution is asked for."""
        runs = {run.id: run for run in self._lineage(run_id)}
        if not runs:
            return None
        execution = self.execution(runs[run_id].execution_id)
        assert execution is not None, f"task run {run_id} has no execution"
        extent = self._extent(run_id, extent)
        if extent != "lineage":
            self._complete_with(run_id, execution.id, extent)
            more = {run.id: run for run in self._all_of(execution.id)}
            runs = (
                more if extent == "all" else runs | {one: run for one, run in more.items() if not run.ended}
            )
        return Touched(execution, runs, extent)

    def _extent(self, run_id: str, extent: Extent) -> Extent:
        """Say how much is touched, as far as this is known by now."""
        if run_id in self.wanted.whole:
            return "all"
        return "live" if run_id in self.wanted.live else extent

    def _lineage(self, run_id: str) -> Iterator[TaskRun]:
        run = self.run(run_id)
        while run is not None:
            yield run
            run = self.run(run.parent_id) if run.parent_id else None

    def admit_lineages(self, runs: Iterable[TaskRun]) -> None:
        """Read the ancestors of runs, all that are not here at once."""
        missing = {run.parent_id for run in runs if run.parent_id} - self.rows.keys() - self.created.keys()
        if missing:
            self.admit(self.transaction.more(Wanted(runs=missing)))

    def lineage(self, run: TaskRun) -> list[TaskRun]:
        """Give the ancestors of a run, nearest first, without the root."""
        return [above for above in self._lineage(run.parent_id) if not above.is_root] if run.parent_id else []

    def _complete_with(self, run_id: str, execution_id: str, extent: Extent) -> None:
        if run_id not in self.rows or self._complete.get(execution_id) in (extent, "all"):
            return  # an execution that is not written yet is complete
        more = Wanted()
        for wanted in (self.wanted, more):
            wanted.add(run_id, extent)
        if self.recalled.runs:
            raise WantsMore  # all of it is read, so that it is in the order of its creation
        self.admit(self.transaction.more(more))
        self._note_complete(more)

    def _note_complete(self, wanted: Wanted) -> None:
        self._complete |= {self.rows[one][EXECUTION_ID]: "live" for one in wanted.live if one in self.rows}
        self._complete |= {self.rows[one][EXECUTION_ID]: "all" for one in wanted.whole if one in self.rows}

    def _all_of(self, execution_id: str) -> list[TaskRun]:
        """Give the runs of an execution that are here, in the order of their creation."""
        rows = [row for row in self.rows.values() if row[EXECUTION_ID] == execution_id]
        written = [self.run(row[RUN_ID]) for row in sorted(rows, key=lambda row: int(row[POSITION]))]
        created = [run for run in self.created.values() if run.execution_id == execution_id]
        return [run for run in written if run] + created

    # -- what changes

    def insert_execution(self, execution: Execution) -> bool:
        """Insert an execution; False if it exists."""
        if self.execution(execution.id) is not None:
            return False
        self.executions[execution.id] = self.created_executions[execution.id] = execution
        self.positions[execution.id] = UNWRITTEN + len(self.created_executions)
        self.entered[execution.id] = len(execution.history)
        return True

    def update_execution(self, execution: Execution) -> None:
        """Write an execution's state, labels, variables and outputs."""
        if execution.id not in self.created_executions:
            self.changed_executions[execution.id] = execution

    def insert_run(self, run: TaskRun) -> None:
        """Insert a task run; it comes behind all others."""
        self.runs[run.id] = self.created[run.id] = run
        self.entered[run.id] = 0
        self.gone.discard(run.id)

    def update_run(self, run: TaskRun) -> None:
        """Write a task run; a lease on it ends."""
        self.leases.pop(run.id, None)
        if run.id not in self.created:
            self.changed[run.id] = run

    def lease_run(self, run: TaskRun, owner: str, until: datetime) -> None:
        """Write a task run, and who works on it."""
        self.update_run(run)
        self.leases[run.id] = owner, codec.micros(until)

    def park(self, run_id: str, line: LogLine) -> None:
        """Let a task run stand still, be its row as broken as it may."""
        row = self.rows.get(run_id)
        if row is None:
            return
        self.saving.parked.append(run_id)
        run = TaskRun(run_id, row[EXECUTION_ID], row[TASK_ID], row[PARENT_ID], attempt=row[ATTEMPT])
        self.insert_log(run.execution_id, run, line)

    def drop_descendants(self, run_id: str) -> None:
        """Delete all task runs below one; nothing of them is at work any more."""
        if run_id in self.rows:
            self.saving.below.append(run_id)
        parents = {run_id}
        while parents:
            known = [(row[RUN_ID], row[PARENT_ID]) for row in self.rows.values()]
            known += [(run.id, run.parent_id) for run in self.created.values()]
            children = {child for child, parent in known if parent in parents}
            self._forget(children)
            parents = children

    def drop_runs(self, run_ids: Iterable[str]) -> None:
        """Delete these task runs, whether they exist or not."""
        self.saving.dropped += [run_id for run_id in run_ids if run_id not in self.created]
        self._forget(set(run_ids))

    def _forget(self, run_ids: set[str]) -> None:
        for run_id in run_ids:
            row = self.rows.pop(run_id, None)
            if row is not None:
                self.named.pop((run_id, row[ATTEMPT]), None)
            for runs in (self.runs, self.created, self.changed):
                runs.pop(run_id, None)
            self.leases.pop(run_id, None)
        self.gone |= run_ids

    def unlocked(self) -> tuple[set[str], set[str]]:
        """Name the runs and the executions that are to be written, and that others may be writing now."""
        if self.locked is None:
            return set(), set()
        written = {*self.changed, *self.saving.parked, *self.saving.dropped}
        runs = written - set(self.locked) - self.created.keys()
        return runs, self.changed_executions.keys() - set(self.guarded) - self.created_executions.keys()

    def checks(self) -> Checks:
        """Say what has to be as it was recalled when this is written."""
        reported = self.wanted.runs & self.runs.keys()
        parents = {above for one in reported if (above := self.runs[one].parent_id)}
        alone = self.changed_executions.keys()
        return Checks(
            {one.row.id: one.version or 0 for one in self.recalled.runs},
            {one.row.id: one.version or 0 for one in self.recalled.executions},
            reported | parents | self.changed.keys() | set(self.saving.dropped),
            alone,
            {run.execution_id for run in self.runs.values()} - alone - self.created_executions.keys(),
        )

    # -- what is only added

    def insert_log(self, execution_id: str, run: TaskRun | None, line: LogLine) -> None:
        """Append a log line."""
        self.saving.logs.append(
            {
                "execution_id": execution_id,
                "task_run_id": run.id if run and run.task_id else None,
                "task_id": run.task_id if run else None,
                "attempt": run.attempt if run else 1,
                "timestamp": line.timestamp,
                "level": line.level,
                "message": codec.plain(line.message),
            }
        )

    def insert_metric(self, run: TaskRun, metric: Metric, at: datetime) -> None:
        """Append a metric."""
        self.saving.metrics.append(
            {
                "execution_id": run.execution_id,
                "task_run_id": run.id,
                "task_id": run.task_id,
                "name": codec.plain(metric.name),
                "type": metric.type,
                "value": metric.value,
                "tags": codec.dump(metric.tags),
                "timestamp": timestamp(at),
            }
        )

    def insert_event(self, execution_id: str, run: TaskRun | None, state: str, at: str) -> None:
        """Append to the table that subscribers follow."""
        self.saving.events.append(
            {
                "execution_id": execution_id,
                "task_run_id": run.id if run else None,
                "task_id": run.task_id if run else None,
                "state": state,
                "at": at,
            }
        )

    def news_of(self, row: TaskRun | Execution) -> list[tuple[str, str]]:
        """Give the states that a row has entered since this was asked last."""
        known, self.entered[row.id] = self.entered.get(row.id, 0), len(row.history)
        return row.history[known:]
