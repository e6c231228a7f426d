"""Durations as ISO 8601 text."""

from datetime import timedelta

import pytest

from tiercel.flows.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("PT5M6S", timedelta(minutes=5, seconds=6)),
        ("P1D", timedelta(days=1)),
        ("P1DT2H", timedelta(days=1, hours=2)),
        ("PT0.25S", timedelta(milliseconds=250)),
        ("PT0.25s", timedelta(milliseconds=250)),
        ("-PT1H", timedelta(hours=-1)),
        ("PT-1.5S", timedelta(seconds=-1.5)),
        ("PT-0.5S", timedelta(seconds=-0.5)),
        ("PT0.0001S", timedelta(microseconds=100)),
        (" PT1S ", timedelta(seconds=1)),
    ],
)
def test_an_iso_duration_is_read(text: str, value: timedelta) -> None:
    assert parse_duration(text) == value


@pytest.mark.parametrize(
    "text", ["", "P", "PT", "5s", "P1M", "P1Y", "PT1H30", "1H", "P1DT", "PT1S2M", "PT.S"]
)
def test_what_is_no_duration_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(ValueError, match="write an ISO 8601 duration such as PT30S"):
        parse_duration(text)


def test_a_duration_beyond_all_measure_is_refused() -> None:
    with pytest.raises(ValueError, match="too long"):
        parse_duration("P99999999999D")


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (timedelta(), "PT0S"),
        (timedelta(minutes=5, seconds=6), "PT5M6S"),
        (timedelta(days=1), "PT24H"),
        (timedelta(milliseconds=250), "PT0.25S"),
        (timedelta(hours=-1, seconds=-30), "PT-1H-30S"),
    ],
)
def test_a_duration_is_written_as_java_writes_it(value: timedelta, text: str) -> None:
    assert format_duration(value) == text
    assert parse_duration(text) == value
