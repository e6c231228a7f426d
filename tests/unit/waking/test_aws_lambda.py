"""The orchestrator as a function: what wakes it, what it believes, and when it is to be woken again."""

import dataclasses
import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import boto3
import jwt
import pytest
from moto import mock_aws

from tests.store.conftest import empty
from tests.unit.adapters.test_aws_lambda import SECRET, http_event
from tiercel import clock
from tiercel.adapters.aws_lambda import LambdaHandler
from tiercel.errors import TiercelError
from tiercel.manifests import text_of
from tiercel.registry import Registry
from tiercel.settings import Settings
from tiercel_core import FAMILY
from tiercel_orchestrator.dispatch.deployed import Deployed
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.store.opening import open_store
from tiercel_orchestrator.waking.aws_lambda import Waking

ONE_TASK = """
id: one
namespace: waking
tasks:
  - id: say
    type: io.kestra.plugin.core.debug.Return
    format: hello
"""
PAUSED = """
id: paused
namespace: waking
tasks:
  - id: wait
    type: io.kestra.plugin.core.flow.Pause
    pauseDuration: {duration}
"""
ARN = "arn:aws:lambda:eu-central-1:123456789012:function:orchestrator"


class Context:
    """What Lambda says of an invocation."""

    aws_request_id = "request"
    invoked_function_arn = ARN

    def get_remaining_time_in_millis(self) -> int:
        return 30_000


@dataclass
class Bundle:
    """An orchestrator and its queues."""

    waking: Waking
    sqs: Any
    results: str
    work: str
    store: str

    def __call__(self, **event: Any) -> Any:
        return self.waking(event, Context())

    def taken(self, queue: str) -> list[dict[str, Any]]:
        """Take the messages of a queue as Lambda hands them over."""
        found = self.sqs.receive_message(
            QueueUrl=queue, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        )
        return [
            {
                "messageId": one["MessageId"],
                "body": one["Body"],
                "eventSource": "aws:sqs",
                "messageAttributes": {
                    name: {"stringValue": value["StringValue"]}
                    for name, value in one.get("MessageAttributes", {}).items()
                },
            }
            for one in found.get("Messages", ())
        ]

    def work_off(self) -> None:
        """Let the family's worker take what there is."""
        worker = LambdaHandler(FAMILY)
        assert worker({"Records": self.taken(self.work)}, Context()) == {"batchItemFailures": []}
        worker.loop.close()

    def state(self, started: Any) -> str:
        store = open_store(self.store)
        execution = store.execution(started["id"])
        store.close()
        assert execution is not None
        return execution.state


@pytest.fixture
def bundle(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Bundle]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    with mock_aws():
        sqs = boto3.client("sqs")
        results, work = (sqs.create_queue(QueueName=name)["QueueUrl"] for name in ("results", "work"))
        boto3.client("scheduler").create_schedule_group(Name="tiercel")
        settings = {
            "TIERCEL_HOME": str(tmp_path),
            "TIERCEL_STORE": str(tmp_path / "engine.db"),
            "TIERCEL_JWT_SECRET": SECRET,
            "TIERCEL_RESULTS_QUEUE_URL": results,
            "TIERCEL_FAMILY_QUEUES": json.dumps({"core": work}),
            "TIERCEL_SCHEDULE_GROUP": "tiercel",
            "TIERCEL_SCHEDULE_ROLE_ARN": "arn:aws:iam::123456789012:role/scheduler",
        }
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        waking = Waking(Settings.read(), ARN)
        yield Bundle(waking, sqs, results, work, settings["TIERCEL_STORE"])
        waking.loop.close()


def test_a_start_sends_the_first_task_and_its_result_ends_the_execution(bundle: Bundle) -> None:
    started = bundle(flow=ONE_TASK)
    assert bundle.state(started) == states.RUNNING
    bundle.work_off()
    results = bundle.taken(bundle.results)
    assert bundle(Records=results) == {"batchItemFailures": []}
    assert bundle.state(started) == states.SUCCESS
    assert bundle(Records=results) == {"batchItemFailures": []}  # a queue may say it twice
    assert bundle.state(started) == states.SUCCESS


def test_an_orchestrator_without_families_finds_them_in_the_tables(
    bundle: Bundle, postgres_url: str, plain_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty(plain_database)
    monkeypatch.setenv("TIERCEL_STORE", plain_database)
    monkeypatch.setenv("TIERCEL_SERVICE_REGISTRY", "true")
    monkeypatch.delenv("TIERCEL_FAMILY_QUEUES")
    with closing(Deployed.of(Settings(), plain_database)) as tables:
        tables.publish(text_of(dict(FAMILY.manifest)), None, bundle.work, clock.now())
    deployed = dataclasses.replace(bundle, waking=Waking(Settings.read(), ARN), store=plain_database)
    orchestrator = deployed.waking.orchestrator
    orchestrator.registry = Registry([])
    started = deployed(flow=ONE_TASK)
    assert deployed.state(started) == states.RUNNING
    deployed.work_off()
    assert deployed(Records=deployed.taken(deployed.results)) == {"batchItemFailures": []}
    assert deployed.state(started) == states.SUCCESS
    unknown = deployed(flow=ONE_TASK.replace("core.debug.Return", "core.debug.Retrun"))
    assert "io.kestra.plugin.core.debug.Return" in unknown["error"]["message"]
    assert orchestrator.deployed is not None
    orchestrator.deployed.close()
    deployed.waking.loop.close()


def test_a_start_that_cannot_be_is_answered_with_sentences(bundle: Bundle) -> None:
    for event, said in (
        ({"namespace": "waking", "flowId": "nowhere"}, "There is no flow 'nowhere'"),
        ({"flow": "id: x"}, "namespace"),
        ({"flowId": "x"}, "`namespace` and `flowId`"),
        ({"flowID": "x"}, "`flowID`"),
    ):
        answer = bundle(**event)
        assert answer["error"]["kind"] == "InvalidFlow" and said in answer["error"]["message"]


def test_a_result_that_nobody_signed_changes_nothing_and_stays_in_its_queue(bundle: Bundle) -> None:
    started = bundle(flow=ONE_TASK)
    bundle.work_off()
    (result,) = bundle.taken(bundle.results)
    forged = {**result, "messageId": "forged", "messageAttributes": {}}
    broken = {**result, "messageId": "broken", "body": "no json"}
    failures = bundle(Records=[forged, broken])["batchItemFailures"]
    assert [one["itemIdentifier"] for one in failures] == ["forged", "broken"]
    assert bundle.state(started) == states.RUNNING
    assert bundle(Records=[forged, result])["batchItemFailures"] == [{"itemIdentifier": "forged"}]
    assert bundle.state(started) == states.SUCCESS


def test_a_task_among_the_dead_letters_fails_with_a_sentence(bundle: Bundle) -> None:
    started = bundle(flow=ONE_TASK)
    assert bundle(Records=bundle.taken(bundle.work)) == {"batchItemFailures": []}
    assert bundle.state(started) == states.FAILED
    store = open_store(bundle.store)
    lines = [row.line.message for row in store.logs(started["id"])]
    store.close()
    assert any("took the task on several times and never answered" in line for line in lines)


def test_a_task_whose_message_was_lost_is_sent_again_when_its_lease_is_over(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = bundle(flow=ONE_TASK)
    assert len(bundle.taken(bundle.work)) == 1  # and nobody works on it
    bundle(wake=True)
    assert bundle.taken(bundle.work) == []
    later = clock.now() + timedelta(hours=13)
    monkeypatch.setattr(clock, "now", lambda: later)
    bundle(wake=True)
    bundle.work_off()
    bundle(Records=bundle.taken(bundle.results))
    assert bundle.state(started) == states.SUCCESS


def test_a_moment_that_is_near_is_told_by_a_delayed_message_once(
    bundle: Bundle, monkeypatch: pytest.MonkeyPatch
) -> None:
    started = bundle(flow=PAUSED.format(duration="PT5M"))
    bundle(wake=True)
    bundle(source="aws.events")
    delayed = "ApproximateNumberOfMessagesDelayed"
    counts = bundle.sqs.get_queue_attributes(QueueUrl=bundle.results, AttributeNames=[delayed])
    assert counts["Attributes"][delayed] == "1"
    assert bundle.state(started) == states.PAUSED
    later = clock.now() + timedelta(minutes=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    bundle(Records=[{"messageId": "1", "eventSource": "aws:sqs", "body": '{"wake": true}'}])
    assert bundle.state(started) == states.SUCCESS


def test_a_moment_that_is_far_is_told_by_a_timer_of_the_minute_before(bundle: Bundle) -> None:
    before = datetime.now(UTC)
    bundle(flow=PAUSED.format(duration="PT3H"))
    bundle(flow=PAUSED.format(duration="PT5H").replace("id: paused", "id: longer"))
    (timer,) = boto3.client("scheduler").list_schedules(GroupName="tiercel")["Schedules"]
    found = boto3.client("scheduler").get_schedule(GroupName="tiercel", Name=timer["Name"])
    assert found["ActionAfterCompletion"] == "DELETE"
    assert (found["Target"]["Arn"], json.loads(found["Target"]["Input"])) == (ARN, {"wake": True})
    moment = datetime.fromisoformat(found["ScheduleExpression"][3:-1]).replace(tzinfo=UTC)
    assert timedelta(hours=2, minutes=58) < moment - before <= timedelta(hours=3, minutes=1)


def http(bundle: Bundle, body: object, path: str = "/v1/executions", **claims: object) -> tuple[int, Any]:
    """Start something as a caller of the gateway, with a token of these claims."""
    token = jwt.encode({"exp": 4102444800, **claims}, SECRET, "HS256") if claims else "none"
    answer = bundle.waking(http_event("POST", path, body, authorization=f"Bearer {token}"), Context())
    return answer["statusCode"], json.loads(answer["body"])


def test_the_gateway_starts_an_execution_for_who_may(bundle: Bundle) -> None:
    bundle(flow=ONE_TASK)
    wanted = {"namespace": "waking", "flowId": "one"}
    status, started = http(bundle, wanted, sub="somebody")
    assert (status, bundle.state(started)) == (201, states.RUNNING)
    assert http(bundle, wanted, scope="tiercel:orchestrator")[0] == 201
    for status, claims in (
        (401, {}),
        (401, {"role": "anon"}),
        (403, {"role": "tiercel_task"}),
        (401, {"role": "tiercel_service"}),
        (403, {"role": "authenticated"}),
        (403, {"scope": "tiercel:sql"}),
    ):
        assert http(bundle, wanted, **claims)[0] == status


@pytest.mark.parametrize(
    ("path", "body", "status", "said"),
    [
        ("/v1/executions/", {}, 404, "POST /v1/executions starts"),
        ("/v1/executions", {"flow": ONE_TASK}, 422, "no source is taken here"),
        ("/v1/executions", {"namespace": "waking", "flowId": "nowhere"}, 422, "There is no flow"),
        ("/v1/executions", [], 422, "starts no execution"),
    ],
)
def test_the_gateway_is_refused_with_a_sentence(
    bundle: Bundle, path: str, body: object, status: int, said: str
) -> None:
    answer = http(bundle, body, path, sub="somebody")
    assert answer[0] == status and said in answer[1]["error"]["message"]


def test_settings_that_are_missing_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TIERCEL_STORE", raising=False)
    with pytest.raises(TiercelError, match=r"TIERCEL_STORE.*TIERCEL_RESULTS_QUEUE_URL.*TIERCEL_JWT_KEY"):
        Waking(Settings(), ARN)
