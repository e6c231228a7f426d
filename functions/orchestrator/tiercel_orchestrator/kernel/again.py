"""Running again: what somebody asks of an execution that has ended, and a scope's own retry.

What is to run again becomes RESTARTED, the scopes above it RUNNING, and their frames are counted anew from
the runs that are there. That is one commit; the execution goes on with the next.
"""

from datetime import datetime

from tiercel.flows.plans import Batches, Each, Graph, Iterations, Pause, Slice, Subflow
from tiercel_orchestrator.kernel import (
    batches,
    iterations,
    scopes,
    shards,
    states,
    task_runs,
    timeouts,
    watching,
)
from tiercel_orchestrator.kernel.deciding import Deciding, frame_of
from tiercel_orchestrator.kernel.decision import Wants
from tiercel_orchestrator.kernel.events import LabelsRequested, MarkRequested, StateRequested
from tiercel_orchestrator.kernel.rows import Frame, Phase, TaskRun
from tiercel_orchestrator.kernel.succession import drop_successors
from tiercel_orchestrator.kernel.tree import PHASES, Tree, is_scope

RESTARTED = "system.restarted"
"""The label of an execution that was restarted."""
NOTHING = "No task found to restart from: none of execution {id}, which is {state}, has failed."
RUNS = "Execution {id} is {state}; wait until it has ended, or kill it."
FINAL = (states.SUCCESS, states.WARNING, states.FAILED, states.KILLED, states.CANCELLED)


def restart(deciding: Deciding, root: TaskRun) -> None:
    """Run again what has failed in an ended execution, and go on from there."""
    if not root.ended:
        _refuse(deciding, RUNS)
        return
    tree = Tree(deciding)
    root.frame = root.frame or Frame()  # one that was ended before it began has none
    if not _reopen(deciding, tree, root):
        if deciding.execution.state not in states.UNSUCCESSFUL:
            _refuse(deciding, NOTHING)
            return
        # no task failed: the outputs did, or an agreement, or it never began
        _open(deciding, tree, root, "tasks")
    deciding.execution.labels = {**deciding.execution.labels, RESTARTED: "true"}
    _restarted(deciding, root)


def mark(deciding: Deciding, root: TaskRun, event: MarkRequested) -> None:
    """Put a task run into a state, and go on from there."""
    if not root.ended:
        _refuse(deciding, RUNS)
        return
    tree = Tree(deciding)
    target = deciding.runs.get(event.target_id)
    if target is None or not target.shown:
        deciding.refuse(f"Execution {deciding.execution.id} has no task run '{event.target_id}'.")
        return
    if event.state not in FINAL:
        deciding.refuse(f"A task run cannot be put into {event.state}; name one of {', '.join(FINAL)}.")
        return
    target.enter(event.state, deciding.now)
    if target.attempts:
        target.attempts[-1].state = event.state
        target.attempts[-1].history.append(target.history[-1])
    deciding.touch(target)
    below = target
    for scope in tree.lineage(target):
        _open(deciding, tree, scope, tree.phase_of(scope, below) or "tasks")
        below = scope
    _restarted(deciding, root)


def run_again_from(deciding: Deciding, target: TaskRun) -> None:
    """Run a task run again, with all that follows from it."""
    tree = Tree(deciding)
    _revive(deciding, tree, target)
    below = target
    for scope in tree.lineage(target):
        drop_successors(tree, scope, below)
        _open(deciding, tree, scope, tree.phase_of(scope, below) or "tasks")
        below = scope
    _restarted(deciding, deciding.root)


def set_state(deciding: Deciding, root: TaskRun, event: StateRequested) -> None:
    """Put an ended execution into another last state; nothing runs again."""
    if not root.ended:
        _refuse(deciding, RUNS)
    elif event.state not in FINAL:
        deciding.refuse(f"An execution cannot be put into {event.state}; name one of {', '.join(FINAL)}.")
    else:
        deciding.execution_put_into(event.state)


def set_labels(deciding: Deciding, root: TaskRun, event: LabelsRequested) -> None:
    """Set labels of an ended execution, and take away those that are set to nothing; the others stay."""
    if not root.ended:
        _refuse(deciding, RUNS)
    else:
        labels = {**deciding.execution.labels, **event.labels}
        deciding.execution.labels = {key: value for key, value in labels.items() if key and value}
        deciding.decision.execution_changed = True


def go_on(deciding: Deciding) -> None:
    """Go on with an execution that was restarted: its RESTARTED runs begin, its open scopes look around."""
    if deciding.extent == "lineage":
        raise Wants("live")
    root = deciding.root
    deciding.execution_enters(states.RUNNING)
    root.enter(states.RUNNING, deciding.now)
    deciding.wait(root, "children")
    watching.end(deciding)  # those that have done their work are still there
    watching.begin(deciding, root)
    let_go(deciding)


def let_go(deciding: Deciding) -> None:
    """Begin with what stands still; then every open scope looks around."""
    live = list(deciding.runs.values())
    for run in live:
        if run.work == "held" and run.attempts:
            task_runs.revive(deciding, run)
        elif run.work == "held":
            task_runs.enter(deciding, run)
    for run in live:
        if run.work == "children":
            deciding.look_at(run)


def retry_scope(deciding: Deciding, scope: TaskRun, due: datetime) -> None:
    """Try again what failed in a scope whose errors have run, from a moment on."""
    tree = Tree(deciding)
    tries = frame_of(scope).tries + 1
    if not _reopen(deciding, tree, scope):
        # it failed by itself: a loop at its maximum, a pause that nobody resumed
        _begin_anew(deciding, tree, scope, due)
    frame_of(scope).tries = tries
    for run in [run for run in deciding.runs.values() if run.work == "held" and _is_below(tree, scope, run)]:
        if run.attempts:  # one that was stopped before it began has none
            run.state, run.history[-1] = states.RETRYING, (states.RETRYING, run.history[-1][1])
        task_runs.await_try(deciding, run, due)
    for run in deciding.runs.values():
        if run.role == "shard" and run.work == "children" and not frame_of(run).running:
            deciding.look_at(run)  # it was opened with the others, and has nothing to wait for


def _is_below(tree: Tree, scope: TaskRun, run: TaskRun) -> bool:
    return any(above is scope for above in tree.lineage(run))


def _begin_anew(deciding: Deciding, tree: Tree, scope: TaskRun, due: datetime) -> None:
    tree.drop_below(scope)
    timeouts.end(deciding, scope)
    scope.end_attempt(states.FAILED, deciding.now)
    scope.enter(states.RETRYING, deciding.now)
    scope.attempt += 1
    scope.frame, scope.outputs = Frame(frame_of(scope).plan), None
    task_runs.await_try(deciding, scope, due)


def _refuse(deciding: Deciding, reason: str) -> None:
    execution = deciding.execution
    deciding.refuse(reason.format(id=execution.id, state=execution.state))


def _restarted(deciding: Deciding, root: TaskRun) -> None:
    deciding.execution_put_into(states.RESTARTED)
    deciding.execution.outputs = None
    root.enter(states.RESTARTED, deciding.now)
    deciding.wait(root, "timer", deciding.now)


def _reopen(deciding: Deciding, tree: Tree, scope: TaskRun) -> bool:
    """Revive what has failed below a scope, in the first phase where something has; say whether it has.

    A scope that failed by itself runs again as a whole.
    """
    if frame_of(scope).own in states.UNSUCCESSFUL:
        return False
    for phase in PHASES:
        failed = [run for run in tree.in_phase(scope, phase) if run.state in states.UNSUCCESSFUL]
        if failed and phase != "errors":
            break
    else:
        return False
    for run in failed:
        if is_scope(run) and _reopen(deciding, tree, run):
            continue
        if run.role == "shard" and run.frame is not None:
            _open(deciding, tree, run, "tasks")  # it ended with others, and its values have ended well
        else:
            _revive(deciding, tree, run)
    _open(deciding, tree, scope, phase)
    return True


def _revive(deciding: Deciding, tree: Tree, run: TaskRun) -> None:
    tree.drop_below(run)
    timeouts.end(deciding, run)
    subflow = run.frame.plan if run.frame else None
    flowable = is_scope(run) and not isinstance(subflow, Subflow | Pause)
    run.enter(states.RUNNING if flowable else states.RESTARTED, deciding.now)
    if isinstance(subflow, Subflow) and subflow.restart_child and run.outputs:
        run.outputs = {"executionId": run.outputs["executionId"]}
    else:
        run.attempt = len(run.attempts) + 1
        run.frame = run.outputs = None
    run.request = None
    deciding.wait(run, "held")


def _open(deciding: Deciding, tree: Tree, scope: TaskRun, phase: Phase) -> None:
    """Turn a scope back to a phase: what came after it goes, its frame is counted anew.

    What comes after an execution comes after each of its ends, so there is no turning back to a part of it.
    """
    phase = "finally" if phase == "after" else phase
    later = PHASES[PHASES.index(phase) + 1 :]
    for child in [child for child in tree.children(scope) if tree.phase_of(scope, child) in later]:
        tree.drop(child)
    if phase == "tasks" and shards.is_wide(frame_of(scope).plan):
        for shard in [child for child in tree.children(scope) if child.role == "shard" and child.ended]:
            _open(deciding, tree, shard, phase)  # it may have stopped because another one failed
    timeouts.end(deciding, scope)
    scope.frame = _counted(deciding, tree, scope, phase)
    timeouts.begin(deciding, scope)
    if not scope.is_root and scope.ended:
        scope.enter(states.RUNNING, deciding.now)
        if scope.attempts:
            scope.attempts[-1].state = states.RUNNING
            scope.attempts[-1].history.append(scope.history[-1])
    scope.request = None
    deciding.wait(scope, "children")


def _counted(deciding: Deciding, tree: Tree, scope: TaskRun, phase: Phase) -> Frame:
    """Count a frame from the runs that are there, and lay down what a value of an each still lacks."""
    old = frame_of(scope)
    frame = Frame(old.plan, phase, iteration=old.iteration, opened=old.opened + 1, own=old.own, worst=old.own)
    frame.seconds = old.seconds
    children = tree.in_phase(scope, phase)
    for child in tree.children(scope):
        if child.ended:
            frame.worst = states.worse(frame.worst, child.state)
    frame.failed = any(child.state in states.UNSUCCESSFUL for child in children)
    live = [child for child in children if not child.ended]
    frame.next, frame.running = len({child.task_id for child in children}), len(live)
    if isinstance(old.plan, Batches):
        frame.next = len(children)
        for child in children:
            if child.ended:
                batches.count(frame, child)
    if isinstance(old.plan, Iterations) and phase == "tasks":
        _count_iterations(frame, children)
    if isinstance(old.plan, Graph) and phase == "tasks":
        frame.started = [child.task_id or "" for child in children]
        frame.ended = [child.task_id or "" for child in children if child.ended]
    if shards.is_wide(old.plan) and phase == "tasks":
        frame.next = len(children)
    elif isinstance(old.plan, Each | Slice) and phase == "tasks":
        _count_values(deciding, scope, frame, old.plan, children)
    return frame


def _count_iterations(frame: Frame, children: list[TaskRun]) -> None:
    frame.worst, frame.failed, frame.next = frame.own, False, len(children)
    for child in children:
        if child.ended:
            iterations.count(frame, child)


def _count_values(
    deciding: Deciding, scope: TaskRun, frame: Frame, plan: Each | Slice, children: list[TaskRun]
) -> None:
    by_value: dict[int, list[TaskRun]] = {}
    for child in children:
        by_value.setdefault(child.iteration or 0, []).append(child)
    last = max(by_value, default=-1)
    frame.next = (last - plan.first) // plan.step + 1 if isinstance(plan, Slice) else last + 1
    if plan.parallel_children:
        return
    frame.running = 0
    for runs in by_value.values():
        if any(not run.ended for run in runs) or (
            not frame.failed and scopes.lay_down_following(deciding, scope, runs[-1])
        ):
            frame.running += 1
