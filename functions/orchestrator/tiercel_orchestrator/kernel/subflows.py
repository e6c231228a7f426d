"""Executions that a task run starts: their start, their end, and what comes of it for the run."""

from tiercel.flows.plans import Subflow
from tiercel_orchestrator.kernel import states, task_runs
from tiercel_orchestrator.kernel.deciding import Deciding, frame_of
from tiercel_orchestrator.kernel.events import Answered, ChildEnded
from tiercel_orchestrator.kernel.ids import derive
from tiercel_orchestrator.kernel.rows import Frame, TaskRun


def start(deciding: Deciding, run: TaskRun, subflow: Subflow) -> None:
    """Have an execution of another flow started."""
    run.frame = Frame(subflow)
    # its id is known before it exists: a child that ends at once finds its parent waiting
    run.outputs = {"executionId": execution_id(run)}
    deciding.ask(run, "child")


def execution_id(run: TaskRun) -> str:
    """Give the id of the execution that a run starts in its present attempt."""
    return derive(run.id, run.attempt, "child")


def started(deciding: Deciding, run: TaskRun) -> None:
    """Wait for an execution that has been started, if that is wanted."""
    subflow = frame_of(run).plan
    if isinstance(subflow, Subflow) and subflow.wait:
        deciding.wait(run, "child")
    else:
        task_runs.end(deciding, run, states.SUCCESS)


def ended(deciding: Deciding, run: TaskRun, event: ChildEnded) -> None:
    """Take over the state and outputs of the execution that this run started."""
    subflow = run.frame.plan if run.frame else None
    awaited = isinstance(subflow, Subflow) and subflow.wait and event.original_id == execution_id(run)
    if not isinstance(subflow, Subflow) or not awaited:
        deciding.decision.ignored = True
        return
    run.outputs = {"executionId": event.execution_id, "state": event.state}
    if event.outputs is not None:
        run.outputs["outputs"] = event.outputs
    elif subflow.outputs:
        deciding.ask(run, "childOutputs")
        return
    _transmit(deciding, run, subflow)


def outputs_answered(deciding: Deciding, run: TaskRun, answer: Answered) -> None:
    """Take the outputs that a Subflow task evaluates in its child; a failure there fails the task."""
    run.request = None
    subflow = frame_of(run).plan
    assert isinstance(subflow, Subflow)
    if answer.error:
        task_runs.fail(deciding, run, answer.error)
        return
    run.outputs = {**(run.outputs or {}), "outputs": answer.values}
    _transmit(deciding, run, subflow)


def _transmit(deciding: Deciding, run: TaskRun, subflow: Subflow) -> None:
    """End a Subflow task in the state of its child, where the flow wants that."""
    state = (run.outputs or {})["state"]
    # one that is cancelled has not failed: so it is in Kestra
    transmitted = subflow.transmit_failed and state in (states.FAILED, states.KILLED, states.WARNING)
    task_runs.end(deciding, run, state if transmitted else states.SUCCESS)
