"""Postgres stopped in the middle of an execution, as if it had crashed: the engine waits, and goes on."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import postgres
from tests.crash.playing import EXECUTION, Place, begin, play
from tests.crash.remains import remains_of
from tests.crash.test_outage import LINE
from tests.flows.playing import start
from tiercel import clock
from tiercel_orchestrator.local import open_engine
from tiercel_orchestrator.shell import pump
from tiercel_orchestrator.store.port import Change, StoreUnavailable


class Once(logging.Handler):
    """Does something the first time that anything is logged."""

    def __init__(self, act: Callable[[], None]) -> None:
        super().__init__()
        self.act = act
        self.messages: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.messages.append(record.getMessage())
        if len(self.messages) == 1:
            self.act()


@pytest.fixture
def server() -> Iterator[postgres.Server]:
    with postgres.serving() as server:
        if server is None:
            pytest.skip("Postgres is not installed here")
        yield server


@pytest.fixture
def complaints(server: postgres.Server) -> Iterator[list[str]]:
    """Start the server again as soon as an engine complains; give what it said."""
    handler = Once(lambda: threading.Thread(target=server.start).start())
    logging.getLogger("tiercel.engine").addHandler(handler)
    yield handler.messages
    logging.getLogger("tiercel.engine").removeHandler(handler)


@pytest.mark.parametrize("stopped_at", ["left", "tell", "say", "again", "at_last"])
def test_an_engine_outlives_its_server(
    stopped_at: str, server: postgres.Server, complaints: list[str], tmp_path: Path
) -> None:
    undisturbed = Place(tmp_path / "undisturbed")
    assert play(undisturbed) == 0
    stopped: list[bool] = []

    def stop(change: Change) -> None:
        if not stopped and any(run.task_id == stopped_at and run.ended for run in change.runs):
            stopped.append(True)
            server.stop()

    async def run() -> None:
        async with open_engine(tmp_path / "home", server.url, listener=stop) as engine:
            await begin(engine)
            await asyncio.wait_for(engine.wait(EXECUTION), 60)
            await asyncio.wait_for(engine.wait_for_tree(EXECUTION), 60)

    asyncio.run(run())
    assert stopped
    assert "cannot be used" in complaints[0]
    assert remains_of(Place(tmp_path, server.url)).differences(remains_of(undisturbed)) == []


def test_a_server_that_stays_away_ends_the_engine_with_a_sentence(
    server: postgres.Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump, "LOST_PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(pump, "STORE_PAUSE_SECONDS", 0.01)

    async def run() -> None:
        async with open_engine(
            tmp_path, server.url, listener=lambda change: server.stop() if running() else None
        ) as engine:
            await engine.in_store(engine.library.put, LINE, clock.now())
            await engine.wait(await start(engine, "line"))

    def running() -> bool:
        return (server.home / "data" / "postmaster.pid").exists()

    with pytest.raises(
        StoreUnavailable, match=r"The store at postgresql://127.0.0.1:\d+/postgres cannot be used"
    ):
        asyncio.run(run())
    server.start()
