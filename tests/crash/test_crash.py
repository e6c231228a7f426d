"""Killed before any of its statements, an engine leaves what another one takes to the same end."""

from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from tests.crash.killing import KILLED, again_and_again, killed_before
from tests.crash.playing import Place, Places, boundaries, play
from tests.crash.remains import Remains, remains_of

CASES = 10
"""How many of the boundaries are tried here; `make crash` tries all."""


@pytest.fixture(params=["sqlite", "postgres"])
def anew(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[], Place]:
    """Give a place where nothing has happened yet, time and again."""
    url = request.getfixturevalue("postgres_url") if request.param == "postgres" else None
    return Places(tmp_path, url).anew


@pytest.fixture
def undisturbed(anew: Callable[[], Place]) -> tuple[Remains, int]:
    """Give what an engine leaves that nobody kills, and to how many boundaries it comes."""
    place = anew()
    assert play(place) == 0
    return remains_of(place), boundaries(place)


def test_an_engine_killed_before_a_statement_loses_and_doubles_nothing(
    anew: Callable[[], Place], undisturbed: tuple[Remains, int]
) -> None:
    expected, count = undisturbed
    random = Random(count)
    for number in range(CASES):
        at = random.randint(count * number // CASES + 1, count * (number + 1) // CASES)
        assert killed_before(anew(), at, expected) == [], f"killed before boundary {at} of {count}"


def test_an_engine_killed_again_and_again_gets_there(
    anew: Callable[[], Place], undisturbed: tuple[Remains, int]
) -> None:
    expected, count = undisturbed
    kills, differences = again_and_again(anew(), count // 4, expected)
    assert differences == []
    assert kills >= 2


def test_a_kill_is_a_kill(anew: Callable[[], Place]) -> None:
    assert play(anew(), 5) == KILLED


def test_a_result_that_is_applied_twice_would_be_found(anew: Callable[[], Place]) -> None:
    place = anew()
    play(place)
    once = remains_of(place)
    place = anew()
    play(place)
    twice = remains_of(place)
    twice.events[next(iter(twice.events))] += 1
    assert len(twice.differences(once)) == 1
