"""An engine that stays fetches what families answer by a queue, and leaves what is for another store."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.unit.adapters.test_aws_lambda import SECRET, Context
from tests.unit.waking.test_aws_lambda import ONE_TASK
from tiercel import clock, messages
from tiercel.adapters.aws_lambda import LambdaHandler
from tiercel.adapters.sqs import Sqs
from tiercel.calling import in_thread
from tiercel.envelope import Result, RunContext
from tiercel.http.callbacks import signature
from tiercel.http.signing import TokenKeys
from tiercel.plugin import State
from tiercel_core import FAMILY
from tiercel_orchestrator.dispatch.routes import Routes
from tiercel_orchestrator.dispatch.tokens import Tokens
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.local import open_engine
from tiercel_orchestrator.shell.receiving import Receiving
from tiercel_orchestrator.shell.starting import StartRequest

Queues = tuple[str, str]


@pytest.fixture
def queues(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Queues]:
    """Give the queue of the worker and that of results."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setattr("tiercel_orchestrator.shell.receiving.WAIT_SECONDS", 0)
    with mock_aws():
        sqs = boto3.client("sqs")
        work, results = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("work", "results"))
        monkeypatch.setenv("TIERCEL_HOME", str(tmp_path))
        monkeypatch.setenv("TIERCEL_JWT_SECRET", SECRET)
        monkeypatch.setenv("TIERCEL_RESULTS_QUEUE_URL", results)
        yield work, results


def worked_off(work: str) -> None:
    """Let the family's worker take what is in its queue, and wait for it."""
    handler, sqs = LambdaHandler(FAMILY), Sqs()
    records: list[Any] = []
    while not records:
        records = sqs.receive(work, 10, 1)
    assert handler({"Records": records}, Context()) == {"batchItemFailures": []}
    sqs.delete(work, records)
    handler.loop.close()


def test_a_task_that_was_left_to_a_queue_is_answered(queues: Queues, tmp_path: Path) -> None:
    work, results = queues

    async def play() -> str:
        async with open_engine(tmp_path, routes=Routes(queues={"core": work})) as engine:
            flow = await engine.in_store(engine.library.put, ONE_TASK, clock.now())
            execution = await engine.start(StartRequest(flow.namespace, flow.id))
            await in_thread(lambda: worked_off(work))
            return (await engine.wait(execution.id)).state

    assert asyncio.run(play()) == states.SUCCESS
    assert Sqs().receive(results, 10, 0) == []


def test_what_is_for_another_store_or_for_nobody_is_left_in_its_queue(queues: Queues, tmp_path: Path) -> None:
    work, _ = queues
    tokens = Tokens(TokenKeys(SECRET))

    async def take() -> list[str]:
        async with open_engine(tmp_path, routes=Routes(queues={"core": work}), receives=False) as engine:
            dispatcher = engine.work.dispatcher.queues
            assert dispatcher is not None
            run = RunContext(task_run_id="elsewhere", lease=1)
            body = messages.result_text(run, Result(state=State.SUCCESS), dispatcher.storage)
            signed = signature(tokens.callback_key("elsewhere", 1), body.encode())
            attributes = {"Tiercel-Signature": {"stringValue": signed}}
            records: list[dict[str, Any]] = [
                {"messageId": "elsewhere", "body": body, "messageAttributes": attributes},
                {"messageId": "forged", "body": body, "messageAttributes": {}},
                {"messageId": "wake", "body": '{"wake": true}'},
            ]
            return [one["messageId"] for one in await Receiving(dispatcher, engine).take(records)]

    assert asyncio.run(take()) == ["wake"]
