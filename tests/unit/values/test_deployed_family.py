"""The core family as it is deployed: keys, states and secrets under the token that each call comes with."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.postgrest import JWT_SECRET, PUBLIC_KEY, Project
from tests.unit.stores import EMPTY
from tiercel.adapters.aws_lambda import LambdaHandler
from tiercel.doors import Dispatcher
from tiercel.envelope import Envelope, RunContext
from tiercel.http.app import create_app
from tiercel.http.signing import TokenKeys
from tiercel.plugin import State
from tiercel.services import Services, local_services
from tiercel.settings import Settings
from tiercel_core import FAMILY
from tiercel_orchestrator.dispatch.tokens import Tokens

KV, STATE, RETURN = "core.kv.", "core.state.", "core.debug.Return"


class Moment:
    """What Lambda tells a function of its call."""

    def get_remaining_time_in_millis(self) -> int:
        return 60_000


@pytest.fixture
def settings(project: Project) -> Settings:
    project.run(
        f"{EMPTY}, vault.secrets; insert into vault.secrets (name, secret) values ('a/KEY', 's3cret!')"
    )
    return Settings.read(
        {
            "K_SERVICE": "core",
            "TIERCEL_JWT_SECRET": JWT_SECRET,
            "TIERCEL_SECRETS": "vault",
            "SUPABASE_URL": project.url,
            "SUPABASE_ANON_KEY": PUBLIC_KEY,
        }
    )


@pytest.fixture
def services(settings: Settings) -> Iterator[Services]:
    built = local_services(settings=settings)
    yield built
    built.close()


def envelope(kind: str, namespace: str, params: dict[str, Any]) -> dict[str, Any]:
    context = {
        **{"namespace": namespace, "flowId": "f", "executionId": "e", "taskRunId": "r"},
        "variables": {"flow": {"namespace": namespace, "id": "f"}},
    }
    return {"taskType": f"io.kestra.plugin.{kind}", "params": params, "context": context}


def headers_for(namespace: str) -> dict[str, str]:
    run = RunContext(namespace=namespace, flow_id="f", execution_id="e", task_run_id="r")
    return Tokens(TokenKeys(JWT_SECRET)).headers("POST", "/execute", run=run)


class Family:
    """The family behind its HTTP door."""

    def __init__(self, services: Services, settings: Settings) -> None:
        self.app = create_app(FAMILY, services=services, settings=settings)
        self.services = services

    def run(self, kind: str, namespace: str, headers: dict[str, str] | None = None, /, **params: Any) -> Any:
        """Run a task of a namespace under its own token, or under that of `headers`; give the answer."""
        body = envelope(kind, namespace, params)

        async def post() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://family") as client:
                answer = await client.post("/execute", json=body, headers=headers or headers_for(namespace))
                await self.services.http.close()
                return answer

        return asyncio.run(post()).json()


@pytest.fixture
def family(services: Services, settings: Settings) -> Family:
    return Family(services, settings)


def test_keys_and_states_are_reached_under_the_token_of_the_call(family: Family, project: Project) -> None:
    assert family.run(KV + "Set", "a", key="k", value="x")["state"] == "SUCCESS"
    assert family.run(KV + "Get", "a.b", key="k")["data"] == {"value": "x"}
    assert family.run(KV + "Get", "c", key="k")["data"] == {}
    assert family.run(STATE + "Set", "a", data={"n": 1})["data"]["count"] == 1
    assert family.run(STATE + "Get", "a")["data"] == {"count": 1, "data": {"n": 1}}
    assert family.run(STATE + "Get", "a.b")["data"] == {"count": 0, "data": {}}
    assert project.run("select namespace, key, value_jsonb from pipeline_kv_store") == ['a|k|"x"']


def test_a_key_of_a_namespace_above_is_read_and_not_written(family: Family) -> None:
    answer = family.run(KV + "Set", "a.b", key="k", value="x", namespace="a")
    assert answer["state"] == "FAILED"
    assert "writes keys of its namespace" in answer["error"]["message"]


def test_templates_reach_keys_and_secrets_and_secrets_are_masked(family: Family) -> None:
    family.run(KV + "Set", "a", key="k", value="x")
    answer = family.run(
        RETURN, "a.b", format="{{ kv('k') }} {{ secret('KEY') == 's3cret!' }} {{ secret('KEY') }}"
    )
    assert answer["data"] == {"value": "x true ******"}
    refused = family.run(RETURN, "c", format="{{ secret('KEY') }}")
    assert "create the secret 'c/KEY' in the Vault" in refused["error"]["message"]


def test_an_envelope_that_says_otherwise_than_its_token_is_refused(family: Family) -> None:
    answer = family.run(KV + "Get", "a", headers_for("c"), key="k")
    assert answer["error"]["kind"] == "Forbidden"


def test_a_setting_that_is_wrong_is_the_answer_to_every_task() -> None:
    settings = Settings(kv_url="mysql://somewhere", on_cloud_run=True, jwt_secret=JWT_SECRET)
    dispatcher = Dispatcher(FAMILY, settings=settings)
    task = Envelope.model_validate(envelope("core.debug.Return", "a", {"format": "x"}))
    for _ in range(2):
        result = asyncio.run(dispatcher.run(task))
        assert result.state is State.FAILED
        assert result.error
        assert result.error.message.startswith("TIERCEL_KV_URL starts with 'mysql'")


def test_a_user_of_the_project_may_run_tasks_and_reaches_nothing(family: Family) -> None:
    import jwt

    claims = {"role": "authenticated", "sub": "somebody", "scope": "tiercel:core", "exp": 4102444800}
    token = jwt.encode(claims, JWT_SECRET)
    answer = family.run(KV + "Get", "a", {"Authorization": f"Bearer {token}"}, key="k")
    assert answer["state"] == "FAILED"
    assert "The task run may not do that here" in answer["error"]["message"]


def test_a_call_that_is_sent_again_with_a_newer_token_is_the_same_call(family: Family) -> None:
    key = {"Idempotency-Key": "r.1.0"}
    first = family.run(KV + "Set", "a", {**headers_for("a"), **key}, key="k", value="x", overwrite=False)
    newer = RunContext(namespace="a", flow_id="f", execution_id="e", task_run_id="r", timeout_seconds=9)
    again = Tokens(TokenKeys(JWT_SECRET)).headers("POST", "/execute", run=newer)
    assert again != headers_for("a")
    assert family.run(KV + "Set", "a", {**again, **key}, key="k", value="x", overwrite=False) == first
    assert first["state"] == "SUCCESS"


def test_an_envelope_carries_its_token_where_there_is_no_header(
    services: Services, settings: Settings, project: Project
) -> None:
    handler = LambdaHandler(FAMILY, services, settings)
    token = headers_for("a")["Authorization"].removeprefix("Bearer ")
    event = {**envelope(KV + "Set", "a", {"key": "k", "value": "x"}), "token": token}
    assert handler(event, Moment())["state"] == "SUCCESS"
    without = handler({**event, "token": None}, Moment())
    assert "has no token to show" in without["error"]["message"]
    handler.loop.run_until_complete(services.http.close())
    handler.loop.close()
    assert project.run("select namespace, key from pipeline_kv_store") == ["a|k"]
