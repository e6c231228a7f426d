"""Calls that take long, on Lambda: a row, a message to the worker, an answer that is fetched or sent."""

import dataclasses
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import boto3
import jwt
import pytest
from moto import mock_aws

from tests.postgrest import JWT_SECRET, PUBLIC_KEY, Project
from tests.unit.adapters.test_aws_lambda import SECRET, Context, http_event
from tests.unit.http.plugins import TestFamily
from tiercel.adapters.aws_lambda import LambdaHandler
from tiercel.http import callbacks
from tiercel.settings import Settings
from tiercel.testing import MemoryServices

ECHO: dict[str, Any] = {"taskType": "io.test.Echo", "params": {"text": "hi"}}


@dataclass
class Deployed:
    """A family on Lambda: the function that answers and the one that works, and the queue between them."""

    answering: LambdaHandler
    working: LambdaHandler
    sqs: Any
    queue: str

    def call(self, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Any, Any]:
        """Call the function as a caller with a token."""
        token = jwt.encode({"exp": 4102444800, "sub": "somebody"}, SECRET, "HS256")
        event = http_event(method, path, body, authorization=f"Bearer {token}", **headers)
        answer = self.answering(event, Context())
        return answer["statusCode"], json.loads(answer["body"]), answer["headers"]

    def work_off(self) -> int:
        """Let the worker take what is in its queue, and say how many messages that was."""
        found = self.sqs.receive_message(
            QueueUrl=self.queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages", [])
        records = [
            {
                "messageId": one["MessageId"],
                "receiptHandle": one["ReceiptHandle"],
                "body": one["Body"],
                "eventSource": "aws:sqs",
                "messageAttributes": {
                    name: {"stringValue": value["StringValue"]}
                    for name, value in one.get("MessageAttributes", {}).items()
                },
            }
            for one in found
        ]
        assert self.working({"Records": records}, Context()) == {"batchItemFailures": []}
        return len(records)


def closed(handler: LambdaHandler) -> None:
    """Let go of what a handler has opened, but for the services that it was given."""
    handler.loop.close()
    if handler.dispatcher.rows:
        handler.dispatcher.rows.close()


@pytest.fixture
def deployed(project: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployed]:
    project.run("delete from service_runs")
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    claims = {"role": "tiercel_service", "family": "test", "exp": 4102444800}
    with mock_aws(), MemoryServices() as services:
        sqs = boto3.client("sqs")
        queue = sqs.create_queue(QueueName="work")["QueueUrl"]
        settings = Settings(
            on_lambda=True,
            jwt_secret=SECRET,
            work_queue=queue,
            supabase_url=project.url,
            supabase_key=PUBLIC_KEY,
            service_token=jwt.encode(claims, JWT_SECRET, "HS256"),
        )
        handlers = [LambdaHandler(TestFamily(), services, settings) for _ in range(2)]
        yield Deployed(handlers[0], handlers[1], sqs, queue)
        for handler in handlers:
            closed(handler)


def test_a_run_is_queued_worked_off_and_fetched(deployed: Deployed) -> None:
    status, run, headers = deployed.call("POST", "/execute", ECHO, prefer="respond-async")
    assert (status, run["state"], headers["location"]) == (202, "QUEUED", f"/v1/runs/{run['id']}")
    assert deployed.work_off() == 1
    status, run, _ = deployed.call("GET", headers["location"])
    assert (status, run["state"], run["result"]["data"]["text"]) == (200, "SUCCESS", "hi")


def test_a_key_names_one_run_and_one_message(deployed: Deployed) -> None:
    calls = [
        deployed.call("POST", "/execute", ECHO, prefer="respond-async", **{"idempotency-key": "k"})
        for _ in range(2)
    ]
    assert calls[0][1]["id"] == calls[1][1]["id"]
    assert deployed.work_off() == 1
    status, result, _ = deployed.call(
        "POST", "/execute", ECHO, prefer="respond-async", **{"idempotency-key": "k"}
    )
    assert (status, result["data"]["text"]) == (200, "hi")
    other = {**ECHO, "params": {"text": "other"}}
    status, answer, _ = deployed.call(
        "POST", "/execute", other, prefer="respond-async", **{"idempotency-key": "k"}
    )
    assert status == 409 and "another envelope" in answer["error"]["message"]


def test_a_run_that_is_cancelled_before_it_began_is_not_begun(deployed: Deployed, project: Project) -> None:
    _, _, headers = deployed.call("POST", "/execute", ECHO, prefer="respond-async")
    status, run, _ = deployed.call("DELETE", headers["location"])
    assert (status, run["result"]["error"]["kind"]) == (200, "Killed")
    assert deployed.work_off() == 1
    assert project.run("select status, started_at is null from service_runs") == ["KILLED|t"]


@pytest.mark.parametrize(
    ("prefer", "seconds", "status"),
    [("respond-async, wait=20", None, 200), ("respond-async, wait=20", 60, 202), ("", 60, 202), ("", 5, 200)],
)
def test_what_may_take_long_is_left_to_the_worker_and_the_rest_is_answered_at_once(
    deployed: Deployed, prefer: str, seconds: int | None, status: int
) -> None:
    envelope = {**ECHO, "context": {"timeoutSeconds": seconds}}
    assert deployed.call("POST", "/execute", envelope, prefer=prefer)[0] == status


def test_a_call_that_is_answered_at_once_is_recorded_unless_that_is_off(
    deployed: Deployed, project: Project
) -> None:
    deployed.call("POST", "/execute", {"taskType": "io.test.Fail"})
    assert project.run("select status, task_type from service_runs") == ["FAILED|io.test.Fail"]
    settings = dataclasses.replace(deployed.answering.dispatcher.settings, record_runs=False)
    quiet = LambdaHandler(TestFamily(), deployed.answering.dispatcher.services, settings)
    Deployed(quiet, quiet, deployed.sqs, deployed.queue).call("POST", "/execute", ECHO)
    closed(quiet)
    assert len(project.run("select id from service_runs")) == 1


def test_a_queue_that_takes_nothing_is_said_and_the_run_has_failed(
    deployed: Deployed, project: Project
) -> None:
    deployed.sqs.delete_queue(QueueUrl=deployed.queue)
    status, answer, _ = deployed.call("POST", "/execute", ECHO, prefer="respond-async")
    assert status == 503 and "The queue" in answer["error"]["message"]
    assert project.run("select status from service_runs") == ["FAILED"]


@contextmanager
def listening() -> Iterator[tuple[str, list[tuple[bytes, str]]]]:
    """Take callbacks; the first one is told to come again."""
    taken: list[tuple[bytes, str]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            taken.append((body, self.headers[callbacks.SIGNATURE]))
            self.send_response(503 if len(taken) == 1 else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/back", taken
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def test_the_worker_calls_back_signed_until_somebody_listens(deployed: Deployed) -> None:
    with listening() as (url, taken):
        envelope = {**ECHO, "callback": {"url": url, "key": "the key"}, "context": {"taskRunId": "t"}}
        assert deployed.call("POST", "/execute", envelope, prefer="respond-async")[0] == 202
        assert deployed.work_off() == 1
    assert len(taken) == 2
    body, signed = taken[-1]
    callbacks.check("the key", body, signed)
    content = json.loads(body)
    assert (content["taskRunId"], content["result"]["data"]["text"]) == ("t", "hi")


def test_without_rows_a_function_promises_nothing(deployed: Deployed) -> None:
    settings = Settings(on_lambda=True, jwt_secret=SECRET, work_queue=deployed.queue)
    bare = LambdaHandler(TestFamily(), deployed.answering.dispatcher.services, settings)
    status, answer, _ = Deployed(bare, bare, deployed.sqs, deployed.queue).call(
        "POST", "/execute", ECHO, prefer="respond-async"
    )
    closed(bare)
    assert status == 501 and "TIERCEL_SERVICE_TOKEN" in answer["error"]["message"]
