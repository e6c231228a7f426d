"""A worker and its queue: messages are hidden meanwhile, answered under their key, and dropped when late."""

import asyncio
import json
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.unit.adapters.test_aws_lambda import SECRET, Context, message
from tests.unit.http.plugins import TestFamily, Wait
from tiercel import messages
from tiercel.adapters.aws_lambda import LambdaHandler
from tiercel.adapters.sqs import LEASED_UNTIL
from tiercel.envelope import Callback, Envelope, Result, RunContext
from tiercel.errors import InvalidFlow
from tiercel.http.callbacks import SIGNATURE, BadSignature, check
from tiercel.plugin import State
from tiercel.settings import Settings
from tiercel.testing import MemoryServices

Queue = tuple[Any, str, str]


@pytest.fixture
def queues(monkeypatch: pytest.MonkeyPatch) -> Iterator[Queue]:
    """Give a client, the queue of results and that of the worker."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        sqs = boto3.client("sqs")
        urls = [sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("results", "work")]
        yield sqs, urls[0], urls[1]


@pytest.fixture
def services() -> Iterator[MemoryServices]:
    with MemoryServices() as services:
        yield services


@pytest.fixture
def worker(queues: Queue, services: MemoryServices) -> Iterator[LambdaHandler]:
    _, results, work = queues
    settings = Settings(on_lambda=True, jwt_secret=SECRET, results_queue=results, work_queue=work)
    handler = LambdaHandler(TestFamily(), services, settings)
    yield handler
    handler.loop.close()


def envelope(results: str, text: str = "hi", name: str = "Echo") -> Envelope:
    return Envelope(
        task_type=f"io.test.{name}",
        params={"text": text} if name == "Echo" else {},
        context=RunContext(execution_id="e", task_run_id="t", lease=3),
        callback=Callback(url=results, key="the key"),
    )


def received(sqs: Any, queue: str) -> list[Any]:
    found = sqs.receive_message(QueueUrl=queue, MessageAttributeNames=["All"], MaxNumberOfMessages=10)
    return list(found.get("Messages", ()))


def test_a_result_is_signed_with_the_key_of_its_dispatch(queues: Queue, worker: LambdaHandler) -> None:
    sqs, results, _ = queues
    record = message(1, envelope(results).model_dump_json(by_alias=True))
    assert worker({"Records": [record]}, Context()) == {"batchItemFailures": []}
    (sent,) = received(sqs, results)
    signed = sent["MessageAttributes"][SIGNATURE]["StringValue"]
    check("the key", sent["Body"].encode(), signed)
    with pytest.raises(BadSignature):
        check("another key", sent["Body"].encode(), signed)
    content = json.loads(sent["Body"])
    assert (content["taskRunId"], content["lease"]) == ("t", 3)
    assert content["result"]["data"]["text"] == "hi"


def test_a_message_is_hidden_for_a_short_while_only_once_it_is_worked_on(
    queues: Queue, worker: LambdaHandler
) -> None:
    sqs, _, work = queues
    body = json.dumps({"taskType": "io.test.Wait"})
    sqs.send_message(QueueUrl=work, MessageBody=body)
    (taken,) = sqs.receive_message(QueueUrl=work, VisibilityTimeout=5400)["Messages"]
    hidden: list[int] = []
    real = worker.working.sqs.hide

    def spy(queue: str, receipt: str, seconds: int) -> None:
        real(queue, receipt, seconds)
        hidden.append(seconds)
        worker.loop.call_soon_threadsafe(Wait.release.set)

    Wait.release, Wait.started = asyncio.Event(), asyncio.Event()
    worker.working.sqs.hide = spy  # type: ignore[method-assign]
    record = {**message(1, body), "receiptHandle": taken["ReceiptHandle"]}
    assert worker({"Records": [record]}, Context()) == {"batchItemFailures": []}
    assert hidden == [60]


def test_a_message_that_was_sent_again_meanwhile_is_dropped(queues: Queue, worker: LambdaHandler) -> None:
    sqs, results, _ = queues
    for moment, answers in ((time.time() - 1, 0), (time.time() + 60, 1)):
        attributes = {LEASED_UNTIL: {"stringValue": str(int(moment)), "dataType": "Number"}}
        body = envelope(results).model_dump_json(by_alias=True)
        record = {**message(1, body), "messageAttributes": attributes}
        assert worker({"Records": [record]}, Context()) == {"batchItemFailures": []}
        assert len(received(sqs, results)) == answers


def test_what_is_too_big_for_a_message_travels_by_storage_and_its_secrets_do_not(
    queues: Queue, worker: LambdaHandler, services: MemoryServices
) -> None:
    sqs, results, _ = queues
    big = envelope(results, "x" * messages.LIMIT_BYTES).model_copy(update={"token": "a token"})
    body = messages.envelope_text(big, services.storage)
    assert len(body) < 1000 and "a token" in body and "the key" in body
    reference = json.loads(body)["rest"]["$ref"]
    stored = services.storage.read(None, reference)
    assert b"a token" not in stored and b"the key" not in stored
    assert Envelope.model_validate(messages.read(body, services.storage)) == big
    assert worker({"Records": [message(1, body)]}, Context()) == {"batchItemFailures": []}
    (sent,) = received(sqs, results)
    assert messages.read(sent["Body"], services.storage)["result"]["state"] == "SUCCESS"
    services.storage.put(reference, b"{}")
    with pytest.raises(InvalidFlow, match="somebody has changed it"):
        messages.read(body, services.storage)
    services.storage.delete(None, reference)
    with pytest.raises(InvalidFlow, match="cannot be read"):
        messages.read(body, services.storage)


def test_a_result_that_is_too_big_travels_by_storage(services: MemoryServices) -> None:
    result = Result(state=State.SUCCESS, data={"a": "x" * messages.LIMIT_BYTES})
    body = messages.result_text(RunContext(task_run_id="t", lease=2), result, services.storage)
    assert len(body) < 1000
    read = messages.read(body, services.storage)
    assert (read["taskRunId"], read["lease"]) == ("t", 2)
    assert Result.model_validate(read["result"]) == result
