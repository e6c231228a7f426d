"""A run that waits for somebody, or for a moment: paused, resumed, or over."""

from datetime import timedelta
from typing import Any

from tiercel.clock import timestamp
from tiercel.flows.plans import Pause
from tiercel_orchestrator.kernel import executions, states, task_runs
from tiercel_orchestrator.kernel.deciding import Deciding, frame_of
from tiercel_orchestrator.kernel.rows import TaskRun


def begin(deciding: Deciding, run: TaskRun, pause: Pause) -> None:
    """Let a run wait, and with it the execution."""
    run.frame = task_runs.framed(run, pause)
    run.enter(states.PAUSED, deciding.now)
    seconds = pause.seconds
    deciding.wait(run, "paused", None if seconds is None else deciding.now + timedelta(seconds=seconds))
    deciding.execution_enters(states.PAUSED)
    deciding.look_at(run)


def over(deciding: Deciding, run: TaskRun) -> None:
    """Nobody resumed in time: do what the pause says."""
    pause = frame_of(run).plan
    assert isinstance(pause, Pause)
    if pause.behavior == "CANCEL":
        executions.kill(deciding, states.CANCELLED)
    elif pause.behavior == "FAIL":
        deciding.log(run, "ERROR", "Timeout: nobody resumed the pause in time.")
        _leave(deciding, run)
        frame = frame_of(run)
        frame.own = frame.worst = states.FAILED
        frame.failed = True
    else:
        resume(deciding, run, {}, states.WARNING if pause.behavior == "WARN" else states.SUCCESS)


def resume(deciding: Deciding, run: TaskRun, outputs: dict[str, Any], worst: str = states.SUCCESS) -> None:
    """Go on after a pause: with its children, if it has any."""
    frame_of(run).own = frame_of(run).worst = worst
    resumed = {"on": timestamp(deciding.now), "to": states.RUNNING}
    run.outputs = {**(run.outputs or {}), **outputs, "resumed": resumed}
    deciding.execution_enters(states.RESTARTED)
    _leave(deciding, run)


def _leave(deciding: Deciding, run: TaskRun) -> None:
    run.enter(states.RUNNING, deciding.now)
    deciding.execution_enters(states.RUNNING)
    task_runs.go_on(deciding, run)
