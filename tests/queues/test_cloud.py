"""Executions over queues: families and the orchestrator are functions, and some of their processes die."""

from pathlib import Path

import pytest

from tests.queues.playing import play
from tests.store.conftest import empty
from tiercel_orchestrator.kernel import states

pytest.importorskip("awslambdaric", reason="awslambdaric is not installed")

ITEMS = 40


def test_nothing_is_lost_when_one_process_in_ten_dies(
    postgres_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty(postgres_url)
    outcome = play(postgres_url, tmp_path, monkeypatch.setenv, ITEMS, seed=7)
    assert outcome.state == states.SUCCESS
    assert sorted(outcome.said) == sorted(f"item {number}" for number in range(1, ITEMS + 1))
    assert outcome.dead == 0
    assert outcome.kills > 0
