"""Random flows under random schedules and mishaps end as the specification says, whatever happens when."""

import pytest

from tests.unit.kernel.simulation.playing import Player, play

SEEDS = 2000
CHUNKS = 8


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_every_schedule_ends_as_specified(chunk: int) -> None:
    steps = [play(seed) for seed in range(chunk, SEEDS, CHUNKS)]
    assert sum(steps) > 30 * len(steps), "there is hardly anything to these flows any more"


def test_a_seed_plays_the_same_again() -> None:
    first, second = Player(7), Player(7)
    assert first.play() == second.play()
    assert first.world.execution == second.world.execution
    assert first.world.runs == second.world.runs


def test_a_wrong_end_is_found_with_its_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.unit.kernel.simulation.specification.leaf_state", lambda *_: "WARNING")
    with pytest.raises(AssertionError, match=r"seed 1, step .* SEED=1 make simulate"):
        play(1)
