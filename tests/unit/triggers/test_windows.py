"""Windows of time, and what a trigger remembers of them."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tiercel_orchestrator.triggers.windows import REMEMBERED, Event, Window, noted, window_at

NOON = datetime(2024, 5, 6, 12, 34, 56, tzinfo=UTC)
MIDNIGHT = datetime(2024, 5, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)
ALL = frozenset({"a", "b"})


@pytest.mark.parametrize(
    ("written", "start", "end"),
    [
        ({}, MIDNIGHT, MIDNIGHT + 24 * HOUR),
        ({"window": "PT1H"}, MIDNIGHT + 12 * HOUR, MIDNIGHT + 13 * HOUR),
        ({"window": "P1D", "windowAdvance": "PT6H"}, MIDNIGHT + 6 * HOUR, MIDNIGHT + 30 * HOUR),
        ({"type": "DAILY_TIME_DEADLINE", "deadline": "15:00:00"}, MIDNIGHT, MIDNIGHT + 15 * HOUR),
        (
            {"type": "DAILY_TIME_WINDOW", "startTime": "09:00:00", "endTime": "18:00:00"},
            MIDNIGHT + 9 * HOUR,
            MIDNIGHT + 18 * HOUR,
        ),
    ],
)
def test_a_window_lies_where_its_kind_says(written: dict[str, Any], start: datetime, end: datetime) -> None:
    assert window_at(written, NOON) == Window(start, end)


@pytest.mark.parametrize(
    "written",
    [
        {"type": "DAILY_TIME_DEADLINE", "deadline": "09:00:00"},
        {"type": "DAILY_TIME_WINDOW", "startTime": "13:00:00", "endTime": "18:00:00"},
    ],
)
def test_a_moment_outside_of_the_days_window_lies_in_none(written: Mapping[str, Any]) -> None:
    assert window_at(written, NOON) is None


def test_a_sliding_window_ends_with_the_event() -> None:
    window = window_at({"type": "SLIDING_WINDOW", "window": "PT1H"}, NOON)
    assert window is not None
    assert window.holds(NOON) and window.holds(NOON - HOUR)
    assert not window.holds(NOON - HOUR - timedelta(seconds=1))


def play(*events: tuple[str, datetime, str], window: Window, **options: Any) -> list[bool]:
    """Take events into a memory, one after another; give which of them fire."""
    memory: Mapping[str, Any] | None = None
    fired = []
    for event, moment, held in events:
        happened = Event(event, moment, f"execution {event}")
        memory, together = noted(memory, happened, window, frozenset(held), ALL, **options)
        fired.append(bool(together))
    return fired


def test_it_fires_when_all_have_come_and_then_begins_anew() -> None:
    window = Window(MIDNIGHT, MIDNIGHT + 24 * HOUR)
    events = [("1", NOON, "a"), ("2", NOON, "b"), ("3", NOON, "b"), ("4", NOON, "a")]
    assert play(*events, window=window) == [False, True, False, True]


def test_without_a_reset_it_fires_once_in_a_window() -> None:
    window = Window(MIDNIGHT, MIDNIGHT + 24 * HOUR)
    events = [("1", NOON, "a"), ("2", NOON, "b"), ("3", NOON, "b")]
    assert play(*events, window=window, reset=False) == [False, True, False]


def test_what_came_before_the_window_is_forgotten() -> None:
    window = Window(NOON - HOUR, NOON + HOUR)
    assert play(("1", NOON - 2 * HOUR, "a"), ("2", NOON, "b"), window=window) == [False, False]


def test_an_event_that_is_told_again_gives_what_it_gave_and_changes_nothing() -> None:
    window = Window(MIDNIGHT, MIDNIGHT + 24 * HOUR)
    events = [("1", NOON, "a"), ("2", NOON, "b"), ("2", NOON, "b"), ("1", NOON, "a"), ("3", NOON, "b")]
    assert play(*events, window=window) == [False, True, True, False, False]


def test_the_executions_that_came_together_are_named_in_their_order() -> None:
    window = Window(MIDNIGHT, MIDNIGHT + 24 * HOUR)
    later, earlier = Event("1", NOON, "late"), Event("2", NOON - HOUR, "early")
    memory, together = noted(None, later, window, frozenset("a"), ALL)
    assert together == []
    assert noted(memory, earlier, window, frozenset("b"), ALL)[1] == ["early", "late"]


def test_some_of_all_are_enough_where_that_is_asked() -> None:
    window = Window(MIDNIGHT, MIDNIGHT + 24 * HOUR)
    assert play(("1", NOON, "a"), ("2", NOON, "b"), window=window, least=1) == [True, True]


def test_the_memory_does_not_grow_without_end() -> None:
    window = Window(MIDNIGHT, MIDNIGHT + 24 * HOUR)
    memory: Mapping[str, Any] | None = None
    for number in range(2 * REMEMBERED):
        memory, _ = noted(memory, Event(str(number), NOON, "x"), window, frozenset("a"), ALL)
    assert memory is not None
    assert len(memory["told"]) == REMEMBERED
