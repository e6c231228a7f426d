"""`make storm-queues`: a ForEach of 1,000 over queues while one process in ten is killed; ITEMS, SEED."""

import os
import sys
import tempfile
from pathlib import Path
from random import randrange

from tests import postgres
from tests.queues.playing import play
from tiercel_orchestrator.kernel import states

ITEMS = 1000


def main() -> int:
    """Play it once, and say what came of it."""
    items = int(os.environ.get("ITEMS") or ITEMS)
    seed = int(os.environ.get("SEED") or randrange(10**6))
    with postgres.running() as url, tempfile.TemporaryDirectory() as home:
        if url is None:
            raise SystemExit("Postgres is not installed here: apt-get install postgresql")
        outcome = play(url, Path(home), os.environ.__setitem__, items, seed)
    lost = {f"item {number}" for number in range(1, items + 1)} - set(outcome.said)
    doubled = len(outcome.said) - len(set(outcome.said))
    sys.stdout.write(
        f"SEED={seed}: {items} items ended {outcome.state} in {outcome.seconds:.0f} s, {outcome.events} "
        f"events, {outcome.kills} processes killed, {len(lost)} items lost, {doubled} doubled, "
        f"{outcome.dead} given up\n"
    )
    return 0 if outcome.state == states.SUCCESS and not lost and not doubled else 1


if __name__ == "__main__":
    sys.exit(main())
