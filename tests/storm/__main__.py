"""`make storm`: STORM_SECONDS over each store; SEED=n draws the same flows and kills again."""

import os
import random
import sys
import tempfile
from pathlib import Path

from tests import postgres
from tests.storm.storming import Storm, Tally

SECONDS = "300"


def storm(dialect: str, seed: int, seconds: float) -> Tally | None:
    """Storm over one store; None where its server is missing."""
    with tempfile.TemporaryDirectory(prefix="tiercel-storm-") as directory:
        if dialect == "sqlite":
            return Storm(Path(directory), seed, seconds).rage()
        with postgres.serving() as server:
            return Storm(Path(directory), seed, seconds, server=server).rage() if server else None


def main() -> int:
    """Storm over both stores; gives the exit code."""
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))
    seconds = float(os.environ.get("STORM_SECONDS") or SECONDS)
    wrong = False
    for dialect in ("sqlite", "postgres"):
        sys.stdout.write(f"{dialect}: seed {seed}, {seconds:g} s\n")
        sys.stdout.flush()
        tally = storm(dialect, seed, seconds)
        sys.stdout.write(f"{dialect}: {tally or 'its server is missing'}\n")
        wrong = wrong or bool(tally and tally.wrong)
    return int(wrong)


if __name__ == "__main__":
    sys.exit(main())
