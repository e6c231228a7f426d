"""Kills, and whether what comes of them is what comes without."""

import signal

from tests.crash.playing import Place, play
from tests.crash.remains import Remains, remains_of

KILLED = -signal.SIGKILL
MOST_KILLS = 500


def killed_before(place: Place, at: int, expected: Remains) -> list[str]:
    """Kill an engine before a boundary, let another go on; give what differs from what is expected."""
    first = play(place, at)
    if first not in (0, KILLED):
        return [f"the first engine ended with {first}"]
    return _ended(play(place), place, expected)


def again_and_again(place: Place, every: int, expected: Remains) -> tuple[int, list[str]]:
    """Kill each engine after so many boundaries until one is through; give the kills, and what differs.

    Each lives a little longer than the one before, so that one gets through in the end.
    """
    for kills in range(MOST_KILLS):
        code = play(place, every + kills)
        if code != KILLED:
            return kills, _ended(code, place, expected)
    return MOST_KILLS, ["nobody got through"]


def _ended(code: int | None, place: Place, expected: Remains) -> list[str]:
    return remains_of(place).differences(expected) if code == 0 else [f"the last engine ended with {code}"]
