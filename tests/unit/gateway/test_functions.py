"""Handlers in processes of their own, under Lambda's own runtime and our Runtime API."""

import asyncio
import json
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from tiercel_orchestrator.cli.gateway import functions_of
from tiercel_orchestrator.gateway.functions import Function, FunctionFailed
from tiercel_orchestrator.gateway.matching import Table
from tiercel_orchestrator.gateway.serving import Gateway

pytest.importorskip("awslambdaric", reason="awslambdaric is not installed")

HANDLER = """
import json, os

def handler(event, context):
    if event.get("die"):
        os._exit(3)
    if event.get("wrong"):
        raise ValueError("that was wrong")
    return {
        "event": event, "process": os.getpid(), "id": context.aws_request_id,
        "left": context.get_remaining_time_in_millis(), "name": context.function_name,
    }

def echo(event, context):
    body = json.dumps(event)
    return {"statusCode": 201, "headers": {"X-One": "1"}, "cookies": ["a=b"], "body": body}

def bare(event, context):
    return {"anything": 1}
"""


def with_functions(
    work: Callable[[dict[str, Function]], Awaitable[None]],
    directory: Path,
    monkeypatch: pytest.MonkeyPatch,
    **handlers: str,
) -> None:
    """Run a test's work beside functions of the handlers above."""
    (directory / "handlers.py").write_text(HANDLER, encoding="utf-8")
    monkeypatch.setenv("PYTHONPATH", str(directory) + os.pathsep + os.environ.get("PYTHONPATH", ""))

    async def run() -> None:
        async with functions_of(handlers, directory / "home") as functions:
            await work(functions)

    asyncio.run(run())


def test_a_process_takes_one_event_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work(functions: dict[str, Function]) -> None:
        answers = await asyncio.gather(*(functions["one"].invoke({"number": one}) for one in range(5)))
        assert [answer["event"]["number"] for answer in answers] == [0, 1, 2, 3, 4]
        assert len({answer["process"] for answer in answers}) == 1
        assert len({answer["id"] for answer in answers}) == 5
        assert all(0 < answer["left"] <= 30_000 for answer in answers)
        assert answers[0]["name"] == "tiercel-one"

    with_functions(work, tmp_path, monkeypatch, one="handlers.handler")


def test_an_error_is_the_event_s_and_an_end_the_process_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(functions: dict[str, Function]) -> None:
        function = functions["one"]
        first = await function.invoke({})
        with pytest.raises(FunctionFailed, match="ValueError: that was wrong"):
            await function.invoke({"wrong": True})
        assert (await function.invoke({}))["process"] == first["process"]
        with pytest.raises(FunctionFailed, match="ended with code 3"):
            await function.invoke({"die": True})
        assert (await function.invoke({}))["process"] != first["process"]
        assert function.starts == 2

    with_functions(work, tmp_path, monkeypatch, one="handlers.handler")


def test_a_handler_that_cannot_be_loaded_fails_its_events_and_is_not_started_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def work(functions: dict[str, Function]) -> None:
        with pytest.raises(FunctionFailed):
            await functions["one"].invoke({})
        assert functions["one"].starts <= 3

    with_functions(work, tmp_path, monkeypatch, one="handlers.nothing")


def test_a_request_becomes_an_event_and_the_answer_a_response(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Table({("GET", "/bare"): "bare", ("GET", "/none"): "none"}, {("POST", "/v1"): "echo"})

    async def work(functions: dict[str, Function]) -> None:
        transport = httpx.ASGITransport(Gateway(table, functions).app())
        async with httpx.AsyncClient(transport=transport, base_url="http://gateway.test") as client:
            answer = await client.post(
                "/v1/a/b?x=1&x=2&y=",
                content=b'{"k": 1}',
                headers={"Content-Type": "application/json", "Cookie": "c=d"},
            )
            assert (answer.status_code, answer.headers["x-one"]) == (201, "1")
            assert answer.headers["set-cookie"] == "a=b"
            event = answer.json()
            assert (event["version"], event["routeKey"]) == ("2.0", "POST /v1/{proxy+}")
            assert (event["rawPath"], event["pathParameters"]) == ("/v1/a/b", {"proxy": "a/b"})
            assert event["queryStringParameters"] == {"x": "1,2", "y": ""}
            assert (json.loads(event["body"]), event["isBase64Encoded"]) == ({"k": 1}, False)
            assert event["cookies"] == ["c=d"] and "cookie" not in event["headers"]
            assert event["requestContext"]["http"]["method"] == "POST"
            binary = (await client.post("/v1/x", content=b"\xff")).json()
            assert (binary["body"], binary["isBase64Encoded"]) == ("/w==", True)
            assert (await client.get("/bare")).json() == {"anything": 1}
            assert (await client.get("/nowhere")).status_code == 404
            assert (await client.get("/none")).status_code == 503
            assert (await client.post("/v1/x", content=bytes(6 * 1024 * 1024 + 1))).status_code == 413

    with_functions(work, tmp_path, monkeypatch, echo="handlers.echo", bare="handlers.bare")
