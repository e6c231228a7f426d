"""The kernel: (flow, touched state, event) -> decision. No I/O, no clock, no randomness, no rendering."""

from datetime import datetime

from tiercel.flows.models import Flow
from tiercel_orchestrator.kernel import (
    admission,
    again,
    executions,
    iterations,
    pauses,
    scopes,
    states,
    subflows,
    task_runs,
    timeouts,
    watching,
)
from tiercel_orchestrator.kernel.deciding import Deciding
from tiercel_orchestrator.kernel.decision import Decision, Touched
from tiercel_orchestrator.kernel.events import (
    Answered,
    ChildEnded,
    Due,
    Ended,
    Event,
    GoOnRequested,
    KillRequested,
    LabelsRequested,
    MarkRequested,
    Operation,
    PauseRequested,
    ReleaseRequested,
    RestartRequested,
    Resumed,
    SlotFreed,
    Snoozed,
    Started,
    StateRequested,
)
from tiercel_orchestrator.kernel.rows import TaskRun


def decide(
    flow: Flow, touched: Touched, event: Event, now: datetime, heard: frozenset[str] = frozenset()
) -> Decision:
    """Decide what follows from an event. `touched` is changed in place; the decision names what changed.

    `heard`: the states of the execution that some other flow's trigger listens to.
    """
    deciding = Deciding(flow, touched, now, heard)
    run = touched.runs.get(event.run_id)
    if run is not None and isinstance(event, Operation):
        _operate(deciding, run, event)
    elif run is None or run.ended:
        deciding.decision.ignored = True
    else:
        _take(deciding, run, event)
    while deciding.agenda:
        scope, child = deciding.agenda.pop(0)
        scopes.look(deciding, scope, child)
    return deciding.decision


def _take(deciding: Deciding, run: TaskRun, event: Event) -> None:
    match event:
        case Started(stillborn=reason) if reason is not None:
            deciding.log(run, "ERROR", reason)
            executions.end_unstarted(deciding, run, states.FAILED)
        case Started():
            if states.CREATED in deciding.heard:
                deciding.herald(states.CREATED)
            admission.admit(deciding, run)
        case SlotFreed() if run.work == "queued":
            admission.admit(deciding, run)
        case Ended() if _in_time(run, event.lease):
            task_runs.ended(deciding, run, event)
        case Snoozed() if _in_time(run, event.lease):
            deciding.wait(run, "ready", event.until)
        case Answered() if _in_time(run, event.lease) and run.request:
            _answered(deciding, run, event)
        case Due() if run.work == "timer" and run.role == "monitor":
            (watching if run.value is None else timeouts).due(deciding, run)
        case Due() if run.work == "timer" and run.is_root:
            admission.admit(deciding, run)
        case Due() if run.work == "timer" and run.role == "batch":
            task_runs.prepare(deciding, run)
        case Due() if run.work == "timer":
            scopes.turn(deciding, run)
        case Due() if run.work == "paused":
            pauses.over(deciding, run)
        case Resumed() if run.state == states.PAUSED:
            pauses.resume(deciding, run, {"onResume": event.inputs} if event.inputs else {})
        case ChildEnded():
            subflows.ended(deciding, run, event)
        case KillRequested():
            executions.kill(deciding, states.KILLED)
        case _:
            deciding.decision.ignored = True


def _operate(deciding: Deciding, root: TaskRun, event: Operation) -> None:
    match event:
        case RestartRequested():
            again.restart(deciding, root)
        case MarkRequested():
            again.mark(deciding, root, event)
        case StateRequested():
            again.set_state(deciding, root, event)
        case LabelsRequested():
            again.set_labels(deciding, root, event)
        case ReleaseRequested():
            admission.release(deciding, root, event)
        case PauseRequested():
            admission.pause(deciding, root)
        case GoOnRequested():
            admission.go_on(deciding, root)


def _in_time(run: TaskRun, lease: int) -> bool:
    return run.work == "leased" and run.lease == lease


def _answered(deciding: Deciding, run: TaskRun, answer: Answered) -> None:
    if run.role == "monitor":
        watching.answered(deciding, run, answer)
    elif run.request == "assertions":
        executions.assertions_answered(deciding, run, answer)
    elif run.request == "outputs":
        executions.outputs_answered(deciding, run, answer)
    elif run.request == "childOutputs":
        subflows.outputs_answered(deciding, run, answer)
    elif run.request == "iterationOutputs":
        iterations.outputs_answered(deciding, run, answer)
    elif run.request == "gather":
        iterations.gathered(deciding, run, answer)
    elif run.request == "closeDirectory":
        scopes.directory_closed(deciding, run, answer)
    elif run.request == "condition":
        scopes.condition_answered(deciding, run, answer)
    else:
        task_runs.answered(deciding, run, answer)
