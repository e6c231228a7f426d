"""The HTTP door of a family, without a socket."""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import jwt
import pytest

from tests.unit.http.plugins import TestFamily, Wait
from tiercel.http.app import create_app
from tiercel.settings import BODY_BYTES, Settings
from tiercel.testing import MemoryServices

ECHO = {"taskType": "io.test.Echo", "params": {"text": "{{ 1 + 1 }}"}}
WAIT = {"taskType": "io.test.Wait"}
SECRET = "a secret of more than thirty-two bytes"
TOKEN = {
    "Authorization": f"Bearer {jwt.encode({'sub': 'tests', 'exp': 4102444800}, SECRET, algorithm='HS256')}"
}


@asynccontextmanager
async def calling(
    settings: Settings | None = None, long_running: bool = False, raise_errors: bool = True
) -> AsyncIterator[httpx.AsyncClient]:
    """Serve the test family and give a client on the same machine."""
    Wait.release, Wait.started = asyncio.Event(), asyncio.Event()
    with MemoryServices() as services:
        app = create_app(TestFamily(), services, settings=settings or Settings(), long_running=long_running)
        transport = httpx.ASGITransport(app, raise_app_exceptions=raise_errors, client=("127.0.0.1", 1))
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url="http://localhost") as client,
        ):
            yield client


def called(work: Callable[[httpx.AsyncClient], Awaitable[None]], **options: Any) -> None:
    """Run a test's work with a client."""

    async def run() -> None:
        async with calling(**options) as client:
            await work(client)

    asyncio.run(run())


def test_health_says_what_serves() -> None:
    async def work(client: httpx.AsyncClient) -> None:
        answer = await client.get("/health")
        assert answer.json() == {"status": "ok", "plugins": 3, "family": "test", "version": "1.2.3"}

    called(work)


def test_plugins_lists_types_with_their_schemas() -> None:
    async def work(client: httpx.AsyncClient) -> None:
        plugins = {row["type"]: row for row in (await client.get("/plugins")).json()["plugins"]}
        assert plugins["io.test.Echo"]["aliases"] == ["io.test.old.Echo"]
        assert "text" in plugins["io.test.Echo"]["parameters"]["properties"]

    called(work)


def test_a_task_is_run_by_its_envelope_by_its_path_and_by_an_alias() -> None:
    async def work(client: httpx.AsyncClient) -> None:
        for path, body in (
            ("/execute", ECHO),
            ("/v1/tasks/io/test/Echo", {"params": ECHO["params"]}),
            ("/v1/tasks/io/test/old/Echo", {"params": ECHO["params"]}),
            ("/v1/tasks/io/test/Echo", ECHO),
        ):
            answer = await client.post(path, json=body)
            assert answer.status_code == 200
            assert (answer.json()["state"], answer.json()["data"]["text"]) == ("SUCCESS", "2")

    called(work)


def test_a_failure_is_an_outcome() -> None:
    async def work(client: httpx.AsyncClient) -> None:
        answer = await client.post("/execute", json={"taskType": "io.test.Fail"})
        assert answer.status_code == 200
        assert answer.json()["state"] == "FAILED"
        assert answer.json()["error"]["message"] == "The answer is no."
        answer = await client.post("/execute", json={"taskType": "io.test.Echo", "params": {"txt": "x"}})
        assert answer.status_code == 200
        assert answer.json()["error"]["problems"][0]["path"] == "txt"

    called(work)


@pytest.mark.parametrize(
    ("path", "content", "status", "kind", "said"),
    [
        ("/execute", b'{"taskType": "io.test.Eco"}', 404, "UnknownPlugin", "did you mean 'io.test.Echo'"),
        ("/v1/tasks/io/test/Nothing", b"{}", 404, "UnknownPlugin", "No plugin of type"),
        ("/execute", b"{", 422, "InvalidEnvelope", "no JSON"),
        ("/execute", b"", 422, "InvalidEnvelope", "no JSON"),
        ("/execute", b"[]", 422, "InvalidEnvelope", "envelope"),
        ("/execute", b"{}", 422, "InvalidEnvelope", "`taskType`"),
        ("/execute", b'{"taskType": "io.test.Echo", "parms": {}}', 422, "InvalidEnvelope", "`parms`"),
        ("/execute", b'{"taskType": "io.test.Echo", "version": 2}', 422, "InvalidEnvelope", "`version`"),
        ("/v1/tasks/io/test/Echo", b'{"taskType": "io.test.Fail"}', 422, "InvalidEnvelope", "The path names"),
        ("/execute", b"[" * 100_000, 422, "InvalidEnvelope", "no JSON"),
        ("/execute", b"x" * (BODY_BYTES + 1), 413, "TooLarge", "larger than"),
        ("/nowhere", b"{}", 404, "NotFound", "not served here"),
        ("/health", b"{}", 405, "MethodNotAllowed", "not served here"),
    ],
)
def test_a_bad_request_is_answered_in_the_one_shape_of_errors(
    path: str, content: bytes, status: int, kind: str, said: str
) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        answer = await client.post(path, content=content)
        assert answer.status_code == status
        error = answer.json()["error"]
        assert set(error) == {"kind", "message", "problems"}
        assert error["kind"] == kind
        assert said in error["message"]

    called(work)


def test_a_caller_does_not_choose_the_servers_directory() -> None:
    async def work(client: httpx.AsyncClient) -> None:
        answer = await client.post("/execute", json={**ECHO, "context": {"workingDirectory": "/etc"}})
        assert answer.json()["data"]["directory"] is None

    called(work)


def test_a_task_that_does_not_end_in_time_fails_and_names_the_remedy() -> None:
    async def work(client: httpx.AsyncClient) -> None:
        answer = await client.post("/execute", json=WAIT)
        assert answer.status_code == 200
        assert answer.json()["error"]["kind"] == "Timeout"
        assert "Prefer: respond-async" in answer.json()["error"]["message"]

    called(work, settings=Settings(sync_seconds=0.05))


def test_a_timeout_of_its_own_is_not_blamed_on_the_call() -> None:
    async def work(client: httpx.AsyncClient) -> None:
        answer = await client.post("/execute", json={**WAIT, "context": {"timeoutSeconds": 0.05}})
        assert "0.05 s" in answer.json()["error"]["message"]

    called(work)


async def followed(client: httpx.AsyncClient, answer: httpx.Response) -> dict[str, Any]:
    """Release the waiting task and give its run as it ended."""
    assert answer.status_code == 202
    assert answer.json()["state"] == "RUNNING"
    Wait.release.set()
    place = answer.headers["location"]
    while (document := (await client.get(place)).json())["result"] is None:
        await asyncio.sleep(0)
    found: dict[str, Any] = document
    return found


def test_a_caller_that_does_not_wait_gets_a_run_to_follow() -> None:
    async def work(client: httpx.AsyncClient) -> None:
        answer = await client.post("/execute", json=WAIT, headers={"Prefer": "respond-async"})
        document = await followed(client, answer)
        assert (document["state"], document["result"]["data"]) == ("SUCCESS", {"done": True})

    called(work)


def test_a_task_that_declares_to_take_long_is_not_waited_for() -> None:
    async def work(client: httpx.AsyncClient) -> None:
        answer = await client.post("/execute", json={**WAIT, "context": {"timeoutSeconds": 26}})
        assert (await followed(client, answer))["state"] == "SUCCESS"

    called(work)


def test_a_family_of_long_tasks_answers_at_once_if_it_can_and_later_if_it_must() -> None:
    async def work(client: httpx.AsyncClient) -> None:
        quick = await client.post("/execute", json=ECHO)
        assert (quick.status_code, quick.json()["state"]) == (200, "SUCCESS")
        slow = await client.post("/execute", json=WAIT)
        assert (await followed(client, slow))["state"] == "SUCCESS"

    called(work, settings=Settings(sync_seconds=0.05), long_running=True)


def test_a_caller_may_wait_a_little() -> None:
    async def work(client: httpx.AsyncClient) -> None:
        answer = await client.post("/execute", json=ECHO, headers={"Prefer": "respond-async, wait=5"})
        assert (answer.status_code, answer.json()["state"]) == (200, "SUCCESS")

    called(work)


def test_one_key_is_one_run_however_often_it_is_sent() -> None:
    async def work(client: httpx.AsyncClient) -> None:
        headers = {"Prefer": "respond-async", "Idempotency-Key": "once"}
        first = await client.post("/execute", json=WAIT, headers=headers)
        second = await client.post("/execute", json=WAIT, headers=headers)
        assert first.headers["location"] == second.headers["location"]
        await followed(client, second)
        third = await client.post("/execute", json=WAIT, headers={"Idempotency-Key": "once"})
        assert (third.status_code, third.json()["data"]) == (200, {"done": True})
        other = await client.post("/execute", json=ECHO, headers=headers)
        assert (other.status_code, other.json()["error"]["kind"]) == (409, "Conflict")

    called(work)


def test_a_run_is_cancelled_and_stays_as_it_ended() -> None:
    async def work(client: httpx.AsyncClient) -> None:
        answer = await client.post("/execute", json=WAIT, headers={"Prefer": "respond-async"})
        await Wait.started.wait()
        for _ in range(2):
            document = (await client.delete(answer.headers["location"])).json()
            assert (document["state"], document["result"]["error"]["kind"]) == ("FAILED", "Killed")

    called(work)


def test_a_run_that_is_cancelled_before_it_began_is_cancelled_too() -> None:
    async def work(client: httpx.AsyncClient) -> None:
        answer = await client.post("/execute", json=WAIT, headers={"Prefer": "respond-async"})
        document = (await client.delete(answer.headers["location"])).json()
        assert document["result"]["error"]["kind"] == "Killed"

    called(work)


def test_an_unknown_run_is_not_found() -> None:
    async def work(client: httpx.AsyncClient) -> None:
        assert (await client.get("/v1/runs/nope")).status_code == 404
        assert (await client.delete("/v1/runs/nope")).status_code == 404

    called(work)


def test_on_lambda_nothing_is_promised_that_would_stop_with_the_answer() -> None:
    async def work(client: httpx.AsyncClient) -> None:
        headers = {"Prefer": "respond-async", **TOKEN}
        answer = await client.post("/execute", json=WAIT, headers=headers)
        assert answer.status_code == 501
        assert "SQS queue" in answer.json()["error"]["message"]

    called(work, settings=Settings(on_lambda=True, jwt_secret=SECRET))


def test_a_bug_of_the_server_is_logged_and_answered_without_details(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def work(client: httpx.AsyncClient) -> None:
        monkeypatch.setattr("tiercel.http.door.read_envelope", lambda content: 1 / 0)
        answer = await client.post("/execute", json=ECHO)
        assert answer.status_code == 500
        assert answer.json()["error"]["kind"] == "Bug"
        assert "ZeroDivision" not in answer.text

    with caplog.at_level(logging.CRITICAL):
        called(work, raise_errors=False)


def test_the_api_describes_its_tasks() -> None:
    async def work(client: httpx.AsyncClient) -> None:
        described = (await client.get("/openapi.json")).json()
        assert "/v1/tasks/io/test/Echo" in described["paths"]
        assert "taskType" in described["components"]["schemas"]["Envelope"]["properties"]

    called(work)


def test_behind_a_gateway_a_family_is_reached_by_its_name_and_shows_where_its_runs_are() -> None:
    async def work(client: httpx.AsyncClient) -> None:
        base = "/v1/families/test"
        assert (await client.get(f"{base}/health")).json()["family"] == "test"
        answer = await client.post(f"{base}/execute", json=WAIT, headers={"Prefer": "respond-async"})
        assert answer.headers["location"].startswith(f"{base}/v1/runs/")
        assert (await followed(client, answer))["state"] == "SUCCESS"
        answer = await client.post("/v1/tasks/io/test/Echo", json={}, headers={"Idempotency-Key": "k"})
        assert answer.headers["location"].startswith(f"{base}/v1/runs/")
        for path in ("/v1/families/other/execute", f"{base}{base}/execute"):
            assert (await client.post(path, json=WAIT)).status_code == 404

    called(work)


def test_a_body_may_be_as_large_as_the_settings_say() -> None:
    async def work(client: httpx.AsyncClient) -> None:
        assert (await client.post("/execute", content=b"x" * 101)).status_code == 413
        assert (await client.post("/execute", content=b"x" * 100)).status_code == 422

    called(work, settings=Settings(body_bytes=100))
