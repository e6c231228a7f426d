"""http.SseRequest, http.Trigger and graphql.Request."""

import asyncio
import itertools
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.unit.core.web import Web, serving
from tiercel.envelope import Result
from tiercel.errors import TaskFailed
from tiercel.plugin import State
from tiercel.testing import MemoryServices, run_plugin
from tiercel_core.graphql import Request as GraphQL
from tiercel_core.http.event_stream import Event, events_of
from tiercel_core.http.events import SseRequest
from tiercel_core.http.trigger import Trigger

STREAM = (
    b'\xef\xbb\xbf: hello\r\nid: 1\r\nevent: greeting\r\ndata: {"text": "a"}\r\n\r\n'
    b"data: two\ndata:  lines\nretry: 1500\n\n"
    b": only a comment\n\n"
    b"data\r\rdata: unfinished"
)
EVENTS = [
    Event('{"text": "a"}', "1", "greeting", "hello", None),
    Event("two\n lines", retry=timedelta(milliseconds=1500)),
    Event(""),
]


def error_of(result: Result) -> str:
    assert result.state is State.FAILED
    assert result.error is not None
    return result.error.message


@given(st.lists(st.integers(0, len(STREAM)), max_size=8))
def test_events_are_the_same_wherever_the_stream_is_cut(places: list[int]) -> None:
    edges = [0, *sorted(places), len(STREAM)]

    async def chunks() -> AsyncIterator[bytes]:
        for start, end in itertools.pairwise(edges):
            yield STREAM[start:end]

    async def collected() -> list[Event]:
        return [event async for event in events_of(chunks(), "http://x/")]

    assert asyncio.run(collected()) == EVENTS


def test_what_is_no_stream_of_events_is_refused() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        while True:
            yield b"data: " + b"x" * (1 << 20)

    async def collected() -> None:
        async for _ in events_of(chunks(), "http://x/"):
            raise AssertionError("there is no event")

    with pytest.raises(TaskFailed, match="without the end of an event"):
        asyncio.run(collected())


def numbers(handler: Any) -> None:
    handler.give_open_end(
        (f'data: {{"n": {number}, "text": "t{number} "}}\n\n'.encode() for number in range(1500)),
        "text/event-stream",
    )


def graph(handler: Any) -> None:
    asked = json.loads(handler.web.asked[-1].body)
    errors = [{"message": "no such field"}] if "broken" in asked["query"] else None
    handler.give_json({"data": asked, **({"errors": errors} if errors else {})})


@pytest.fixture
def web() -> Iterator[Web]:
    routes = {
        "/events": numbers,
        "/graph": graph,
        "/teapot": lambda handler: handler.give(418, b"no"),
        "/ready": lambda handler: handler.give_json({"ready": True}),
        "/page": lambda handler: handler.give(200, b"<html>"),
    }
    with serving(routes) as found:
        yield found


def test_events_are_collected_and_written_to_a_file(web: Web) -> None:
    with MemoryServices() as services:
        params = {"uri": f"{web.url}/events", "concatJqExpression": "select(.n < 2) | .text"}
        result = run_plugin(SseRequest, {**params, "failedOnMissingJq": False}, services=services)
        assert result.state is State.SUCCESS, result.error
        assert result.data["size"] == 1500
        assert len(result.data["events"]) == 1000
        assert result.data["events"][0] == {"data": {"n": 0, "text": "t0 "}}
        assert result.data["result"] == "t0 t1 "
        assert services.storage.read(None, result.data["uri"]).count(b"\n") == 1500
        assert web.asked[0].headers["accept"] == "text/event-stream"


@pytest.mark.parametrize(("program", "said"), [(".nope", "gives nothing for event 1"), ("(", "event 1")])
def test_an_expression_that_finds_nothing_is_a_failure(web: Web, program: str, said: str) -> None:
    result = run_plugin(SseRequest, {"uri": f"{web.url}/events", "concatJqExpression": program})
    assert said in error_of(result)


def test_a_stream_that_is_refused_is_a_sentence(web: Web) -> None:
    assert "answered 418: no" in error_of(run_plugin(SseRequest, {"uri": f"{web.url}/teapot"}))


@pytest.mark.parametrize(
    ("path", "params", "state"),
    [
        ("/ready", {}, State.SUCCESS),
        ("/teapot", {}, State.SKIPPED),
        ("/teapot", {"responseCondition": "{{ response.statusCode == 418 }}"}, State.SUCCESS),
        ("/ready", {"responseCondition": "{{ fromJson(response.body).ready }}"}, State.SUCCESS),
        ("/ready", {"responseCondition": "{{ response.headers['content-type'][0] == 'x' }}"}, State.SKIPPED),
        ("/ready", {"responseCondition": "{{ nope }}"}, State.FAILED),
    ],
)
def test_a_trigger_fires_by_its_condition(web: Web, path: str, params: dict[str, Any], state: State) -> None:
    result = run_plugin(Trigger, {"uri": f"{web.url}{path}", **params})
    assert result.state is state, result.error
    assert ("code" in result.data) == (state is State.SUCCESS)


def test_a_query_is_posted_with_its_variables(web: Web) -> None:
    params = {
        "uri": f"{web.url}/graph",
        "query": "query A { a }",
        "variables": {"n": 1},
        "operationName": "A",
    }
    result = run_plugin(GraphQL, params)
    assert result.state is State.SUCCESS, result.error
    assert result.data["body"] == {"query": "query A { a }", "variables": {"n": 1}, "operationName": "A"}
    assert web.asked[0].method == "POST"


def test_errors_of_a_query_are_an_output_or_a_failure(web: Web) -> None:
    params = {"uri": f"{web.url}/graph", "query": "broken"}
    assert run_plugin(GraphQL, params).data["error"] == [{"message": "no such field"}]
    assert "no such field" in error_of(run_plugin(GraphQL, {**params, "failOnGraphQLErrors": True}))
    assert "no JSON" in error_of(run_plugin(GraphQL, {**params, "uri": f"{web.url}/page"}))
