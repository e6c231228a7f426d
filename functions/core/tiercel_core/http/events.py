"""Read server-sent events as they come."""

import json
from datetime import timedelta
from functools import partial
from typing import Any, BinaryIO

from pydantic import Field

from tiercel.calling import in_thread
from tiercel.context import ExecutionContext
from tiercel.errors import ExpressionError, TaskFailed
from tiercel.expressions.budget import Budget
from tiercel.http.client import shown
from tiercel.plugin import BaseOutput, BasePlugin, PluginOutput, success
from tiercel_core.http.event_stream import Event, events_of
from tiercel_core.http.exchange import RequestParams, exchange

KEPT_EVENTS = 1_000
"""How many events the outputs themselves hold; the file has all of them."""
EVENTS_BYTES = 1 << 30


class SseRequestParams(RequestParams):
    concat_jq_expression: str | None = Field(
        None, description="jq expression for the data of each event; what it gives is joined as `result`."
    )
    failed_on_missing_jq: bool = Field(
        True, description="Whether an event for which the expression gives nothing is a failure."
    )


class HttpSseEvent(BaseOutput):
    data: Any = Field(None, description="Its data: JSON where it is JSON, text otherwise.")
    id: str | None = Field(None, description="Its id.")
    name: str | None = Field(None, description="Its name.")
    comment: str | None = Field(None, description="The comment that came with it.")
    retry: timedelta | None = Field(None, description="How long to wait before calling again.")


class SseRequestOutput(BaseOutput):
    uri: str | None = Field(None, description="URI of the file with all events, a JSON object a line.")
    events: list[HttpSseEvent] | None = Field(None, description="The first thousand events.")
    size: int | None = Field(None, description="How many events came.")
    result: str | None = Field(None, description="What `concatJqExpression` gave for the events, joined.")


class SseRequest(BasePlugin[SseRequestParams, SseRequestOutput]):
    """Read the events that a server sends until it ends them, and write them to a file as they come."""

    task_types = ("io.kestra.plugin.core.http.SseRequest",)

    async def run(self, params: SseRequestParams, context: ExecutionContext) -> PluginOutput:
        events: list[HttpSseEvent] = []
        joined: list[str] = []
        size, path = 0, context.directory / "events.jsonl"
        accept = {"Accept": "text/event-stream", **(params.headers or {})}
        with path.open("wb") as sink:
            async with exchange(params, params.method.upper(), context, headers=accept) as answer:
                async for event in events_of(answer.aiter_bytes(), params.uri):
                    size += 1
                    shown_event = as_output(event)
                    write(shown_event, sink, params.uri)
                    events += [shown_event] if size <= KEPT_EVENTS else []
                    if params.concat_jq_expression:
                        joined += await in_thread(partial(picked, params, shown_event.data, size))
        uri = await in_thread(lambda: context.upload(path))
        result = "".join(joined) if params.concat_jq_expression else None
        return success(SseRequestOutput(uri=uri, events=events, size=size, result=result))


def as_output(event: Event) -> HttpSseEvent:
    """Show an event as outputs do."""
    data: Any = event.data
    if data is not None:
        try:
            data = json.loads(data)
        except ValueError:
            data = event.data
    return HttpSseEvent(data=data, id=event.id, name=event.name, comment=event.comment, retry=event.retry)


def write(event: HttpSseEvent, sink: BinaryIO, url: str) -> None:
    """Add an event to the file."""
    sink.write(event.model_dump_json(by_alias=True, exclude_none=True).encode() + b"\n")
    if sink.tell() > EVENTS_BYTES:
        raise TaskFailed(
            f"{shown(url)} has sent events of more than {EVENTS_BYTES:,} bytes and does not end; "
            "ask it for less."
        )


def picked(params: SseRequestParams, data: Any, number: int) -> list[str]:
    """Give what the jq expression finds in the data of an event, as text."""
    from tiercel.expressions.jq_programs import run_program  # jq is heavy, and few tasks use it

    program = params.concat_jq_expression or "."
    try:
        results = run_program(program, json.dumps(data), Budget())
        found = [value for value in results if value is not None]
    except ExpressionError as error:
        if params.failed_on_missing_jq:
            raise TaskFailed(f"`concatJqExpression` failed for event {number}: {error}.") from error
        return []
    if not found and params.failed_on_missing_jq:
        raise TaskFailed(
            f"`concatJqExpression` gives nothing for event {number}; "
            "correct it, or set `failedOnMissingJq` to false."
        )
    return [value if isinstance(value, str) else json.dumps(value) for value in found]
