"""The time that a flow-control task has, with all that runs inside of it.

Its monitor stands beside it, below the same scope: what is inside of a loop is dropped at each turn.
"""

from datetime import timedelta

from tiercel.flows.plans import Merge, Subflow
from tiercel_orchestrator.kernel import executions, scopes, states, subflows, task_runs, watching
from tiercel_orchestrator.kernel.deciding import Deciding, frame_of
from tiercel_orchestrator.kernel.decision import Wants
from tiercel_orchestrator.kernel.events import KillRequested
from tiercel_orchestrator.kernel.ids import derive, root_run_id
from tiercel_orchestrator.kernel.rows import TaskRun

AT_ITS_END = ("closeDirectory", "gather")
"""What a scope asks for when all that runs inside of it has ended."""


def begin(deciding: Deciding, run: TaskRun) -> None:
    """Set a monitor, whose moment comes when the time is over."""
    seconds = frame_of(run).seconds
    if seconds is not None:
        above = deciding.runs[run.parent_id or ""]
        monitor = watching.lay_down(deciding, above, monitor_id(run), of=run.id)
        deciding.wait(monitor, "timer", deciding.now + timedelta(seconds=seconds))


def end(deciding: Deciding, run: TaskRun) -> None:
    """Take the monitor away again."""
    if run.frame is None or run.frame.seconds is None:
        return
    monitor = deciding.runs.get(monitor_id(run))
    if monitor is not None:
        deciding.drop(monitor)
    else:
        deciding.decision.dropped.append(monitor_id(run))  # it was not needed to decide


def due(deciding: Deciding, monitor: TaskRun) -> None:
    """End what is still at work when its time is over: it has failed, and its errors may say more."""
    if deciding.extent == "lineage":
        raise Wants("live")
    run = deciding.runs.get(monitor.value or "")
    if run is None or run.ended:
        deciding.drop(monitor)
        return
    if deciding.execution.state == states.RESTARTED:  # it goes on in a moment
        deciding.wait(monitor, "timer", deciding.now + timedelta(seconds=1))
        return
    deciding.drop(monitor)
    if run.request in AT_ITS_END or monitor.id != monitor_id(run):
        return
    frame = frame_of(run)
    deciding.log(
        run,
        "ERROR",
        f"Timeout: it was stopped after {frame.seconds:g} s, with all that ran in it; "
        "give it a longer `timeout`, or less to do.",
    )
    run.request = None
    if isinstance(frame.plan, Subflow | Merge):
        _kill_child(deciding, run)
        task_runs.end(deciding, run, states.FAILED)
        return
    if not _end_inside(deciding, run):
        frame.own = states.FAILED  # a restart finds nothing inside that it could run again
    frame.worst = states.worse(frame.worst, states.FAILED)
    frame.failed, frame.running = True, 0
    deciding.touch(run)
    scopes.next_phase(deciding, run, frame)


def monitor_id(run: TaskRun) -> str:
    """Name the monitor of a scope; one that is tried or opened again has another."""
    return derive(run.id, run.attempt, frame_of(run).opened, "timeout")


def _end_inside(deciding: Deciding, scope: TaskRun) -> bool:
    """End what lives inside of a scope; say whether anything that people see did."""
    inside = [run for run in deciding.runs.values() if not run.ended and _is_inside(deciding, scope, run)]
    for run in inside:
        _kill_child(deciding, run)
        executions.end_run(deciding, run, states.KILLED)
    if deciding.execution.state == states.PAUSED and not frame_of(deciding.root).held:
        if not any(run.state == states.PAUSED for run in deciding.runs.values()):
            deciding.execution_enters(states.RUNNING)
    return any(run.shown for run in inside)


def _is_inside(deciding: Deciding, scope: TaskRun, run: TaskRun) -> bool:
    above = deciding.runs.get(run.parent_id or "")
    while above is not None and above is not scope:
        above = deciding.runs.get(above.parent_id or "")
    return above is scope


def _kill_child(deciding: Deciding, run: TaskRun) -> None:
    """Have the execution killed that a run has started and waits for."""
    if run.frame is not None and isinstance(run.frame.plan, Subflow):
        child = subflows.execution_id(run)
        deciding.decision.follow_up.append(KillRequested(root_run_id(child)))
