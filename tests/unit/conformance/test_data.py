"""Data that entries describe."""

from datetime import timedelta

import pytest

from tests.conformance import data
from tiercel import clock


@pytest.mark.parametrize("text", ["now + 2s", "now+2 seconds", "in 2 s", "PT2S", "2000 ms", "now plus 2s"])
def test_a_moment_may_be_described_from_now_on(text: str) -> None:
    before = clock.now() - timedelta(milliseconds=1)
    moment = clock.parse_timestamp(data.moment(text))
    assert before <= moment - timedelta(seconds=2) <= clock.now()


def test_a_moment_that_is_written_out_stays() -> None:
    assert data.moment("2030-01-01T00:00:00Z") == "2030-01-01T00:00:00Z"
