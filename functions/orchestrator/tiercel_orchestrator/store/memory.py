"""What a store has written and has not seen changed by others: it need not be read again to go on with it."""

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Generic, TypeVar

from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.rows import Attempt, Execution, Frame, TaskRun
from tiercel_orchestrator.store.plans import Named
from tiercel_orchestrator.store.port import ClaimRequest
from tiercel_orchestrator.store.tables import Wanted

R = TypeVar("R", TaskRun, Execution)

RUNS_KEPT, EXECUTIONS_KEPT = 2048, 512
LEFT_ALONE = 64
"""How many units of work an execution is not remembered for, after somebody else was found to work on it."""
BEHIND = 2**61
"""Where the positions begin of rows of which the database has not told theirs: behind all that were read."""


@dataclass(frozen=True, slots=True)
class Known(Generic[R]):
    """A row as it was written last. `version`: what the database has for it as long as nobody changes it."""

    row: R
    position: int
    version: int | None
    named: Named | None = None


@dataclass(frozen=True, slots=True)
class Recalled:
    """What is remembered of what a unit of work wants, as copies; `missing`: what has to be read."""

    runs: list[Known[TaskRun]] = field(default_factory=list)
    executions: list[Known[Execution]] = field(default_factory=list)
    missing: Wanted = field(default_factory=Wanted)

    @property
    def whole(self) -> bool:
        """Say whether nothing has to be read."""
        return not (self.missing.runs or self.missing.executions)


class Memory:
    """The rows that a store goes on with; never relied on unchecked: each dialect knows who changed them."""

    def __init__(self) -> None:
        self.runs: dict[str, Known[TaskRun]] = {}
        self.executions: dict[str, Known[Execution]] = {}
        self._left_alone: dict[str, int] = {}
        self._places = count(BEHIND)
        self._quiet: tuple[str | None, datetime | None] | None = None

    def recall(self, wanted: Wanted) -> Recalled:
        """Give copies of the runs that are wanted, with their ancestors, and of their executions.

        Of more than single lineages nothing is recalled: all of it is read.
        """
        if wanted.live or wanted.whole or wanted.slots:
            return Recalled(missing=wanted)
        missing = Wanted(locks=wanted.locks)
        runs: dict[str, Known[TaskRun]] = {}
        for run_id in wanted.runs:
            up: str | None = run_id
            while up is not None and up not in runs:
                run = self.runs.get(up)
                if run is None:
                    missing.runs.add(up)
                    break
                runs[up] = run
                up = run.row.parent_id
        ids = wanted.executions | {known.row.execution_id for known in runs.values()}
        missing.executions |= ids - self.executions.keys()
        executions = [known for one in ids if (known := self.executions.get(one))]
        return Recalled(
            [_copied(known, copy_of_run(known.row)) for known in runs.values()],
            [_copied(known, copy_of_execution(known.row)) for known in executions],
            missing,
        )

    def quiet(self, claim: ClaimRequest, now: datetime) -> bool:
        """Say whether nothing was due by now, when the database was asked last and since."""
        if self._quiet is None or self._quiet[0] != claim.root_id:
            return False
        return self._quiet[1] is None or self._quiet[1] > now

    def note_due(self, claim: ClaimRequest | None, due: datetime | None, *, tasks_too: bool) -> None:
        """Remember when something is due next; only a claim that counts tasks tells all of it."""
        self._quiet = (claim.root_id, due) if claim is not None and tasks_too else None

    def note(
        self,
        runs: Iterable[TaskRun],
        executions: Iterable[Execution],
        version: int | None,
        positions: Mapping[str, int],
        named: Mapping[tuple[str, int], Named],
    ) -> None:
        """Remember rows that were just written; what has ended nobody goes on with."""
        for execution in executions:
            self._note(self.executions, execution, positions, version, None, EXECUTIONS_KEPT)
        for run in runs:
            name = named.get((run.id, run.attempt)) if run.frame else None
            self._note(self.runs, run, positions, version, name, RUNS_KEPT)

    def _note(
        self,
        kept: dict[str, Known[R]],
        row: R,
        positions: Mapping[str, int],
        version: int | None,
        named: Named | None,
        limit: int,
    ) -> None:
        before = kept.pop(row.id, None)
        execution_id = row.execution_id if isinstance(row, TaskRun) else row.id
        if row.state in states.ENDED or execution_id in self._left_alone:
            return
        if len(kept) >= limit:
            kept.pop(next(iter(kept)))
        position = positions.get(row.id)
        if position is None:
            position = before.position if before else next(self._places)
        kept[row.id] = Known(row, position, version, named)

    def forget(self, run_ids: Iterable[str]) -> None:
        """Forget task runs."""
        for run_id in run_ids:
            self.runs.pop(run_id, None)

    def forget_runs_of(self, execution_ids: Container[str]) -> None:
        """Forget all task runs of executions."""
        self.runs = {one: run for one, run in self.runs.items() if run.row.execution_id not in execution_ids}

    def forget_all(self) -> None:
        """Forget everything: somebody else has changed something."""
        self.runs.clear()
        self.executions.clear()
        self._quiet = None

    def leave_alone(self, execution_ids: Iterable[str]) -> None:
        """Forget executions that somebody else works on too, and remember nothing of them for a while."""
        for execution_id in execution_ids:
            self._left_alone[execution_id] = LEFT_ALONE
            self.executions.pop(execution_id, None)
        self.forget_runs_of(self._left_alone)

    def turn(self) -> None:
        """Count a unit of work towards the end of leaving alone."""
        if self._left_alone:
            self._left_alone = {one: left - 1 for one, left in self._left_alone.items() if left > 1}


def _copied(known: Known[R], row: R) -> Known[R]:
    return Known(row, known.position, known.version, known.named)


def copy_of_run(run: TaskRun) -> TaskRun:
    """Copy a task run as far as the kernel changes it: JSON values are replaced, never changed."""
    return TaskRun(
        run.id,
        run.execution_id,
        run.task_id,
        run.parent_id,
        run.role,
        run.value,
        run.iteration,
        run.path,
        run.state,
        run.history.copy(),
        [Attempt(one.state, one.history.copy(), one.log_file) for one in run.attempts],
        run.attempt,
        run.lease,
        run.outputs,
        run.work,
        run.request,
        run.due_at,
        None if run.frame is None else _copy_of_frame(run.frame),
    )


def _copy_of_frame(frame: Frame) -> Frame:
    return Frame(
        frame.plan,
        frame.phase,
        frame.next,
        frame.running,
        frame.failed,
        frame.worst,
        frame.own,
        frame.started.copy(),
        frame.ended.copy(),
        frame.iteration,
        frame.opened,
        frame.tries,
        frame.tally.copy(),
        frame.held,
        frame.seconds,
        frame.left,
    )


def copy_of_execution(execution: Execution) -> Execution:
    """Copy an execution as far as the kernel changes it."""
    return Execution(
        execution.id,
        execution.namespace,
        execution.flow_id,
        execution.revision,
        execution.root_id,
        execution.state,
        execution.history.copy(),
        execution.inputs,
        execution.labels,
        execution.variables,
        execution.outputs,
        execution.trigger,
        execution.parent_run_id,
        execution.parent_id,
        execution.original_id,
        execution.original_created_at,
        execution.attempt_number,
    )
