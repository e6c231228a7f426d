"""What tasks and conditions come to: drawn from a seed and from what they are, whenever they run."""

import hashlib
from dataclasses import dataclass

from tiercel_orchestrator.kernel import states


@dataclass(frozen=True, slots=True)
class Place:
    """Where a run stands. `path`: the values of the eaches around it; `turns`: of the loops around it."""

    path: tuple[str, ...] = ()
    turns: tuple[int, ...] = ()


def leaf_state(seed: int, era: int, task_id: str, place: Place, attempt: int) -> str:
    """Say in which state an attempt ends; a restart begins another era, in which less goes wrong."""
    drawn = _draw(seed, era, task_id, place, attempt)
    return states.FAILED if drawn < 35 // (era + 1) else states.WARNING if drawn > 235 else states.SUCCESS


def holds(seed: int, task_id: str, place: Place, iteration: int) -> str | None:
    """Say what the condition of a loop comes to after an iteration; None where it cannot be evaluated."""
    drawn = _draw(seed, 0, task_id, place, iteration)
    return None if drawn < 5 else "true" if drawn < 110 else "false"


def _draw(seed: int, *parts: object) -> int:
    return hashlib.blake2b(repr((seed, *parts)).encode(), digest_size=1).digest()[0]
