"""Task runs as envelopes, and results as reports."""

from dataclasses import replace

from tiercel.clock import parse_timestamp, timestamp
from tiercel.envelope import Envelope, Result, RunContext
from tiercel.flows.durations import parse_duration
from tiercel.flows.models import Task
from tiercel.plugin import LogLine
from tiercel.storage import Storage
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.events import Answered, Ended, Event, Snoozed
from tiercel_orchestrator.kernel.rows import TaskRun
from tiercel_orchestrator.store.port import Report


def envelope_for(task: Task, context: RunContext, timeout: str) -> Envelope:
    """Build what a family receives. `timeout`: the rendered ISO 8601 duration, or ""."""
    changes: dict[str, object] = {}
    if timeout:
        changes["timeout_seconds"] = parse_duration(timeout).total_seconds()
    if task.log_level:
        changes["log_level"] = task.log_level
    return Envelope(task_type=task.type, params=dict(task.params), context=context.model_copy(update=changes))


def report_of(run: TaskRun, result: Result) -> Report:
    """Turn a family's answer into what the store writes."""
    logs = [LogLine(log.timestamp, log.level, log.message) for log in result.logs]
    if result.error and not any(line.message == result.error.message for line in logs):
        logs.append(LogLine(timestamp(), "ERROR", result.error.message))
    return Report(_event(run, result), logs, result.metrics)


def with_log_in_file(report: Report, task: Task, context: RunContext, storage: Storage) -> Report:
    """Write an attempt's log to a file, if the task wants that; errors stay with the execution, too."""
    event = report.event
    if task.properties.get("logToFile") is not True or not isinstance(event, Ended) or not report.logs:
        return report
    text = "".join(f"{line.timestamp} {line.level} {line.message}\n" for line in report.logs)
    uri = storage.upload(context, text.encode(errors="replace"), f"attempt-{context.attempt}.log")
    errors = [line for line in report.logs if line.level == "ERROR"]
    return Report(replace(event, log_file=uri), errors, report.metrics)


def _event(run: TaskRun, result: Result) -> Event:
    if result.snooze_until:
        return Snoozed(run.id, run.lease, parse_timestamp(result.snooze_until))
    retry_after = result.error.retry_after if result.error else None
    killed = result.error is not None and result.error.kind == "Killed"
    state = states.KILLED if killed else result.state.value
    return Ended(run.id, run.lease, state, result.data, retry_after)


def cached(run: TaskRun, outputs: dict[str, object]) -> Report:
    """Report the outputs of an earlier run as this one's."""
    line = LogLine(timestamp(), "INFO", "The outputs are those of an earlier run, from the task's cache.")
    return Report(Ended(run.id, run.lease, states.SUCCESS, outputs), [line])


def refusal(run: TaskRun, message: str) -> Report:
    """Fail a task run, or answer its request, with a reason that never reached a family."""
    if run.request:
        return Report(Answered(run.id, run.lease, error=message))
    return Report(Ended(run.id, run.lease, states.FAILED), [LogLine(timestamp(), "ERROR", message)])


def bug(run: TaskRun, error: Exception) -> Report:
    """Fail a task run for a bug of our own; the engine's log has the traceback."""
    name = type(error).__name__
    return refusal(
        run, f"The engine could not carry this out ({name}), by a bug of its own; its log has a traceback."
    )
