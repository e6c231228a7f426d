"""Lambda: three doors by the shape of the event."""

import json
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import boto3
import jwt
import pytest
from moto import mock_aws

from tests.unit.http.plugins import TestFamily
from tiercel.adapters.aws_lambda import LambdaHandler
from tiercel.settings import Settings
from tiercel.testing import MemoryServices

SECRET = "a secret of more than thirty-two bytes"


class Context:
    """What Lambda says of an invocation."""

    def __init__(self, milliseconds: int = 30_000) -> None:
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


@pytest.fixture
def services() -> Iterator[MemoryServices]:
    with MemoryServices() as services:
        yield services


@pytest.fixture
def handler(services: MemoryServices) -> Iterator[LambdaHandler]:
    handler = LambdaHandler(TestFamily(), services, Settings(on_lambda=True, jwt_secret=SECRET))
    yield handler
    handler.loop.close()


def http_event(method: str, path: str, body: object = None, **headers: str) -> dict[str, Any]:
    """Make an event of an HTTP API, payload format 2.0."""
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {"host": "api.example", **headers},
        "requestContext": {"http": {"method": method, "path": path, "sourceIp": "203.0.113.1"}},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }


def message(number: int, body: str) -> dict[str, str]:
    """Make a message of a batch."""
    return {"messageId": str(number), "eventSource": "aws:sqs", "body": body}


def test_an_http_event_is_answered_by_the_app(handler: LambdaHandler) -> None:
    assert handler(http_event("GET", "/health"), Context())["statusCode"] == 200
    body = {"taskType": "io.test.Echo", "params": {"text": "hi"}}
    assert handler(http_event("POST", "/execute", body), Context())["statusCode"] == 401
    token = jwt.encode({"exp": 4102444800}, SECRET, "HS256")
    answer = handler(http_event("POST", "/execute", body, authorization=f"Bearer {token}"), Context())
    assert json.loads(answer["body"])["data"]["text"] == "hi"


def test_a_direct_event_is_an_envelope_and_answered_with_its_result(handler: LambdaHandler) -> None:
    result = handler({"taskType": "io.test.Echo", "params": {"text": "hi"}}, Context())
    assert (result["state"], result["data"]["text"]) == ("SUCCESS", "hi")
    refused = handler({"anything": 1}, Context())
    assert (refused["state"], refused["error"]["kind"]) == ("FAILED", "InvalidParameters")


def test_a_task_is_stopped_before_the_function_is(handler: LambdaHandler) -> None:
    import asyncio

    from tests.unit.http.plugins import Wait

    Wait.release, Wait.started = asyncio.Event(), asyncio.Event()
    result = handler({"taskType": "io.test.Wait"}, Context(3050))
    assert result["error"]["kind"] == "Timeout"


def test_a_batch_gives_back_only_what_could_not_be_run(handler: LambdaHandler) -> None:
    records = [
        message(1, json.dumps({"taskType": "io.test.Echo"})),
        message(2, "no json"),
        message(3, json.dumps({"taskType": "io.test.Fail"})),  # an outcome, and so done
        message(4, "{}"),
    ]
    failures = handler({"Records": records}, Context())["batchItemFailures"]
    assert failures == [{"itemIdentifier": "2"}, {"itemIdentifier": "4"}]


def test_results_of_a_batch_go_to_the_queue_of_results(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
    ):
        monkeypatch.setenv(name, value)
    with mock_aws():
        sqs = boto3.client("sqs")
        queue = sqs.create_queue(QueueName="results")["QueueUrl"]
        handler = LambdaHandler(TestFamily(), services, Settings(on_lambda=True, results_queue=queue))
        envelope = {
            "taskType": "io.test.Echo",
            "params": {"text": "hi"},
            "context": {"executionId": "e1", "taskRunId": "t1", "attempt": 2},
        }
        handler({"Records": [message(1, json.dumps(envelope))]}, Context())
        handler.loop.close()
        (received,) = sqs.receive_message(QueueUrl=queue)["Messages"]
    reported = json.loads(received["Body"])
    assert (reported["executionId"], reported["taskRunId"], reported["attempt"]) == ("e1", "t1", 2)
    assert reported["result"]["data"]["text"] == "hi"


def test_the_other_doors_import_no_web_framework() -> None:
    code = """
import sys
from tiercel_core.app import handler
class Context:
    def get_remaining_time_in_millis(self): return 30000
envelope = {"taskType": "io.kestra.plugin.core.log.Log", "params": {"message": "x"}}
assert handler(envelope, Context())["state"] == "SUCCESS"
heavy = ("fastapi", "starlette", "mangum", "httpx", "obstore", "sqlite3", "boto3")
print([name for name in heavy if name in sys.modules])
"""
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert answer.stdout.strip() == "[]"


def test_a_task_that_can_never_end_here_in_time_is_refused_before_it_begins(handler: LambdaHandler) -> None:
    envelope = {"taskType": "io.test.Echo", "context": {"timeoutSeconds": 1200}}
    token = jwt.encode({"exp": 4102444800}, SECRET, "HS256")
    answer = handler(http_event("POST", "/execute", envelope, authorization=f"Bearer {token}"), Context())
    assert answer["statusCode"] == 422
    for said in (json.loads(answer["body"])["error"], handler(envelope, Context())["error"]):
        assert "1,200 s" in said["message"] and "900 s" in said["message"] and "Cloud Run" in said["message"]
        assert said["problems"][0]["path"] == "context.timeoutSeconds"
