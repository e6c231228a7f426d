"""The stream of server-sent events, as the HTML standard has it; one event is held at a time."""

import re
from collections.abc import AsyncIterable, AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

from tiercel.errors import TaskFailed
from tiercel.http.client import shown

EVENT_BYTES = 8 << 20
LINE = re.compile(rb"\r\n|\n|\r(?!$)")  # a return at the end of a chunk may be half of an end of line


@dataclass(frozen=True, slots=True)
class Event:
    """One event, as it was sent."""

    data: str | None = None
    id: str | None = None
    name: str | None = None
    comment: str | None = None
    retry: timedelta | None = None


async def events_of(chunks: AsyncIterable[bytes], url: str) -> AsyncIterator[Event]:
    """Give the events; what stands behind the last empty line is no event, as the standard says."""
    fields: dict[str, list[str]] = {}
    size = 0
    async for line in lines_of(chunks, url):
        size += len(line)
        if size > EVENT_BYTES:
            raise too_long(url)
        if line:
            add(line.decode("utf-8", "replace"), fields)
            continue
        if "data" in fields:
            yield event_of(fields)
        fields, size = {}, 0


async def lines_of(chunks: AsyncIterable[bytes], url: str) -> AsyncIterator[bytes]:
    """Give the lines, without their ends; a byte order mark at the beginning is left out."""
    rest, begun = b"", False
    async for chunk in chunks:
        *lines, rest = LINE.split(rest + chunk)
        if len(rest) > EVENT_BYTES:
            raise too_long(url)
        for line in lines:
            yield line if begun else line.removeprefix(b"\xef\xbb\xbf")
            begun = True
    if rest.endswith(b"\r"):
        yield rest[:-1]


def add(line: str, fields: dict[str, list[str]]) -> None:
    """Take a line into the event."""
    name, _, value = line.partition(":")
    fields.setdefault(name or "comment", []).append(value.removeprefix(" "))


def event_of(fields: dict[str, list[str]]) -> Event:
    """Make the event of its lines."""
    pause = fields.get("retry", [""])[-1]
    return Event(
        data="\n".join(fields["data"]),
        id=fields.get("id", [None])[-1],
        name=fields.get("event", [None])[-1],
        comment="\n".join(fields["comment"]) if "comment" in fields else None,
        retry=timedelta(milliseconds=int(pause)) if pause.isascii() and pause.isdigit() else None,
    )


def too_long(url: str) -> TaskFailed:
    """Say that something is no stream of events."""
    return TaskFailed(
        f"{shown(url)} has sent {EVENT_BYTES:,} bytes without the end of an event; "
        "fetch it by io.kestra.plugin.core.http.Download if it is no stream of events."
    )
