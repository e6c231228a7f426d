"""When a polling trigger looks, and what its answer means.

A polling trigger is a plugin of kind `trigger` that a family runs as it runs a task: SUCCESS means that it
fires, and its outputs are what the execution sees as `trigger`; SKIPPED means that there was nothing.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from tiercel.errors import InvalidParameters
from tiercel.flows.durations import parse_duration

SHORTEST = timedelta(seconds=1)
USUAL = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Look:
    """Whether to look now, and when next."""

    due: bool
    next_at: datetime


def interval_of(properties: Mapping[str, Any], usual: timedelta = USUAL) -> timedelta:
    """Read a trigger's `interval`; `InvalidParameters` where it is none."""
    text = properties.get("interval")
    if text is None:
        return usual
    interval = text if isinstance(text, timedelta) else duration_of("interval", text)
    if interval < SHORTEST:
        raise InvalidParameters(f"`interval` is '{text}': write at least PT1S.")
    return interval


def duration_of(name: str, text: Any) -> timedelta:
    """Read a property that is a duration."""
    try:
        return parse_duration(str(text))
    except ValueError as error:
        raise InvalidParameters(f"`{name}`: {error}.") from error


def look(interval: timedelta, next_at: datetime | None, now: datetime) -> Look:
    """Say whether a trigger is due: a new one at once, a late one once."""
    if next_at is not None and now < next_at:
        return Look(False, next_at)
    return Look(True, now + interval)
