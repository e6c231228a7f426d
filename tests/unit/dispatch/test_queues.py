"""Families behind queues: what is sent together, what is believed of what comes back."""

import asyncio
import json
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import jwt
import pytest
from moto import mock_aws

from tests.unit.dispatch.family import installed
from tiercel import clock, messages
from tiercel.adapters.sqs import Message, Sqs
from tiercel.envelope import Envelope, Result, RunContext
from tiercel.errors import InvalidFlow, TiercelError
from tiercel.http.callbacks import BadSignature, signature
from tiercel.http.signing import TokenKeys
from tiercel.plugin import State
from tiercel.testing import MemoryServices
from tiercel_orchestrator.dispatch.connecting import dispatcher_for
from tiercel_orchestrator.dispatch.queues import QueueDispatcher
from tiercel_orchestrator.dispatch.returning import answered, lost
from tiercel_orchestrator.dispatch.routes import Routes
from tiercel_orchestrator.dispatch.tokens import Tokens

SECRET = "a secret of more than thirty-two bytes"
RESULTS = "https://sqs.eu-central-1.amazonaws.com/123456789012/results"
TOKENS = Tokens(TokenKeys(SECRET))
HOUR = timedelta(hours=1)


@pytest.fixture
def services() -> Iterator[MemoryServices]:
    with MemoryServices() as services:
        yield services


@pytest.fixture
def queue(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        yield boto3.client("sqs").create_queue(QueueName="work")["QueueUrl"]


def envelope(run_id: str, **variables: object) -> Envelope:
    context = RunContext(task_run_id=run_id, lease=2, variables=variables)
    return Envelope(task_type="io.test.Echo", params={"text": "hi"}, context=context)


def taken(queue: str) -> list[Any]:
    sqs, found = boto3.client("sqs"), []
    while more := sqs.receive_message(
        QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
    ).get("Messages"):
        found += more
    return found


class Counting(Sqs):
    """Counts how many messages each call carries."""

    def __init__(self) -> None:
        self.calls: list[int] = []

    def send_many(self, queue: str, messages: Any) -> list[TiercelError | None]:
        self.calls.append(len(messages))
        return super().send_many(queue, messages)


def posted(queue: str, services: MemoryServices, *envelopes: Envelope) -> list[int]:
    sqs = Counting()
    dispatcher = QueueDispatcher({"test": queue}, RESULTS, TOKENS, services.storage, HOUR, sqs)

    async def post() -> None:
        await asyncio.gather(*(dispatcher.post("test", one) for one in envelopes))

    asyncio.run(post())
    return sqs.calls


def test_tasks_that_come_together_are_sent_together(queue: str, services: MemoryServices) -> None:
    calls = posted(queue, services, *(envelope(f"r{number}") for number in range(25)))
    assert sum(calls) == 25 and len(calls) <= 4
    ids = {json.loads(one["Body"])["context"]["taskRunId"] for one in taken(queue)}
    assert ids == {f"r{number}" for number in range(25)}


def test_no_call_carries_more_than_a_queue_takes(queue: str, services: MemoryServices) -> None:
    big = "x" * (messages.LIMIT_BYTES // 3)
    calls = posted(queue, services, *(envelope(f"r{number}", text=big) for number in range(7)))
    assert sum(calls) == 7 and max(calls) <= 2
    assert len(taken(queue)) == 7


def test_a_token_is_good_for_as_long_as_its_message_may_wait(queue: str, services: MemoryServices) -> None:
    posted(queue, services, envelope("r"))
    (sent,) = taken(queue)
    claims = jwt.decode(json.loads(sent["Body"])["token"], SECRET, ["HS256"])
    assert claims["taskRunId"] == "r"
    assert claims["exp"] >= time.time() + HOUR.total_seconds()
    until = float(sent["MessageAttributes"]["Tiercel-Leased-Until"]["StringValue"])
    assert abs(until - (clock.now() + HOUR).timestamp()) < 60


def test_a_queue_that_is_not_there_is_said_in_a_sentence(queue: str, services: MemoryServices) -> None:
    with pytest.raises(TiercelError, match=r"The queue https://.*/nowhere answered .*; correct its URL"):
        posted(queue.replace("/work", "/nowhere"), services, envelope("r"))
    with pytest.raises(TiercelError, match="/nowhere"):
        Sqs().send(queue.replace("/work", "/nowhere"), Message("{}"))


def test_queues_want_keys_and_a_queue_for_results(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    routes = Routes.read(environment={"TIERCEL_FAMILY_QUEUES": '{"test": "https://sqs.example/1/test"}'})
    with pytest.raises(TiercelError, match="TIERCEL_RESULTS_QUEUE_URL"):
        asyncio.run(dispatcher_for(installed(), services, routes))
    monkeypatch.setenv("TIERCEL_RESULTS_QUEUE_URL", RESULTS)
    with pytest.raises(TiercelError, match="TIERCEL_JWT_SECRET"):
        asyncio.run(dispatcher_for(installed(), services, routes))
    with pytest.raises(TiercelError, match="The queue of family 'test' is 7"):
        Routes.read(environment={"TIERCEL_FAMILY_QUEUES": '{"test": 7}'})


def test_an_answer_is_believed_under_the_key_of_its_dispatch_however_old_it_is(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = messages.result_text(envelope("r").context, Result(state=State.SUCCESS), services.storage)
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now - timedelta(days=3))
    signed = signature(TOKENS.callback_key("r", 2), body.encode())
    monkeypatch.undo()
    answer = answered(TOKENS, services.storage, body, signed)
    assert (answer.run_id, answer.lease, answer.result.state) == ("r", 2, State.SUCCESS)
    for forged in (body.replace('"r"', '"other"'), body.replace('"lease":2', '"lease":3')):
        assert forged != body
        with pytest.raises(BadSignature):
            answered(TOKENS, services.storage, forged, signed)
    with pytest.raises(InvalidFlow, match="no result"):
        answered(TOKENS, services.storage, '{"taskRunId": "r"}', signed)


def test_a_dead_letter_fails_its_task_if_it_is_ours(queue: str, services: MemoryServices) -> None:
    posted(queue, services, envelope("r"))
    (sent,) = taken(queue)
    answer = lost(TOKENS, services.storage, sent["Body"])
    assert (answer.run_id, answer.lease, answer.result.state) == ("r", 2, State.FAILED)
    assert answer.result.error is not None and "never answered" in answer.result.error.message
    with pytest.raises(InvalidFlow, match="stays where it is"):
        lost(TOKENS, services.storage, envelope("r").model_dump_json(by_alias=True))
    with pytest.raises(InvalidFlow, match="stays where it is"):
        lost(Tokens(TokenKeys("another secret of thirty-two bytes!")), services.storage, sent["Body"])
