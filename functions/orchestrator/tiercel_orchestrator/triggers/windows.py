"""Windows of time in which several events have to happen, and what a trigger remembers of them: pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any

from tiercel.clock import parse_timestamp, timestamp
from tiercel.flows.durations import parse_duration

DAY = timedelta(days=1)
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
REMEMBERED = 100
"""How many events a trigger remembers to have taken in; one that is told again is among the last."""


@dataclass(frozen=True, slots=True)
class Window:
    """From one moment up to, and without, another."""

    start: datetime
    end: datetime

    def holds(self, moment: datetime) -> bool:
        """Say whether a moment lies in it."""
        return self.start <= moment < self.end


def window_at(written: Mapping[str, Any], moment: datetime) -> Window | None:
    """Give the window that a moment lies in; None where it lies in none, such as after the day's deadline.

    `written`: as in the flow: type, window, windowAdvance, deadline, startTime, endTime. Days are UTC's.
    """
    kind = written.get("type") or "DURATION_WINDOW"
    day = moment.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    length = _duration(written.get("window"), DAY)
    if kind == "DAILY_TIME_DEADLINE":
        found = Window(day, day + _time(written.get("deadline"), DAY))
    elif kind == "DAILY_TIME_WINDOW":
        start, end = _time(written.get("startTime"), timedelta()), _time(written.get("endTime"), DAY)
        found = Window(day + start, day + end)
    elif kind == "SLIDING_WINDOW":
        return Window(moment - length, moment + timedelta(microseconds=1))
    else:
        advance = _duration(written.get("windowAdvance"), timedelta())
        start_of_it = EPOCH + advance + (moment - EPOCH - advance) // length * length
        found = Window(start_of_it, start_of_it + length)
    return found if found.holds(moment) else None


@dataclass(frozen=True, slots=True)
class Event:
    """What has happened: its name, when, and the execution that it is about."""

    id: str
    moment: datetime
    execution_id: str


def noted(
    memory: Mapping[str, Any] | None,
    event: Event,
    window: Window,
    held: frozenset[str],
    needed: frozenset[str],
    *,
    reset: bool = True,
    least: int | None = None,
) -> tuple[dict[str, Any], list[str]]:
    """Take an event into a trigger's memory; give the memory after it, and which executions came together.

    These are in the order in which they came; there are none where the trigger does not fire. `held`: the
    names of what the event fulfils. An event that was taken in before gives what it gave then. `least`: how
    many of `needed` are enough; all of them where it is None.
    """
    memory = memory or {}
    taken: dict[str, list[str]] = dict(memory.get("told") or {})
    if event.id in taken:
        return dict(memory), taken[event.id]
    results: dict[str, tuple[str, str]] = {
        name: (at, execution_id)
        for name, (at, execution_id) in (memory.get("came") or {}).items()
        if name in needed and window.holds(parse_timestamp(at))
    }
    already = len(results) >= (least or len(needed))
    results |= dict.fromkeys(held, (timestamp(event.moment), event.execution_id))
    complete = len(results) >= (least or len(needed))
    # without a reset, it fires once in a window: what came together stays together
    fires = complete and bool(held) and (reset or not already)
    taken[event.id] = list(dict.fromkeys(one for _, one in sorted(results.values()))) if fires else []
    together = taken[event.id]
    for oldest in list(taken)[: max(0, len(taken) - REMEMBERED)]:
        del taken[oldest]
    return {"came": {} if fires and reset else results, "told": taken}, together


def _duration(text: Any, otherwise: timedelta) -> timedelta:
    if text is None:
        return otherwise
    return parse_duration(str(text)) or otherwise


def _time(text: Any, otherwise: timedelta) -> timedelta:
    """Give a time of the day as the time since midnight."""
    if text is None:
        return otherwise
    clock = time.fromisoformat(str(text))
    return timedelta(hours=clock.hour, minutes=clock.minute, seconds=clock.second) - (
        clock.utcoffset() or timedelta()
    )
