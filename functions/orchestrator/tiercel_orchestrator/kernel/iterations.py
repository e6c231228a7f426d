"""The iterations of a Loop: one row of the engine's own for each, with the loop's tasks below it.

Each is a world of its own: its tasks see its outputs and those from outside, and from outside nothing is
seen but what the loop declares as its outputs.
"""

from typing import Any

from tiercel.flows.plans import Iterations, Sequence
from tiercel_orchestrator.kernel import states, task_runs
from tiercel_orchestrator.kernel.deciding import Deciding, frame_of
from tiercel_orchestrator.kernel.events import Answered
from tiercel_orchestrator.kernel.rows import Frame, TaskRun


def begin(deciding: Deciding, iteration: TaskRun) -> None:
    """Begin with the loop's tasks for one value."""
    task_runs.begin(deciding, iteration)
    iteration.frame = Frame(Sequence())
    task_runs.go_on(deciding, iteration)


def over(deciding: Deciding, iteration: TaskRun) -> None:
    """Its tasks have ended: evaluate the outputs that the loop declares, if they can be."""
    worst = frame_of(iteration).worst
    if deciding.task(iteration).params.get("outputs") and worst not in states.UNSUCCESSFUL:
        deciding.ask(iteration, "iterationOutputs")
    else:
        task_runs.close(deciding, iteration, worst)


def outputs_answered(deciding: Deciding, iteration: TaskRun, answer: Answered) -> None:
    """Take an iteration's outputs; a failure to evaluate them fails it."""
    state = frame_of(iteration).worst
    for warning in answer.warnings:
        deciding.log(iteration, "WARN", warning)
    if answer.error:
        deciding.log(iteration, "ERROR", answer.error)
        state = states.FAILED
    else:
        iteration.outputs = answer.values
    task_runs.close(deciding, iteration, state)


def count(frame: Frame, iteration: TaskRun) -> None:
    """Count the end of an iteration; its failure is the loop's, if the loop says so."""
    assert isinstance(frame.plan, Iterations)
    frame.tally[iteration.state] = frame.tally.get(iteration.state, 0) + 1
    if frame.plan.transmit_failed or iteration.state not in states.UNSUCCESSFUL:
        frame.worst = states.worse(frame.worst, iteration.state)
        frame.failed = frame.failed or iteration.state in states.UNSUCCESSFUL


def counts(frame: Frame) -> dict[str, Any]:
    """Give what a Loop says of its iterations."""
    assert isinstance(frame.plan, Iterations)
    return {
        "iterationCount": len(frame.plan.values),
        "runningIterations": 0,
        "terminatedIterations": sum(frame.tally.values()),
    }


def gathered(deciding: Deciding, loop: TaskRun, answer: Answered) -> None:
    """Take the outputs of all iterations, and end the loop."""
    loop.request = None
    frame = frame_of(loop)
    if answer.error:
        deciding.log(loop, "ERROR", answer.error)
        frame.worst = states.worse(frame.worst, states.FAILED)
    loop.outputs = {**counts(frame), **answer.values}
    task_runs.end(deciding, loop, frame.worst)
