"""What a function on Lambda leaves behind: log lines in JSON, and metrics in them (CloudWatch's EMF).

Powertools is imported with the first line or the first metric: a cold call that says nothing pays nothing.
"""

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from functools import cached_property
from typing import Any

from tiercel.envelope import Envelope, Result

FIELDS: ContextVar[dict[str, Any]] = ContextVar("tiercel_log_fields")
"""What is said with each line besides its message: the correlation id, the task run."""
NAMESPACE = "POWERTOOLS_METRICS_NAMESPACE"
LOGGERS = ("tiercel", "mangum")


class JsonLines(logging.Handler):
    """Write each record as a line of JSON, with what is known of the call it belongs to."""

    def __init__(self, service: str) -> None:
        super().__init__()
        self.service = service

    @cached_property
    def lines(self) -> logging.Handler:
        """Build Powertools' own handler."""
        from aws_lambda_powertools.logging.formatter import LambdaPowertoolsFormatter

        handler = logging.StreamHandler(sys.stdout)
        handler.setFormatter(LambdaPowertoolsFormatter(service=self.service, utc=True))
        return handler

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        for name, value in FIELDS.get({}).items():
            setattr(record, name, value)
        self.lines.emit(record)


def log_json(service: str) -> None:
    """Let our loggers write JSON, and nothing else write their lines once more."""
    for name in LOGGERS:
        logger = logging.getLogger(name)
        logger.handlers = [JsonLines(service)]
        logger.setLevel(os.environ.get("POWERTOOLS_LOG_LEVEL") or logging.INFO)
        logger.propagate = False


@contextlib.contextmanager
def said_with(**fields: Any) -> Iterator[None]:
    """Say some fields with each line that is logged meanwhile, in this task of the loop only."""
    kept = FIELDS.set({**FIELDS.get({}), **{name: value for name, value in fields.items() if value}})
    try:
        yield
    finally:
        FIELDS.reset(kept)


class Metrics:
    """Count task runs and their time, where the function has a namespace for it."""

    def __init__(self, service: str) -> None:
        self.service = service

    def __call__(self, envelope: Envelope, result: Result) -> None:
        """Write what is known of a task run."""
        if not os.environ.get(NAMESPACE):
            return
        from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

        run = envelope.context
        metrics = EphemeralMetrics(service=self.service)
        metrics.add_dimension(name="state", value=result.state)
        metrics.add_metric(name="TaskRuns", unit=MetricUnit.Count, value=1)
        metrics.add_metric(
            name="Duration", unit=MetricUnit.Milliseconds, value=round(result.duration_seconds * 1000, 3)
        )
        metrics.add_metadata(key="taskType", value=envelope.task_type)
        metrics.add_metadata(key="executionId", value=run.execution_id)
        metrics.add_metadata(key="taskRunId", value=run.task_run_id)
        metrics.flush_metrics()
