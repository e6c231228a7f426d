"""The executions of a ForEachItem: one row of the engine's own for each batch."""

from typing import Any

from tiercel.flows.plans import Batches, Iterations
from tiercel_orchestrator.kernel import iterations, states, subflows, task_runs
from tiercel_orchestrator.kernel.deciding import Deciding, frame_of
from tiercel_orchestrator.kernel.rows import Frame, TaskRun


def begin(deciding: Deciding, batch: TaskRun) -> None:
    """Start the flow for one batch, or an iteration of a Loop."""
    plan = frame_of(deciding.runs[batch.parent_id or ""]).plan
    if isinstance(plan, Iterations):
        iterations.begin(deciding, batch)
        return
    assert isinstance(plan, Batches)
    task_runs.begin(deciding, batch)
    subflows.start(deciding, batch, plan.subflow)


def count(frame: Frame, batch: TaskRun) -> None:
    """Count the end of a batch, by the state of its execution."""
    state = (batch.outputs or {}).get("state", batch.state)
    frame.tally[state] = frame.tally.get(state, 0) + 1


def outputs(frame: Frame) -> dict[str, Any]:
    """Give what a ForEachItem says of its executions once all have ended."""
    assert isinstance(frame.plan, Batches)
    return {
        "numberOfBatches": len(frame.plan.items),
        "iterations": {states.CREATED: 0, states.RUNNING: 0, **frame.tally},
    }
