"""Times of the day and moments in a flow's text are looked at before anything runs."""

import pytest

from tiercel.flows.scalar_check import complaints


@pytest.mark.parametrize("text", ["08:30", "08:30:00", "23:59:59.5", "08:30:00+02:00", "12:00Z"])
def test_a_time_of_the_day_may_have_seconds_and_a_zone(text: str) -> None:
    assert complaints(text, {"type": "string", "format": "time"}) == []


@pytest.mark.parametrize("text", ["25:00", "noon", ""])
def test_what_is_no_time_of_the_day_is_told_what_one_looks_like(text: str) -> None:
    found = complaints(text, {"type": "string", "format": "time"})
    assert found == [f'"{text}" is no time of the day: write one such as 08:30 or 08:30:00+02:00']


def test_what_is_no_moment_is_told_what_one_looks_like() -> None:
    schema = {"type": "string", "format": "date-time"}
    assert complaints("2026-01-31T08:30:00Z", schema) == []
    assert complaints("tomorrow", schema) == [
        '"tomorrow" is no moment: write one in ISO 8601, such as 2026-01-31T08:30:00Z'
    ]
