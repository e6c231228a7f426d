"""What a function leaves behind: lines of JSON with the call they belong to, and metrics."""

import json
import os
import subprocess
import sys
from typing import Any

import pytest

from tests.unit.adapters.test_aws_lambda import SECRET

pytest.importorskip("aws_lambda_powertools", reason="aws-lambda-powertools is not installed")

PROGRAM = """
import json, logging, sys
from tiercel_core.app import handler

class Context:
    aws_request_id = "r1"
    def get_remaining_time_in_millis(self): return 30000

envelope = {
    "taskType": "io.kestra.plugin.core.log.Log", "params": {"message": "x"},
    "context": {"executionId": "e1", "taskRunId": "t1"},
}
EVENT
heavy = ("fastapi", "aws_lambda_powertools")
print("heavy", [name for name in heavy if name in sys.modules], file=sys.stderr)
"""


def printed(event: str, **settings: str) -> tuple[list[dict[str, Any]], str]:
    """Run a program as Lambda's runtime would; gives the lines that it printed, and stderr."""
    environment = {
        **os.environ,
        "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9",
        "AWS_LAMBDA_FUNCTION_NAME": "tiercel-core",
        "TIERCEL_JWT_SECRET": SECRET,
        **settings,
    }
    ran = subprocess.run(
        [sys.executable, "-c", PROGRAM.replace("EVENT", event)],
        capture_output=True,
        text=True,
        env=environment,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    return [json.loads(line) for line in ran.stdout.splitlines()], ran.stderr


def test_a_line_is_json_and_says_which_call_it_belongs_to() -> None:
    lines, _ = printed(
        'record = {"messageId": "m1", "eventSource": "aws:sqs", "body": json.dumps(envelope)}\n'
        'bad = {"messageId": "m2", "eventSource": "aws:sqs", "body": "no json"}\n'
        'assert handler({"Records": [record, bad]}, Context()) == '
        '{"batchItemFailures": [{"itemIdentifier": "m2"}]}'
    )
    reported, refused = lines
    assert (reported["level"], reported["service"], reported["request_id"]) == ("INFO", "core", "r1")
    assert reported["correlation_id"] == "m1"
    assert "m2" in refused["message"] and refused["level"] == "ERROR"


def test_a_task_run_is_counted_with_its_state_and_its_time() -> None:
    lines, said = printed("handler(envelope, Context())", POWERTOOLS_METRICS_NAMESPACE="tiercel")
    (line,) = lines
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert directive["Namespace"] == "tiercel"
    assert {one["Name"] for one in directive["Metrics"]} == {"TaskRuns", "Duration"}
    assert (line["state"], line["service"], line["executionId"]) == ("SUCCESS", "core", "e1")
    assert "fastapi" not in said


def test_a_call_that_says_nothing_imports_nothing_for_it() -> None:
    lines, said = printed('assert handler(envelope, Context())["state"] == "SUCCESS"')
    assert lines == []
    assert "heavy []" in said
