"""`make crash`: an engine killed at every boundary of the flow of everything, on both stores."""

import os
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests import postgres
from tests.crash.killing import again_and_again, killed_before
from tests.crash.playing import Places, boundaries, play
from tests.crash.remains import remains_of

EVERY = int(os.environ.get("EVERY") or 1)
LENGTHS = (60, 90, 140, 220)
"""After how many boundaries engines are killed that are killed again and again."""


def crash(places: Places) -> Iterator[str]:
    """Try every boundary; say how far it is and what went wrong."""
    undisturbed = places.anew()
    code = play(undisturbed)
    assert code == 0, f"the undisturbed engine ended with {code}"
    expected, count, wrong = remains_of(undisturbed), boundaries(undisturbed), 0
    told = began = time.monotonic()
    for at in range(1, count + 1, EVERY):
        if differences := killed_before(places.anew(), at, expected):
            wrong += 1
            yield f"killed before boundary {at}: {differences}"
        if time.monotonic() - told > 20:
            told = time.monotonic()
            yield f"{at} of {count} boundaries"
    for every in LENGTHS:
        kills, differences = again_and_again(places.anew(), every, expected)
        wrong += bool(differences)
        yield f"killed every {every} boundaries, {kills} times: {differences or 'the same end'}"
    yield f"{count} boundaries, {time.monotonic() - began:.0f} s, {wrong} wrong ends"
    if wrong:
        raise SystemExit(1)


def main() -> None:
    """Try both stores."""
    with tempfile.TemporaryDirectory(prefix="tiercel-crash-") as directory, postgres.running() as url:
        for name, address in (("sqlite", None), ("postgres", url)):
            if name == "postgres" and url is None:
                continue
            for line in crash(Places(Path(directory) / name, address)):
                sys.stdout.write(f"{name}: {line}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
