"""The life of a scope: its children start as its plan says, its phases follow one another, its loop turns."""

from datetime import timedelta

from tiercel.expressions import truthy
from tiercel.flows.models import Task
from tiercel.flows.plans import Batches, Each, Iterations, Loop, Sequence, Slice
from tiercel_orchestrator.kernel import (
    again,
    batches,
    executions,
    iterations,
    shards,
    states,
    task_runs,
    watching,
)
from tiercel_orchestrator.kernel.deciding import Deciding, frame_of
from tiercel_orchestrator.kernel.events import Answered
from tiercel_orchestrator.kernel.ids import child_id
from tiercel_orchestrator.kernel.retry import next_try
from tiercel_orchestrator.kernel.rows import ITERATION, Frame, Phase, TaskRun
from tiercel_orchestrator.kernel.schedule import (
    Start,
    next_batches,
    next_in_value,
    next_iterations,
    next_of_slice,
    next_shards,
    next_starts,
)


def look(deciding: Deciding, scope: TaskRun, child: TaskRun | None) -> None:
    """Take note of a child that has ended, start what may, and go to the next phase when nothing runs."""
    if scope.work == "paused" and child is None:
        for task in _on_pause(deciding, scope):
            _create(deciding, scope, Start(task))
    if scope.ended and child is not None:
        executions.one_less(deciding)
    if scope.ended or scope.work != "children":
        return
    if child is not None and child.task_id in [task.id for task in _on_pause(deciding, scope)]:
        return  # it may end after the resume, and decides nothing
    frame = frame_of(scope)
    deciding.touch(scope)
    if child is not None and _child_ended(deciding, scope, frame, child):
        return
    if child is not None and scope.is_root and watching.look(deciding, scope, child):
        return  # nothing more starts before it is known whether what was agreed on holds
    starts = _starts(deciding, scope, frame)
    for start in starts:
        _create(deciding, scope, start)
    if not starts and not frame.running and not (scope.is_root and frame.held):
        _phase_over(deciding, scope, frame)


def _starts(deciding: Deciding, scope: TaskRun, frame: Frame) -> list[Start]:
    if isinstance(frame.plan, Batches):
        return next_batches(frame, deciding.task(scope))
    if isinstance(frame.plan, Iterations) and frame.phase == "tasks":
        return next_iterations(frame, deciding.task(scope))
    block = block_of(deciding, scope, frame.phase)
    if isinstance(frame.plan, Slice):
        return next_of_slice(frame, block, shards.each_above(deciding, scope).values)
    if frame.phase == "tasks" and shards.is_wide(frame.plan) and block:
        return next_shards(frame, deciding.task(scope), shards.SHARDS)
    return next_starts(frame, block)


def _on_pause(deciding: Deciding, scope: TaskRun) -> tuple[Task, ...]:
    return deciding.task(scope).block("onPause") if not scope.is_root else ()


def _child_ended(deciding: Deciding, scope: TaskRun, frame: Frame, child: TaskRun) -> bool:
    """Count a child in; answer whether its value of an each goes on with another child."""
    if isinstance(frame.plan, Iterations) and child.role == "batch":
        iterations.count(frame, child)
        frame.running -= 1
        return False
    frame.worst = states.worse(frame.worst, child.state)
    frame.failed = frame.failed or child.state in states.UNSUCCESSFUL
    shards.tell_failure(deciding, scope, child)
    goes_on = frame.phase == "tasks" and not shards.stopped(deciding, scope)
    if goes_on and (following := _following(deciding, scope, child)):
        _create(deciding, scope, following)
        return True
    frame.running -= 1
    if child.role == "batch":
        batches.count(frame, child)
    if frame.started:
        frame.ended.append(child.task_id or "")
    return False


def _following(deciding: Deciding, scope: TaskRun, child: TaskRun) -> Start | None:
    """Give what follows a child inside its value of an each, if anything does."""
    plan = frame_of(scope).plan
    by_value = isinstance(plan, Each | Slice) and not plan.parallel_children and not child.role
    if not by_value:
        return None
    block = block_of(deciding, scope, "tasks")
    return next_in_value(block, child.task_id or "", child.value or "", child.iteration or 0)


def lay_down_following(deciding: Deciding, scope: TaskRun, child: TaskRun) -> bool:
    """Lay down what follows a child inside its value of an each, to begin later; say if anything does."""
    following = _following(deciding, scope, child)
    if following:
        deciding.wait(_lay_down(deciding, scope, following), "held")
    return following is not None


def _create(deciding: Deciding, scope: TaskRun, start: Start) -> None:
    run = _lay_down(deciding, scope, start)
    if frame_of(deciding.root).held:
        deciding.wait(run, "held")
    else:
        task_runs.enter(deciding, run)


def _lay_down(deciding: Deciding, scope: TaskRun, start: Start) -> TaskRun:
    run = TaskRun(
        id=child_id(scope, start.task.id, start.iteration),
        execution_id=deciding.execution.id,
        task_id=start.task.id,
        parent_id=scope.id,
        role=start.role,
        value=start.value,
        iteration=start.iteration,
        path=scope.path if start.value is None else (*scope.path, _step(start)),
    )
    run.enter(states.CREATED, deciding.now)
    deciding.runs[run.id] = run
    deciding.decision.created.append(run)
    return run


def _step(start: Start) -> str:
    """Give what a child adds to the path: its each-value, or the number of its iteration."""
    return f"{ITERATION}{start.iteration}" if start.role == "batch" else start.value or ""


def block_of(deciding: Deciding, scope: TaskRun, phase: Phase) -> tuple[Task, ...]:
    """Give the children of a scope in one of its phases."""
    if scope.role in ("batch", "shard") and phase != "tasks":
        return ()  # they are those of the loop or each above
    if not scope.is_root:
        name = getattr(frame_of(scope).plan, "block", "tasks") if phase == "tasks" else phase
        return deciding.task(scope).block(name)
    flow = deciding.flow
    blocks = {
        "tasks": flow.tasks,
        "errors": flow.errors,
        "finally": flow.finally_,
        "after": (*flow.after_execution, *flow.listeners),
    }
    return tuple(task for task in blocks[phase] if not task.disabled)


def _phase_over(deciding: Deciding, scope: TaskRun, frame: Frame) -> None:
    if frame.phase == "after":
        executions.close(deciding, scope)
    elif frame.phase == "tasks" and isinstance(frame.plan, Loop) and not frame.failed:
        deciding.ask(scope, "condition")
    else:
        next_phase(deciding, scope, frame)


def next_phase(deciding: Deciding, scope: TaskRun, frame: Frame) -> None:
    """Go to the phase after the one that is over, or end the scope."""
    if frame.phase == "errors" and _tried_again(deciding, scope, frame):
        return
    erred = frame.phase == "tasks" and frame.worst == states.FAILED
    if erred and block_of(deciding, scope, "errors"):
        _begin_phase(deciding, scope, frame, "errors")
    elif frame.phase in ("tasks", "errors") and block_of(deciding, scope, "finally"):
        _begin_phase(deciding, scope, frame, "finally")
    elif scope.is_root:
        executions.blocks_over(deciding, scope)
    elif scope.role == "batch":
        iterations.over(deciding, scope)
    elif isinstance(frame.plan, Iterations):
        deciding.ask(scope, "gather")
    elif isinstance(frame.plan, Sequence) and frame.plan.directory:
        deciding.ask(scope, "closeDirectory")
    else:
        _end(deciding, scope, frame)


def _tried_again(deciding: Deciding, scope: TaskRun, frame: Frame) -> bool:
    """Try again what failed in a scope that has a retry of its own and whose errors have run."""
    retry = None if scope.is_root else deciding.task(scope).retry
    if retry is None or retry.new_execution or frame.worst != states.FAILED:
        return False
    due = next_try(retry, scope.id, frame.tries + 1, scope.created_at, deciding.now)
    if due is not None:
        again.retry_scope(deciding, scope, due)
    return due is not None


def directory_closed(deciding: Deciding, scope: TaskRun, answer: Answered) -> None:
    """Take the files that a working directory leaves; what cannot be stored fails it."""
    scope.request = None
    frame = frame_of(scope)
    if answer.error:
        deciding.log(scope, "ERROR", answer.error)
        frame.worst = states.worse(frame.worst, states.FAILED)
    scope.outputs = answer.values or None
    _end(deciding, scope, frame)


def _end(deciding: Deciding, scope: TaskRun, frame: Frame) -> None:
    if isinstance(frame.plan, Batches):
        scope.outputs = batches.outputs(frame)
    if scope.role == "shard":
        task_runs.close(deciding, scope, frame.worst)
        return
    forgiven = frame.worst == states.FAILED and isinstance(frame.plan, Sequence) and frame.plan.forgive
    task_runs.end(deciding, scope, states.WARNING if forgiven else frame.worst)


def _begin_phase(deciding: Deciding, scope: TaskRun, frame: Frame, phase: Phase) -> None:
    frame.phase, frame.next, frame.failed = phase, 0, False
    frame.started, frame.ended = [], []
    deciding.wait(scope, "children")
    deciding.look_at(scope)


def condition_answered(deciding: Deciding, run: TaskRun, answer: Answered) -> None:
    """End a loop whose condition holds or whose maximum is reached; else arm its next turn."""
    run.request = None
    frame = frame_of(run)
    loop = frame.plan
    assert isinstance(loop, Loop)
    if answer.error:
        _fail_loop(deciding, run, frame, answer.error)
    elif truthy(answer.values["condition"]):
        next_phase(deciding, run, frame)
    elif _exhausted(deciding, run, frame, loop):
        if loop.fail_on_max:
            _fail_loop(deciding, run, frame, "The loop reached its maximum before its condition held.")
        else:
            next_phase(deciding, run, frame)
    else:
        deciding.wait(run, "timer", deciding.now + timedelta(seconds=loop.interval_seconds))


def _fail_loop(deciding: Deciding, run: TaskRun, frame: Frame, reason: str) -> None:
    deciding.log(run, "ERROR", reason)
    frame.own = states.FAILED
    frame.worst = states.worse(frame.worst, frame.own)
    next_phase(deciding, run, frame)


def _exhausted(deciding: Deciding, run: TaskRun, frame: Frame, loop: Loop) -> bool:
    if loop.max_iterations is not None and frame.iteration + 1 > loop.max_iterations:
        return True
    return loop.max_seconds is not None and deciding.now > run.created_at + timedelta(
        seconds=loop.max_seconds
    )


def turn(deciding: Deciding, run: TaskRun) -> None:
    """Begin a loop's next iteration: its children's runs are replaced."""
    frame = frame_of(run)
    deciding.decision.dropped_children_of.append(run.id)
    frame.iteration, frame.next, frame.failed = frame.iteration + 1, 0, False
    run.outputs = {**(run.outputs or {}), "iterationCount": frame.iteration + 1}
    deciding.wait(run, "children")
    deciding.look_at(run)
