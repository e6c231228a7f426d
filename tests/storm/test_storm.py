"""A short storm over both stores: nothing is lost, doubled or stuck. `make storm` has the long ones."""

import os
import random
from collections import Counter
from pathlib import Path

import pytest

from tests import postgres
from tests.storm.ends import differences
from tests.storm.storming import Storm

SECONDS = 8.0
SEED = int(os.environ.get("SEED") or random.SystemRandom().randrange(10**6))


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_a_storm_loses_doubles_and_leaves_nothing(dialect: str, tmp_path: Path) -> None:
    if dialect == "sqlite":
        tally = Storm(tmp_path, SEED, SECONDS).rage()
    else:
        with postgres.serving() as server:
            if server is None:
                pytest.skip("Postgres is not installed here")
            tally = Storm(tmp_path, SEED, SECONDS, orchestrators=2, server=server).rage()
            assert tally.restarts == 1
    assert tally.wrong == [], str(tally)
    assert tally.kills >= 2
    assert tally.executions > tally.kills


def test_what_is_done_twice_is_a_difference() -> None:
    once, twice = Counter({("log", "mends"): 1}), Counter({("log", "mends"): 2})
    assert differences(twice, once) == ["+1 ('log', 'mends')"]
    assert differences(once, twice) == ["-1 ('log', 'mends')"]
