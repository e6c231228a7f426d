"""Executions, task runs and log lines as Kestra's REST API writes them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from tiercel.clock import parse_timestamp
from tiercel.flows.durations import format_duration
from tiercel.flows.plans import Iterations
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.ids import child_id, root_run_id
from tiercel_orchestrator.kernel.rows import Attempt, Execution, TaskRun


def execution_view(execution: Execution, runs: Sequence[TaskRun]) -> dict[str, Any]:
    """Give an execution with its task runs, absent values left out."""
    loops = loops_of(runs)
    view: dict[str, Any] = {
        "id": execution.id,
        "namespace": execution.namespace,
        "flowId": execution.flow_id,
        "flowRevision": execution.revision,
        "taskRunList": [task_run_view(execution, run, loops) for run in runs],
        "inputs": execution.inputs or None,
        "outputs": execution.outputs or None,
        "labels": [{"key": key, "value": value} for key, value in execution.labels.items()],
        "variables": execution.variables or None,
        "state": state_view(execution.state, execution.history),
        "trigger": execution.trigger,
        "parentId": execution.parent_id,
        "originalId": execution.original_id or execution.id,
        "deleted": False,
        "metadata": {
            "attemptNumber": execution.attempt_number,
            "originalCreatedDate": execution.created_at,
        },
    }
    return {key: value for key, value in view.items() if value is not None}


def loops_of(runs: Iterable[TaskRun]) -> dict[str, str]:
    """Give by the rows of Loops' iterations, which are not shown, the loops that they are of."""
    return {
        child_id(run, run.task_id or "", number, opened): run.id
        for run in runs
        if run.frame is not None and isinstance(run.frame.plan, Iterations)
        for number in range(run.frame.next)
        for opened in range(run.frame.opened + 1)
    }


def task_run_view(
    execution: Execution, run: TaskRun, loops: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """Give a task run; `outputs` is always there. `loops`: what stands for parents that are not shown."""
    top = run.parent_id == root_run_id(execution.id)
    view: dict[str, Any] = {
        "id": run.id,
        "executionId": run.execution_id,
        "namespace": execution.namespace,
        "flowId": execution.flow_id,
        "taskId": run.task_id,
        "parentTaskRunId": None if top else (loops or {}).get(run.parent_id or "", run.parent_id),
        "value": run.value,
        "iteration": run.iteration,
        "attempts": [_attempt(attempt) for attempt in run.attempts] or None,
        "state": state_view(run.state, run.history),
    }
    return {key: value for key, value in view.items() if value is not None} | {"outputs": run.outputs or {}}


def _attempt(attempt: Attempt) -> dict[str, Any]:
    view = {"state": state_view(attempt.state, attempt.history), "logFile": attempt.log_file}
    return {key: value for key, value in view.items() if value is not None}


def state_view(current: str, history: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Give a state with its history and duration."""
    start = history[0][1]
    over = current in states.ENDED or current == states.PAUSED
    view: dict[str, Any] = {
        "current": current,
        "histories": [{"state": state, "date": date} for state, date in history],
        "startDate": start,
    }
    if over:
        end = history[-1][1]
        view["endDate"] = end
        view["duration"] = format_duration(elapsed(start, end))
    return view


def elapsed(start: str, end: str) -> timedelta:
    """Give the time between two timestamps."""
    return parse_timestamp(end) - parse_timestamp(start)
