"""When schedules start executions."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiercel.errors import InvalidFlow
from tiercel.triggers.polling import Look, interval_of, look
from tiercel.triggers.schedules import (
    Backfill,
    Schedule,
    Start,
    backfill,
    evaluate,
    is_stopped_by,
    schedule_of,
    start_at,
)

SCHEDULE = "io.kestra.plugin.core.trigger.Schedule"
ON_DATES = "io.kestra.plugin.core.trigger.ScheduleOnDates"


def at(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def every(cron: str = "0 * * * *", **properties: Any) -> Schedule:
    return schedule_of(SCHEDULE, {"cron": cron, **properties})


def shown(moments: Any) -> list[str]:
    return [start.date.isoformat() for start in moments]


@pytest.mark.parametrize(
    ("cron", "properties", "now", "expected"),
    [
        ("0 7 * * *", {}, "2024-03-01T06:59", "2024-03-01T07:00:00+00:00"),
        ("0 7 * * *", {}, "2024-03-01T07:00", "2024-03-02T07:00:00+00:00"),
        ("*/15 * * * *", {}, "2024-03-01T06:59", "2024-03-01T07:00:00+00:00"),
        ("0 9 * * MON-FRI", {}, "2024-03-01T10:00", "2024-03-04T09:00:00+00:00"),
        ("0 9 * * mon", {}, "2024-03-01T10:00", "2024-03-04T09:00:00+00:00"),
        ("0 0 * * 7", {}, "2024-03-01T10:00", "2024-03-03T00:00:00+00:00"),
        ("0 0 29 2 *", {}, "2024-03-01T10:00", "2028-02-29T00:00:00+00:00"),
        ("*/5 * * * * *", {"withSeconds": True}, "2024-03-01T10:00:01", "2024-03-01T10:00:05+00:00"),
        ("@hourly", {}, "2024-03-01T10:01", "2024-03-01T11:00:00+00:00"),
        ("@daily", {}, "2024-03-01T10:01", "2024-03-02T00:00:00+00:00"),
        ("@midnight", {}, "2024-03-01T10:01", "2024-03-02T00:00:00+00:00"),
        ("@weekly", {}, "2024-03-01T10:01", "2024-03-03T00:00:00+00:00"),
        ("@monthly", {}, "2024-03-01T10:01", "2024-04-01T00:00:00+00:00"),
        ("@yearly", {}, "2024-03-01T10:01", "2025-01-01T00:00:00+00:00"),
        ("@annually", {}, "2024-03-01T10:01", "2025-01-01T00:00:00+00:00"),
        ("0 7 * * *", {"timezone": "Europe/Paris"}, "2024-03-01T05:59", "2024-03-01T07:00:00+01:00"),
        ("0 7 * * *", {"timezone": "+02:00"}, "2024-03-01T04:59", "2024-03-01T07:00:00+02:00"),
        # the hour from two to three does not exist that day
        ("30 2 * * *", {"timezone": "Europe/Paris"}, "2024-03-31T00:00", "2024-03-31T03:00:00+02:00"),
    ],
)
def test_the_first_look_starts_nothing_and_says_when_to_look_again(
    cron: str, properties: dict[str, Any], now: str, expected: str
) -> None:
    found = evaluate(every(cron, **properties), None, at(now))
    assert found.starts == ()
    assert found.next_at is not None and found.next_at.isoformat() == expected


def test_what_is_due_starts_with_the_moments_around_it() -> None:
    found = evaluate(every(), at("2024-03-01T10:00"), at("2024-03-01T10:00:30"))
    assert [start.variables for start in found.starts] == [
        {
            "date": "2024-03-01T10:00:00+00:00",
            "next": "2024-03-01T11:00:00+00:00",
            "previous": "2024-03-01T09:00:00+00:00",
        }
    ]
    assert found.next_at == at("2024-03-01T11:00")
    assert evaluate(every(), at("2024-03-01T11:00"), at("2024-03-01T10:59")).starts == ()


@pytest.mark.parametrize(
    ("recover", "expected"),
    [
        ("ALL", ["10", "11", "12", "13"]),
        ("LAST", ["12", "13"]),
        ("NONE", ["13"]),
    ],
)
def test_what_was_missed_during_a_standstill_is_made_up_for_as_declared(
    recover: str, expected: list[str]
) -> None:
    found = evaluate(
        every(recoverMissedSchedules=recover),
        at("2024-03-01T10:00"),
        at("2024-03-01T13:00"),
        missed_until=at("2024-03-01T12:30"),
    )
    assert shown(found.starts) == [f"2024-03-01T{hour}:00:00+00:00" for hour in expected]
    assert found.next_at == at("2024-03-01T14:00")


def test_a_long_standstill_is_made_up_for_in_portions() -> None:
    next_at: datetime | None = at("2024-03-01T00:00")
    counts = []
    for _ in range(3):
        found = evaluate(every(), next_at, at("2024-03-02T00:30"), most=10)
        counts.append(len(found.starts))
        next_at = found.next_at
    assert counts == [10, 10, 5]
    assert next_at == at("2024-03-02T01:00")


def test_a_start_that_is_too_late_is_left_out() -> None:
    schedule = every(lateMaximumDelay="PT30M")
    found = evaluate(schedule, at("2024-03-01T10:00"), at("2024-03-01T12:10"))
    assert shown(found.starts) == ["2024-03-01T12:00:00+00:00"]
    assert found.next_at == at("2024-03-01T13:00")


def monday(moment: datetime) -> bool:
    return moment.weekday() == 0


def test_moments_for_which_the_conditions_do_not_hold_do_not_count() -> None:
    schedule = every("0 9 * * *")
    assert evaluate(schedule, None, at("2024-03-01T10:00"), holds=monday).next_at == at("2024-03-04T09:00")
    found = evaluate(schedule, at("2024-03-04T09:00"), at("2024-03-06T09:00"), holds=monday)
    assert [start.variables for start in found.starts] == [
        {
            "date": "2024-03-04T09:00:00+00:00",
            "next": "2024-03-11T09:00:00+00:00",
            "previous": "2024-02-26T09:00:00+00:00",
        }
    ]
    assert found.next_at == at("2024-03-11T09:00")


def test_conditions_that_never_hold_are_given_up() -> None:
    found = evaluate(every("* * * * *"), None, at("2024-03-01T10:00"), holds=lambda moment: False)
    assert found.next_at is None


def test_dates_are_moments_too() -> None:
    listed = {"dates": ["2024-03-02T10:00:00+01:00", "2024-03-01T10:00:00"], "timezone": "Europe/Paris"}
    schedule = schedule_of(ON_DATES, listed)
    first = evaluate(schedule, None, at("2024-02-01"))
    assert first.next_at == at("2024-03-01T09:00")
    found = evaluate(schedule, first.next_at, at("2024-03-03"))
    assert shown(found.starts) == ["2024-03-01T10:00:00+01:00", "2024-03-02T10:00:00+01:00"]
    assert found.next_at is None
    assert "next" not in found.starts[-1].variables


def test_the_hour_that_comes_twice_starts_twice() -> None:
    schedule = every("0 * * * *", timezone="Europe/Paris")
    found = evaluate(schedule, at("2024-10-27T02:00:00+02:00"), at("2024-10-27T01:30"))
    assert shown(found.starts) == ["2024-10-27T02:00:00+02:00", "2024-10-27T02:00:00+01:00"]
    again = evaluate(schedule, found.starts[1].date, at("2024-10-27T01:30"))
    assert shown(again.starts) == ["2024-10-27T02:00:00+01:00"]


def test_a_backfill_starts_one_after_another_and_ends() -> None:
    schedule = every("0 0 * * *")
    left: Backfill | None = Backfill(at("2024-01-01"), at("2024-01-05"))
    dates = []
    while left is not None:
        starts, left = backfill(schedule, left, holds=lambda moment: moment.day != 3)
        dates += [start.date.day for start in starts]
    assert dates == [1, 2, 4, 5]
    paused = Backfill(at("2024-01-01"), at("2024-01-05"), paused=True)
    assert backfill(schedule, paused) == ((), paused)
    assert backfill(schedule, Backfill(at("2024-01-01T01:00"), at("2024-01-01T02:00"))) == ((), None)


@pytest.mark.parametrize(
    ("type_id", "properties", "said"),
    [
        (SCHEDULE, {"cron": "nonsense"}, "write 5 fields"),
        (SCHEDULE, {"cron": "* * * * * *"}, "withSeconds"),
        (SCHEDULE, {"cron": "* * * * *", "withSeconds": True}, "write 6 fields"),
        (SCHEDULE, {"cron": "61 * * * *"}, "minute"),
        (SCHEDULE, {"cron": "0 0 * * FUN"}, "day-of-week"),
        (SCHEDULE, {"cron": "@fortnightly"}, "@hourly"),
        (SCHEDULE, {"cron": "0 0 * * *", "timezone": "Mars/Olympus"}, "Mars/Olympus"),
        (SCHEDULE, {"cron": "0 0 * * *", "lateMaximumDelay": "soon"}, "soon"),
        (SCHEDULE, {"cron": "0 0 * * *", "recoverMissedSchedules": "SOME"}, "SOME"),
        (ON_DATES, {"dates": ["yesterday"]}, "yesterday"),
    ],
)
def test_what_is_wrong_is_said(type_id: str, properties: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidFlow, match=said):
        schedule_of(type_id, properties)


MOMENTS = st.datetimes(datetime(2023, 1, 1), datetime(2025, 1, 1), timezones=st.just(UTC))


@settings(deadline=None, max_examples=40)
@given(MOMENTS, st.integers(1, 200), st.sampled_from(["*/7 * * * *", "0 * * * *", "30 2 * * *"]))
def test_however_often_it_is_looked_at_a_schedule_starts_the_same(
    begin: datetime, steps: int, cron: str
) -> None:
    schedule = every(cron, timezone="Europe/Paris")
    end = begin + timedelta(hours=steps)
    seldom = evaluate(schedule, start_at(schedule, begin).next, end, most=10_000)
    next_at, now = start_at(schedule, begin).next, begin
    often: list[Start] = []
    while now < end:
        now = min(end, now + timedelta(hours=5))
        found = evaluate(schedule, next_at, now, most=10_000)
        often += found.starts
        next_at = found.next_at
    assert tuple(often) == seldom.starts
    assert next_at == seldom.next_at


def test_a_trigger_is_stopped_by_the_states_that_it_names() -> None:
    assert is_stopped_by({"stopAfter": ["FAILED"]}, "FAILED")
    assert not is_stopped_by({"stopAfter": ["FAILED"]}, "SUCCESS")
    assert not is_stopped_by({}, "FAILED")


def test_a_polling_trigger_looks_at_its_interval() -> None:
    minute, now = interval_of({}), at("2024-03-01T10:00")
    assert look(minute, None, now) == Look(True, now + minute)
    assert look(minute, now + minute, now) == Look(False, now + minute)
    assert look(minute, now - timedelta(days=1), now) == Look(True, now + minute)
    assert interval_of({"interval": "PT5S"}) == timedelta(seconds=5)
    for text in ("PT0S", "often"):
        with pytest.raises(InvalidFlow, match=text):
            interval_of({"interval": text})
