"""`make simulate`: a hundred thousand seeds, or SEEDS of them from FIRST on, or the one that SEED names."""

import os
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from typing import NamedTuple

from tests.unit.kernel.simulation.playing import play

STEP = 250
"""Seeds that a process plays at a time."""


class Played(NamedTuple):
    """What came of some seeds: how many steps, and why the first of them failed that did."""

    steps: int
    error: str | None


def play_all(first: int) -> Played:
    """Play some seeds, up to the first that fails."""
    steps = 0
    for seed in range(first, first + STEP):
        try:
            steps += play(seed)
        except AssertionError as error:
            return Played(steps, str(error))
    return Played(steps, None)


def tell(lines: Iterator[str]) -> None:
    """Print lines as they come."""
    for line in lines:
        sys.stdout.write(line + "\n")
        sys.stdout.flush()


def simulate(seeds: int, first: int, processes: int) -> Iterator[str]:
    """Play that many seeds from one on; say how far it is. SystemExit names the first that fails."""
    began, told, steps, played = time.monotonic(), time.monotonic(), 0, 0
    with ProcessPoolExecutor(processes) as pool:
        for part in pool.map(play_all, range(first, first + seeds, STEP)):
            steps, played = steps + part.steps, played + STEP
            if part.error:
                pool.shutdown(cancel_futures=True)
                raise SystemExit(part.error)
            if time.monotonic() - told > 5 or played >= seeds:
                told = time.monotonic()
                yield f"{played:,} of {seeds:,} seeds, {steps:,} steps, {told - began:.0f} s"


if __name__ == "__main__":
    if seed := os.environ.get("SEED"):
        sys.stdout.write(f"seed {seed}: {play(int(seed))} steps, and all is as specified\n")
    else:
        seeds, first = int(os.environ.get("SEEDS", "100000")), int(os.environ.get("FIRST", "0"))
        tell(simulate(seeds, first, os.cpu_count() or 1))
