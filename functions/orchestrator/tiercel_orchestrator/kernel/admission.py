"""Who may run: concurrency limits, the queue before them, and executions that somebody makes stand still."""

from tiercel_orchestrator.kernel import again, executions, states
from tiercel_orchestrator.kernel.deciding import Deciding, frame_of
from tiercel_orchestrator.kernel.decision import Wants
from tiercel_orchestrator.kernel.events import ReleaseRequested
from tiercel_orchestrator.kernel.rows import TaskRun

ENDS = {"CANCEL": states.CANCELLED, "FAIL": states.FAILED}


def admit(deciding: Deciding, root: TaskRun) -> None:
    """Begin with an execution, or go on with a restarted one, if its flow's concurrency limit lets it."""
    limit = deciding.flow.concurrency
    if limit is None:
        _begin(deciding, root)
        return
    if deciding.others_running is None:
        raise Wants(slots=True)
    if deciding.others_running < limit.limit:
        _begin(deciding, root)
    elif limit.behavior == "QUEUE":
        deciding.execution_enters(states.QUEUED)
        deciding.wait(root, "queued")
    else:
        reason = f"{deciding.others_running} executions of this flow run, and its limit is {limit.limit}."
        deciding.log(root, "ERROR" if limit.behavior == "FAIL" else "WARN", reason)
        _end(deciding, root, ENDS[limit.behavior])


def _begin(deciding: Deciding, root: TaskRun) -> None:
    if root.frame is None:
        executions.start(deciding, root)
    else:
        again.go_on(deciding)


def _end(deciding: Deciding, root: TaskRun, state: str) -> None:
    if root.frame is None:
        executions.end_unstarted(deciding, root, state)
    else:
        executions.kill(deciding, state)


def release(deciding: Deciding, root: TaskRun, event: ReleaseRequested) -> None:
    """Take an execution out of the queue: start it whatever the limit says, or end it."""
    if root.ended or root.work not in ("queued", "timer") or deciding.execution.state == states.RESTARTED:
        deciding.refuse(
            f"Execution {deciding.execution.id} is {deciding.execution.state}; only one that is queued or "
            "waits for its date can be released."
        )
    elif event.state == states.RUNNING:
        _begin(deciding, root)
    elif event.state in (states.CANCELLED, states.FAILED):
        _end(deciding, root, event.state)
    else:
        deciding.refuse(f"A queued execution becomes RUNNING, CANCELLED or FAILED, not {event.state}.")


def pause(deciding: Deciding, root: TaskRun) -> None:
    """Let an execution stand still: what runs ends, and nothing more starts."""
    execution = deciding.execution
    if root.ended or execution.state != states.RUNNING:
        deciding.refuse(
            f"Execution {execution.id} is {execution.state}; only one that is RUNNING can be paused."
        )
        return
    frame_of(root).held = True
    deciding.touch(root)
    deciding.execution_enters(states.PAUSED)


def go_on(deciding: Deciding, root: TaskRun) -> None:
    """Let an execution go on that somebody made stand still."""
    if root.ended or root.frame is None or not root.frame.held:
        deciding.refuse(
            f"Execution {deciding.execution.id} is {deciding.execution.state}, and nobody has paused it."
        )
        return
    if deciding.extent == "lineage":
        raise Wants("live")
    root.frame.held = False
    deciding.touch(root)
    deciding.execution_enters(states.RESTARTED)
    deciding.execution_enters(states.RUNNING)
    again.let_go(deciding)
