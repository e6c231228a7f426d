"""The kernel: (flow, touched state, event) -> decision. No I/O, no clock, no randomness, no rendering."""

from datetime import datetime

from tiercel.flows.models import Flow
from tiercel_orchestrator.kernel import executions, scopes, states, task_runs
from tiercel_orchestrator.kernel.deciding import Deciding
from tiercel_orchestrator.kernel.decision import Decision, Touched
from tiercel_orchestrator.kernel.events import (
    Answered,
    ChildEnded,
    Due,
    Ended,
    Event,
    KillRequested,
    Resumed,
    Snoozed,
    Started,
)
from tiercel_orchestrator.kernel.rows import TaskRun


def decide(flow: Flow, touched: Touched, event: Event, now: datetime) -> Decision:
    """Decide what follows from an event. `touched` is changed in place; the decision names what changed."""
    deciding = Deciding(flow, touched, now)
    run = touched.runs.get(event.run_id)
    if run is None or run.ended:
        deciding.decision.ignored = True
    else:
        _take(deciding, run, event)
    while deciding.agenda:
        scope, child = deciding.agenda.pop(0)
        scopes.look(deciding, scope, child)
    return deciding.decision


def _take(deciding: Deciding, run: TaskRun, event: Event) -> None:
    match event:
        case Started():
            executions.start(deciding, run)
        case Ended() if _in_time(run, event.lease):
            task_runs.ended(deciding, run, event)
        case Snoozed() if _in_time(run, event.lease):
            deciding.wait(run, "ready", event.until)
        case Answered() if _in_time(run, event.lease) and run.request:
            _answered(deciding, run, event)
        case Due() if run.work == "timer" and run.is_root:
            executions.start(deciding, run)
        case Due() if run.work == "timer":
            scopes.turn(deciding, run)
        case Due() if run.work == "paused":
            task_runs.pause_over(deciding, run)
        case Resumed() if run.state == states.PAUSED:
            task_runs.resume(deciding, run, {"onResume": event.inputs} if event.inputs else {})
        case ChildEnded():
            task_runs.child_execution_ended(deciding, run, event)
        case KillRequested():
            executions.kill(deciding, states.KILLED)
        case _:
            deciding.decision.ignored = True


def _in_time(run: TaskRun, lease: int) -> bool:
    return run.work == "leased" and run.lease == lease


def _answered(deciding: Deciding, run: TaskRun, answer: Answered) -> None:
    if run.request == "outputs":
        executions.outputs_answered(deciding, run, answer)
    elif run.request == "childOutputs":
        task_runs.child_outputs_answered(deciding, run, answer)
    elif run.request == "closeDirectory":
        scopes.directory_closed(deciding, run, answer)
    elif run.request == "condition":
        scopes.condition_answered(deciding, run, answer)
    else:
        task_runs.answered(deciding, run, answer)
