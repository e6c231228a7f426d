"""Which children of a scope start next: pure functions over its frame."""

from collections.abc import Sequence
from dataclasses import dataclass

from tiercel.flows.models import Task
from tiercel.flows.plans import Batches, Each, Graph, Iterations, Parallel, Slice
from tiercel_orchestrator.kernel.rows import Frame, Role

WINDOW = 128
"""How many values of a shard are under way at most."""


@dataclass(frozen=True, slots=True)
class Start:
    """A child to start, with its value where an each runs it."""

    task: Task
    value: str | None = None
    iteration: int | None = None
    role: Role = ""


def next_starts(frame: Frame, tasks: Sequence[Task]) -> list[Start]:
    """Give the children to start now, and note in the frame that they run."""
    if frame.failed:
        return []
    match frame.plan:
        case Parallel(limit=limit):
            # the errors of a Parallel run side by side too, as many as it allows
            return (
                _side_by_side(frame, tasks, limit)
                if frame.phase in ("tasks", "errors")
                else _in_order(frame, tasks)
            )
        case Graph() as graph if frame.phase == "tasks":
            return _by_dependency(frame, tasks, graph)
        case Each() as each if frame.phase == "tasks":
            return _by_value(frame, tasks, each)
    return _in_order(frame, tasks)


def next_in_value(tasks: Sequence[Task], ended_task_id: str, value: str, iteration: int) -> Start | None:
    """Give what follows a child inside its own value of an each, if anything does."""
    ids = [task.id for task in tasks]
    position = ids.index(ended_task_id) + 1
    return Start(tasks[position], value, iteration) if position < len(tasks) else None


def next_batches(frame: Frame, task: Task) -> list[Start]:
    """Give the batches to start now: all of them, once."""
    assert isinstance(frame.plan, Batches)
    starts = [Start(task, iteration=n, role="batch") for n in range(frame.next, len(frame.plan.items))]
    frame.next += len(starts)
    frame.running += len(starts)
    return starts


def next_shards(frame: Frame, task: Task, shards: int) -> list[Start]:
    """Give the shards of a wide each to start now: all of them, once."""
    starts = [Start(task, iteration=n, role="shard") for n in range(frame.next, shards)]
    frame.next += len(starts)
    frame.running += len(starts)
    return starts


def next_of_slice(frame: Frame, tasks: Sequence[Task], values: Sequence[str]) -> list[Start]:
    """Give the values of a shard to start now: `WINDOW` at a time, for each row that is laid down costs."""
    plan, starts = frame.plan, list[Start]()
    assert isinstance(plan, Slice)
    together = tasks if plan.parallel_children else tasks[:1]
    while tasks and (iteration := plan.iteration(frame.next)) < len(values) and frame.running < WINDOW:
        starts.extend(Start(task, values[iteration], iteration) for task in together)
        frame.next += 1
        frame.running += len(together)
    return starts


def next_iterations(frame: Frame, task: Task) -> list[Start]:
    """Give the iterations of a Loop to start now, and note in the frame that they run."""
    assert isinstance(frame.plan, Iterations)
    starts: list[Start] = []
    while not frame.failed and frame.next < len(frame.plan.values) and _admits(frame, frame.plan.limit):
        starts.append(Start(task, frame.plan.values[frame.next], frame.next, "batch"))
        frame.next += 1
        frame.running += 1
    return starts


def _in_order(frame: Frame, tasks: Sequence[Task]) -> list[Start]:
    if frame.running or frame.next >= len(tasks):
        return []
    return [_take(frame, tasks[frame.next])]


def _side_by_side(frame: Frame, tasks: Sequence[Task], limit: int) -> list[Start]:
    starts = []
    while frame.next < len(tasks) and _admits(frame, limit):
        starts.append(_take(frame, tasks[frame.next]))
    return starts


def _by_dependency(frame: Frame, tasks: Sequence[Task], graph: Graph) -> list[Start]:
    starts = []
    known = {task.id for task in tasks}
    ended = set(frame.ended)
    for task in tasks:
        # a disabled task never runs, so nothing can wait for it
        needed = {dependency for dependency in graph.depends_on.get(task.id, ()) if dependency in known}
        if task.id not in frame.started and needed <= ended and _admits(frame, graph.limit):
            frame.started.append(task.id)
            starts.append(_take(frame, task))
    return starts


def _by_value(frame: Frame, tasks: Sequence[Task], each: Each) -> list[Start]:
    starts: list[Start] = []
    while tasks and frame.next < len(each.values) and _admits(frame, each.limit):
        value, iteration = each.values[frame.next], frame.next
        together = tasks if each.parallel_children else tasks[:1]
        starts.extend(Start(task, value, iteration) for task in together)
        frame.next += 1
        frame.running += len(together)
    return starts


def _take(frame: Frame, task: Task) -> Start:
    frame.next += 1
    frame.running += 1
    return Start(task)


def _admits(frame: Frame, limit: int) -> bool:
    return limit == 0 or frame.running < limit
