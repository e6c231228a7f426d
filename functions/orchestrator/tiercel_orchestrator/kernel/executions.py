"""The life of an execution: its start, its outputs, its last state, and how it is killed or stopped."""

from collections.abc import Iterator

from tiercel_orchestrator.kernel import states, watching
from tiercel_orchestrator.kernel.deciding import Deciding, frame_of
from tiercel_orchestrator.kernel.decision import Wants
from tiercel_orchestrator.kernel.events import Answered, ChildEnded
from tiercel_orchestrator.kernel.rows import Frame, TaskRun

LEAF_OUTPUTS = "system.leafOutputs"
"""The label of an execution whose outputs are those of its leaf tasks, where its flow declares none."""


def start(deciding: Deciding, root: TaskRun) -> None:
    """Begin with the first tasks."""
    deciding.execution_enters(states.RUNNING)
    root.enter(states.RUNNING, deciding.now)
    root.frame = Frame()
    deciding.wait(root, "children")
    watching.begin(deciding, root)
    deciding.look_at(root)


def end_unstarted(deciding: Deciding, root: TaskRun, state: str) -> None:
    """End an execution of which nothing has run."""
    root.frame = Frame(worst=state)
    root.enter(states.RUNNING, deciding.now)
    deciding.execution_enters(state)
    close(deciding, root)


def blocks_over(deciding: Deciding, root: TaskRun) -> None:
    """The flow's blocks are through: see whether what was agreed on holds."""
    if watching.assertions(deciding.flow.agreements):
        deciding.ask(root, "assertions")
    else:
        _evaluate(deciding, root)


def assertions_answered(deciding: Deciding, root: TaskRun, answer: Answered) -> None:
    """Take what has become of the assertions at the end."""
    watching.check(deciding, answer.values)
    root.request = None
    if not root.ended:
        _evaluate(deciding, root)


def _evaluate(deciding: Deciding, root: TaskRun) -> None:
    """Evaluate the flow's outputs, then give the execution its last state."""
    hopeless = frame_of(root).worst in (states.KILLED, states.CANCELLED)
    wanted = deciding.flow.outputs or LEAF_OUTPUTS in deciding.execution.labels
    if wanted and not hopeless:
        deciding.ask(root, "outputs")
    else:
        _enter_last_state(deciding, root)


def outputs_answered(deciding: Deciding, root: TaskRun, answer: Answered) -> None:
    """Take the flow's outputs; a failure to evaluate them fails the execution."""
    for warning in answer.warnings:
        deciding.log(root, "WARN", warning)
    if answer.error:
        deciding.log(root, "ERROR", answer.error)
        frame_of(root).worst = states.worse(frame_of(root).worst, states.FAILED)
    else:
        deciding.execution.outputs = answer.values
    root.request = None
    _enter_last_state(deciding, root)


def _enter_last_state(deciding: Deciding, root: TaskRun) -> None:
    frame = frame_of(root)
    deciding.execution_enters(frame.worst)
    watching.end(deciding)
    _begin_after(deciding, root)


def _begin_after(deciding: Deciding, root: TaskRun) -> None:
    """Turn to what comes after the execution, whose last state is known."""
    frame = frame_of(root)
    frame.phase, frame.next, frame.running, frame.failed, frame.held = "after", 0, 0, False, False
    frame.started, frame.ended, frame.left = [], [], 0
    deciding.wait(root, "children")
    deciding.look_at(root)


def close(deciding: Deciding, root: TaskRun) -> None:
    """Nothing of the execution runs any more, what comes after it included."""
    root.enter(deciding.execution.state, deciding.now)
    deciding.wait(root, "")
    _tell_parent(deciding)


def _tell_parent(deciding: Deciding) -> None:
    execution = deciding.execution
    # one that is tried again has another in its place, which will tell
    if execution.parent_run_id and execution.state != states.RETRIED:
        original = execution.original_id or execution.id
        deciding.decision.follow_up.append(
            ChildEnded(execution.parent_run_id, original, execution.id, execution.state, execution.outputs)
        )


def kill(deciding: Deciding, state: str, of_runs: str | None = None) -> None:
    """End everything that lives: the execution in `state`, its runs too unless another is said for them.

    What comes after it has yet to run, unless nothing of it ever ran or another execution takes its place.
    """
    _end_live(deciding, of_runs or state)
    root = deciding.root
    if deciding.execution.state not in states.ENDED:
        if state == states.KILLED:
            deciding.execution_enters(states.KILLING)
        deciding.execution_enters(state)
    root.request = None
    deciding.agenda.clear()
    deciding.decision.kill_children = True
    if root.frame is not None and root.frame.phase != "after" and state != states.RETRIED:
        root.frame.worst = state
        _begin_after(deciding, root)
        return
    root.enter(state, deciding.now)
    deciding.wait(root, "")
    _tell_parent(deciding)


def stop(deciding: Deciding, run: TaskRun, state: str) -> None:
    """End the execution in `state`, as an Exit asks; nothing more starts, what runs may end first.

    A KILLED or CANCELLED takes all that lives with it.
    """
    if state in (states.KILLED, states.CANCELLED):
        kill(deciding, state)
        return
    if deciding.extent == "lineage":
        raise Wants("live")
    frame = frame_of(deciding.root)
    frame.worst, frame.left = state, 0
    above = list(_above(deciding, run))
    for other in _live(deciding):
        if other in above:
            end_run(deciding, other, state)
        elif _is_at_work(other):
            frame.left += 1
        else:
            end_run(deciding, other, states.KILLED)
    deciding.agenda.clear()
    deciding.touch(deciding.root)
    if not frame.left:
        _stopped(deciding)


def one_less(deciding: Deciding) -> None:
    """Take note that a run has ended of itself which an Exit had left."""
    frame = deciding.root.frame
    if frame is not None and frame.left:
        frame.left -= 1
        deciding.touch(deciding.root)
        if not frame.left:
            _stopped(deciding)


def _stopped(deciding: Deciding) -> None:
    root = deciding.root
    if frame_of(root).phase == "after":
        close(deciding, root)
    else:
        blocks_over(deciding, root)


def _is_at_work(run: TaskRun) -> bool:
    """Say whether a task has been handed out, or an execution been started and waited for."""
    handed_out = run.work in ("ready", "request", "leased", "child") and run.request in (None, "child")
    return run.role in ("", "batch") and handed_out and run.state != states.RETRYING


def _above(deciding: Deciding, run: TaskRun) -> Iterator[TaskRun]:
    while not run.is_root:
        yield run
        run = deciding.runs[run.parent_id or ""]


def _end_live(deciding: Deciding, state: str) -> None:
    if deciding.extent == "lineage":
        raise Wants("live")
    for run in _live(deciding):
        end_run(deciding, run, state)


def _live(deciding: Deciding) -> list[TaskRun]:
    return [run for run in deciding.runs.values() if not run.ended and not run.is_root and not run.heralds]


def end_run(deciding: Deciding, run: TaskRun, state: str) -> None:
    """End a run, and tell nobody; what only watches is not needed any more."""
    if run.role == "monitor":
        deciding.drop(run)
        return
    run.end_attempt(state, deciding.now)
    run.enter(state, deciding.now)
    run.request = None
    deciding.wait(run, "")
