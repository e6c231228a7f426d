"""What follows from what among the runs of a scope."""

from tiercel.flows.plans import Each, Graph, Parallel, Slice
from tiercel_orchestrator.kernel.deciding import frame_of
from tiercel_orchestrator.kernel.rows import TaskRun
from tiercel_orchestrator.kernel.tree import PHASES, Tree


def drop_successors(tree: Tree, scope: TaskRun, child: TaskRun) -> None:
    """Delete those runs of a scope that would not have begun without one of its children."""
    if child.role:
        return  # batches and shards go side by side
    phase = tree.phase_of(scope, child) or "tasks"
    order = [task.id for task in tree.block(scope, phase)]
    later = PHASES[PHASES.index(phase) + 1 :]
    for other in list(tree.children(scope)):
        if other.id == child.id:
            continue
        if tree.phase_of(scope, other) in later or (
            tree.phase_of(scope, other) == phase and follows(scope, order, child, other)
        ):
            tree.drop(other)


def follows(scope: TaskRun, order: list[str], child: TaskRun, other: TaskRun) -> bool:
    """Say whether a run of a scope's phase begins only after another."""
    behind = order.index(other.task_id or "") > order.index(child.task_id or "")
    match frame_of(scope).plan:
        case Parallel():
            return False
        case Graph() as graph:
            return _depends(graph, other.task_id or "", child.task_id or "")
        case Each() as each if other.iteration != child.iteration:
            return each.limit == 1 and (other.iteration or 0) > (child.iteration or 0)
        case Slice() if other.iteration != child.iteration:
            return False
        case Each(parallel_children=True) | Slice(parallel_children=True):
            return False
    return behind


def _depends(graph: Graph, task_id: str, on: str) -> bool:
    needed = graph.depends_on.get(task_id, ())
    return on in needed or any(_depends(graph, one, on) for one in needed)
