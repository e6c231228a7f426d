"""State machines that wait for a task by its token, and SQS queues, by moto."""

import json
from collections.abc import Iterator
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.unit.adapters.test_aws_lambda import Context, message
from tests.unit.http.plugins import TestFamily
from tiercel.adapters.aws_lambda import LambdaHandler
from tiercel.adapters.step_functions import OUTPUT_BYTES, Waiting, output
from tiercel.envelope import Result, WireLog
from tiercel.plugin import State
from tiercel.settings import Settings
from tiercel.testing import MemoryServices

ECHO = {"taskType": "io.test.Echo", "params": {"text": "hi"}}


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in (
        ("AWS_ACCESS_KEY_ID", "test"),
        ("AWS_SECRET_ACCESS_KEY", "test"),
        ("AWS_DEFAULT_REGION", "eu-central-1"),
    ):
        monkeypatch.setenv(name, value)
    with mock_aws():
        yield


@pytest.fixture
def handler(aws: None) -> Iterator[LambdaHandler]:
    with MemoryServices() as services:
        handler = LambdaHandler(TestFamily(), services, Settings(on_lambda=True))
        yield handler
        handler.loop.close()


def spied(handler: LambdaHandler) -> list[tuple[str, dict[str, Any]]]:
    """Let calls through to moto and note them: moto takes a token's answer and forgets it."""
    calls: list[tuple[str, dict[str, Any]]] = []

    def note(params: dict[str, Any], model: Any, **_: Any) -> None:
        calls.append((model.name, params))

    handler.waiting.client.meta.events.register("provide-client-params.stepfunctions", note_of(note))
    return calls


def note_of(note: Any) -> Any:
    def called(params: dict[str, Any], model: Any, **more: Any) -> dict[str, Any]:
        note(params, model, **more)
        return params

    return called


def test_a_direct_call_with_a_token_is_answered_to_the_state_machine(handler: LambdaHandler) -> None:
    calls = spied(handler)
    result = handler({**ECHO, "taskToken": "t1"}, Context())
    assert result["state"] == "SUCCESS"
    ((name, sent),) = calls
    assert (name, sent["taskToken"]) == ("SendTaskSuccess", "t1")
    assert json.loads(sent["output"])["data"]["text"] == "hi"


def test_a_failure_has_a_name_that_retry_and_catch_can_match(handler: LambdaHandler) -> None:
    calls = spied(handler)
    handler({"taskType": "io.test.Fail", "taskToken": "t1"}, Context())
    handler({"anything": 1, "taskToken": "t2"}, Context())
    assert [(name, sent["error"]) for name, sent in calls] == [
        ("SendTaskFailure", "Tiercel.TaskFailed"),
        ("SendTaskFailure", "Tiercel.InvalidParameters"),
    ]
    assert calls[0][1]["cause"] == "The answer is no."


def test_a_message_with_a_token_is_answered_to_the_state_machine_and_not_to_the_queue(
    handler: LambdaHandler,
) -> None:
    calls = spied(handler)
    record = message(1, json.dumps({**ECHO, "taskToken": "t1"}))
    assert handler({"Records": [record]}, Context()) == {"batchItemFailures": []}
    assert [name for name, _ in calls] == ["SendTaskSuccess"]


@pytest.mark.parametrize(("code", "lost"), [("TaskTimedOut", False), ("ThrottlingException", True)])
def test_a_machine_that_waits_no_longer_is_no_failure_and_one_that_is_busy_is(code: str, lost: bool) -> None:
    waiting = Waiting()
    error = ClientError({"Error": {"Code": code, "Message": "no"}}, "SendTaskSuccess")
    waiting.__dict__["client"] = Mock(send_task_success=Mock(side_effect=error))
    if lost:
        with pytest.raises(ClientError):
            waiting.answer("t", Result(state=State.SUCCESS))
    else:
        waiting.answer("t", Result(state=State.SUCCESS))


def test_a_result_with_a_long_log_is_sent_without_it() -> None:
    line = WireLog(timestamp="", level="INFO", message="x" * OUTPUT_BYTES)
    text = output(Result(state=State.SUCCESS, data={"a": 1}, logs=[line]))
    assert len(text) < OUTPUT_BYTES
    assert json.loads(text)["data"] == {"a": 1}


def test_messages_that_cannot_be_run_come_again_and_end_among_the_dead_letters(
    handler: LambdaHandler,
) -> None:
    sqs = boto3.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 3})
    queue = sqs.create_queue(
        QueueName="work", Attributes={"RedrivePolicy": redrive, "VisibilityTimeout": "0"}
    )["QueueUrl"]
    for body in (json.dumps(ECHO), "no json", json.dumps({"taskType": "io.test.Fail"})):
        sqs.send_message(QueueUrl=queue, MessageBody=body)
    rounds = []
    while received := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, AttributeNames=["All"]).get(
        "Messages"
    ):
        records = [record_of(one, queue) for one in received]
        failures = handler({"Records": records}, Context())["batchItemFailures"]
        failed = {one["itemIdentifier"] for one in failures}
        rounds.append((len(received), len(failed)))
        for one in received:  # what Lambda's poller does
            if one["MessageId"] not in failed:
                sqs.delete_message(QueueUrl=queue, ReceiptHandle=one["ReceiptHandle"])
    assert rounds == [(3, 1), (1, 1), (1, 1)]
    (lost,) = sqs.receive_message(QueueUrl=dead)["Messages"]
    assert lost["Body"] == "no json"


def record_of(received: Any, queue: str) -> dict[str, Any]:
    """Write a message as Lambda's poller hands it to a function."""
    return {
        "messageId": received["MessageId"],
        "receiptHandle": received["ReceiptHandle"],
        "body": received["Body"],
        "attributes": received["Attributes"],
        "messageAttributes": {},
        "md5OfBody": received["MD5OfBody"],
        "eventSource": "aws:sqs",
        "eventSourceARN": f"arn:aws:sqs:eu-central-1:123456789012:{queue.rpartition('/')[2]}",
        "awsRegion": "eu-central-1",
    }
