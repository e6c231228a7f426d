"""The life of a task run: entered, prepared, carried out, tried again, closed."""

from datetime import datetime
from typing import Any

from tiercel.clock import parse_timestamp
from tiercel.errors import TiercelError
from tiercel.expressions import is_template, truthy
from tiercel.flows.control import control_of, plan
from tiercel.flows.models import Retry, Task
from tiercel.flows.plans import Each, Loop, Merge, Pause, Plan, Sequence, Stop, Subflow, Update
from tiercel.flows.values import as_seconds
from tiercel_orchestrator.kernel import batches, executions, pauses, shards, states, subflows, timeouts
from tiercel_orchestrator.kernel.deciding import Deciding, frame_of
from tiercel_orchestrator.kernel.events import Answered, Ended
from tiercel_orchestrator.kernel.retry import next_try, policy
from tiercel_orchestrator.kernel.rows import Frame, TaskRun


def enter(deciding: Deciding, run: TaskRun) -> None:
    """Begin with a run that has just been laid down."""
    task = deciding.task(run)
    if run.role:
        prepare(deciding, run)
        return
    if is_template(task.run_if):
        deciding.ask(run, "runIf")
    elif truthy(task.run_if):
        prepare(deciding, run)
    else:
        close(deciding, run, states.SKIPPED)


def prepare(deciding: Deciding, run: TaskRun) -> None:
    """Hand a run to a family, or find out what a flow-control task decides."""
    if run.role == "batch":
        batches.begin(deciding, run)
        return
    if run.role == "shard":
        shards.begin(deciding, run)
        return
    task = deciding.task(run)
    control = control_of(task.type)
    if control is None:
        deciding.wait(run, "ready", deciding.now)
    elif control.templates(task):
        deciding.ask(run, "plan")
    else:
        _planned(deciding, run, task, {})


def revive(deciding: Deciding, run: TaskRun) -> None:
    """Begin anew with a run of a restarted execution; a Subflow restarts the execution that it started."""
    if run.frame is None:
        enter(deciding, run)
        return
    run.enter(states.RUNNING, deciding.now)
    run.attempts[-1].state = states.RUNNING
    timeouts.begin(deciding, run)
    deciding.ask(run, "child")


def answered(deciding: Deciding, run: TaskRun, answer: Answered) -> None:
    """Go on with what the shell rendered or started."""
    request, run.request = run.request, None
    if answer.error:
        if request == "child":
            run.outputs = None  # there is no execution of that id
        begin(deciding, run)
        fail(deciding, run, answer.error)
    elif request == "runIf" and truthy(answer.values["runIf"]):
        prepare(deciding, run)
    elif request == "runIf":
        close(deciding, run, states.SKIPPED)
    elif request == "merge":
        run.outputs = answer.values or None
        end(deciding, run, states.SUCCESS)
    elif request == "child":
        subflows.started(deciding, run)
    elif request == "openDirectory":
        go_on(deciding, run)
    else:
        _planned(deciding, run, deciding.task(run), answer.values)


def _planned(deciding: Deciding, run: TaskRun, task: Task, rendered: dict[str, Any]) -> None:
    begin(deciding, run)
    try:
        decided, outputs = plan(task, rendered, execution_variables=deciding.execution.variables)
        seconds = as_seconds({"timeout": rendered.get("timeout", task.timeout)}, "timeout")
    except TiercelError as error:
        fail(deciding, run, str(error))
        return
    # the items of an each stand in its plan, and its row is written with every child that ends
    run.outputs = None if isinstance(decided, Each) else outputs or None
    _carry_out(deciding, run, decided)
    if run.frame is not None and not run.ended and not isinstance(decided, Pause):
        run.frame.seconds = seconds
        timeouts.begin(deciding, run)


def _carry_out(deciding: Deciding, run: TaskRun, decided: Plan) -> None:
    match decided:
        case Pause():
            pauses.begin(deciding, run, decided)
        case Subflow():
            subflows.start(deciding, run, decided)
        case Merge():
            run.frame = Frame(decided)
            deciding.ask(run, "merge")
        case Stop():
            run.end_attempt(decided.state, deciding.now)
            executions.stop(deciding, run, decided.state)
        case Update():
            _update(deciding, decided)
            end(deciding, run, states.SUCCESS)
        case _:
            run.frame = framed(run, decided)
            if isinstance(decided, Loop):
                run.outputs = {"iterationCount": 1}
            if isinstance(decided, Sequence) and decided.directory:
                deciding.ask(run, "openDirectory")
            else:
                go_on(deciding, run)


def framed(run: TaskRun, decided: Plan) -> Frame:
    """Begin with a scope; one that tries again by itself knows how often it has."""
    return Frame(decided, tries=run.frame.tries if run.frame else 0)


def go_on(deciding: Deciding, run: TaskRun) -> None:
    """Turn to a scope's children."""
    deciding.wait(run, "children")
    deciding.look_at(run)


def _update(deciding: Deciding, update: Update) -> None:
    execution = deciding.execution
    if update.labels is not None:
        execution.labels = {**execution.labels, **update.labels}
    if update.variables is not None:
        execution.variables = dict(update.variables)
    deciding.decision.execution_changed = True


def begin(deciding: Deciding, run: TaskRun) -> None:
    """Put a run into RUNNING, with an open attempt."""
    run.begin(deciding.now)
    deciding.touch(run)


def ended(deciding: Deciding, run: TaskRun, event: Ended) -> None:
    """Take a family's answer."""
    if event.outputs:
        run.outputs = event.outputs
    begin(deciding, run)
    run.attempts[-1].log_file = event.log_file
    end(deciding, run, event.state, event.retry_after)


def fail(deciding: Deciding, run: TaskRun, message: str) -> None:
    """Fail a run for a reason of the engine's own."""
    deciding.log(run, "ERROR", message)
    end(deciding, run, states.FAILED)


def end(deciding: Deciding, run: TaskRun, state: str, retry_after: float | None = None) -> None:
    """End an attempt: try again if a retry says so, else close as allowFailure and allowWarning say."""
    task = deciding.task(run)
    # a scope's own retry belongs to its children: only what runs is tried again
    runs = run.frame is None or isinstance(run.frame.plan, Subflow | Merge)
    retry = (
        policy(deciding.flow, deciding.lineage(run)) if runs and not frame_of(deciding.root).left else None
    )
    if retry and state == states.FAILED:
        run.end_attempt(state, deciding.now)
        due = _next_try(deciding, run, retry, retry_after)
        if due is not None:
            _try_again(deciding, run, due, retry.new_execution)
            return
    if retry and retry.warning_on_retry and state == states.SUCCESS and run.attempt > 1:
        state = states.WARNING
    if state == states.FAILED and task.allow_failure:
        state = states.WARNING
    if state == states.WARNING and task.allow_warning:
        state = states.SUCCESS
    close(deciding, run, state)


def _next_try(deciding: Deciding, run: TaskRun, retry: Retry, retry_after: float | None) -> datetime | None:
    failures, first = len(run.attempts), run.created_at
    if retry.new_execution:
        failures, first = deciding.execution.attempt_number, parse_timestamp(deciding.execution.created_at)
    return next_try(retry, run.id, failures, first, deciding.now, retry_after)


def _try_again(deciding: Deciding, run: TaskRun, due: datetime, as_new_execution: bool) -> None:
    if as_new_execution:
        run.enter(states.FAILED, deciding.now)
        deciding.wait(run, "")
        executions.kill(deciding, states.RETRIED)
        deciding.decision.retry_at = due
        return
    timeouts.end(deciding, run)
    run.enter(states.RETRYING, deciding.now)
    run.attempt += 1
    run.frame = run.outputs = None
    await_try(deciding, run, due)


def await_try(deciding: Deciding, run: TaskRun, due: datetime) -> None:
    """Let a run wait for its next try, which begins as the first did."""
    task = deciding.task(run)
    if run.role == "batch":
        deciding.wait(run, "timer", due)
    elif is_template(task.run_if):
        run.request = "runIf"
        deciding.wait(run, "request", due)
    elif control_of(task.type):
        run.request = "plan"
        deciding.wait(run, "request", due)
    else:
        deciding.wait(run, "ready", due)


def close(deciding: Deciding, run: TaskRun, state: str) -> None:
    """Give a run its last state and tell the scope above."""
    timeouts.end(deciding, run)
    if not run.attempts:
        run.begin_attempt(deciding.now)
    run.end_attempt(state, deciding.now)
    run.enter(state, deciding.now)
    run.request = None
    deciding.wait(run, "")
    deciding.look_at(deciding.runs[run.parent_id or ""], run)
