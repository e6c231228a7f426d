"""A store that cannot be used is waited for, by whoever reads it too, and not for ever."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from tiercel_orchestrator.local import open_engine
from tiercel_orchestrator.shell import pump
from tiercel_orchestrator.store.port import StoreUnavailable


def test_a_store_that_refuses_for_good_is_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(pump, "STORE_PATIENCE_SECONDS", 0.01)
    asked: list[str] = []

    def refuse(execution_id: str) -> Any:
        asked.append(execution_id)
        raise StoreUnavailable("The store may not be read.")

    async def play() -> None:
        async with open_engine(tmp_path, claiming=False) as engine:
            monkeypatch.setattr(engine.store, "execution", refuse)
            with pytest.raises(StoreUnavailable, match="may not be read"):
                await engine.execution("e")

    asyncio.run(play())
    assert len(asked) > 1
    assert "Trying again." in caplog.text
