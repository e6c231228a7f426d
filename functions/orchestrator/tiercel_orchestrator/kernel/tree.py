"""All task runs of an execution as the tree that they are."""

from collections.abc import Iterator

from tiercel.flows.models import Task
from tiercel.flows.plans import Sequence
from tiercel_orchestrator.kernel import scopes, timeouts
from tiercel_orchestrator.kernel.deciding import Deciding, frame_of
from tiercel_orchestrator.kernel.decision import Wants
from tiercel_orchestrator.kernel.rows import Phase, TaskRun

PHASES: tuple[Phase, ...] = ("tasks", "errors", "finally", "after")


class Tree:
    """Children by parent; needs every run of the execution."""

    def __init__(self, deciding: Deciding) -> None:
        if deciding.extent != "all":
            raise Wants("all")
        self.deciding = deciding
        self._children: dict[str, list[TaskRun]] = {}
        for run in deciding.runs.values():
            if run.parent_id is not None and run.role != "monitor":
                self._children.setdefault(run.parent_id, []).append(run)

    def children(self, scope: TaskRun) -> list[TaskRun]:
        """Give the runs right below a scope."""
        return self._children.get(scope.id, [])

    def phase_of(self, scope: TaskRun, child: TaskRun) -> Phase | None:
        """Say in which phase of its scope a run belongs; None for the tasks that run while a Pause waits."""
        if child.role:
            return "tasks"
        for phase in PHASES:
            if child.task_id in {task.id for task in self.block(scope, phase)}:
                return phase
        return None

    def in_phase(self, scope: TaskRun, phase: Phase) -> list[TaskRun]:
        """Give the runs right below a scope that belong in one of its phases."""
        ids = {task.id for task in self.block(scope, phase)}
        return [
            child
            for child in self.children(scope)
            if (phase == "tasks" if child.role else child.task_id in ids)
        ]

    def block(self, scope: TaskRun, phase: Phase) -> tuple[Task, ...]:
        """Give the tasks of a phase."""
        return scopes.block_of(self.deciding, scope, phase)

    def lineage(self, run: TaskRun) -> Iterator[TaskRun]:
        """Give the ancestors of a run, nearest first, the root too."""
        while run.parent_id is not None:
            run = self.deciding.runs[run.parent_id]
            yield run

    def drop(self, run: TaskRun) -> None:
        """Delete a run and all below it."""
        self.drop_below(run)
        timeouts.end(self.deciding, run)
        decision = self.deciding.decision
        decision.dropped.append(run.id)
        decision.changed.pop(run.id, None)
        decision.logs = [log for log in decision.logs if log.run_id != run.id]
        del self.deciding.runs[run.id]
        siblings = self._children[run.parent_id or ""]
        siblings.remove(run)

    def drop_below(self, scope: TaskRun) -> None:
        """Delete all below a run."""
        for child in list(self.children(scope)):
            self.drop(child)


def is_scope(run: TaskRun) -> bool:
    """Say whether a run's children are task runs of their own standing, which can be run again one by one.

    Those of a working directory cannot: they need the files of those before them.
    """
    if run.frame is None:
        return False
    plan = frame_of(run).plan
    return not (isinstance(plan, Sequence) and plan.directory)
