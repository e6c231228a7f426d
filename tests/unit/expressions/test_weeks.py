"""Weeks: ISO's are those of the calendar, those of the United States begin on Sunday."""

from datetime import date, timedelta

import pytest

from tiercel.expressions.weeks import ISO, UNITED_STATES

DAYS = [date(1998, 12, 20) + timedelta(days=number) for number in range(13_000)]


def test_iso_weeks_are_those_of_the_calendar() -> None:
    assert [(ISO.year(day), ISO.of_year(day), ISO.day(day)) for day in DAYS] == [
        tuple(day.isocalendar()) for day in DAYS
    ]


def test_the_first_week_of_the_united_states_holds_the_first_of_january() -> None:
    for day in DAYS:
        if (day.month, day.day) == (1, 1):
            assert (UNITED_STATES.year(day), UNITED_STATES.of_year(day)) == (day.year, 1)


@pytest.mark.parametrize(
    ("day", "year", "week", "weekday", "of_month"),
    [
        (date(2023, 12, 30), 2023, 52, 7, 5),
        (date(2023, 12, 31), 2024, 1, 1, 6),
        (date(2024, 7, 15), 2024, 29, 2, 3),
        (date(2025, 1, 5), 2025, 2, 1, 2),
    ],
)
def test_weeks_of_the_united_states(day: date, year: int, week: int, weekday: int, of_month: int) -> None:
    counted = UNITED_STATES
    assert (counted.year(day), counted.of_year(day), counted.day(day), counted.of_month(day)) == (
        year,
        week,
        weekday,
        of_month,
    )
