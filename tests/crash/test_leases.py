"""Leases that expire while their worker lives, and clocks that jump: nothing is lost, nothing done twice."""

import asyncio
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest

from tests.crash.playing import EXECUTION, Place, Places, begin, play
from tests.crash.remains import remains_of
from tests.flows.playing import start
from tiercel import clock
from tiercel.envelope import Envelope, Result
from tiercel.plugin import State
from tiercel_orchestrator.dispatch.port import Sink
from tiercel_orchestrator.local import STORE_FILE, open_engine
from tiercel_orchestrator.shell.pump import LEASE
from tiercel_orchestrator.store.opening import open_store
from tiercel_orchestrator.store.port import Change

ONE = """
id: one
namespace: tests
tasks:
  - {id: work, type: io.kestra.plugin.core.debug.Return, format: "ours"}
"""


@pytest.fixture(params=["sqlite", "postgres"])
def shared(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Give a store that several homes share."""
    if request.param == "sqlite":
        return Place(tmp_path)
    return Places(tmp_path, request.getfixturevalue("postgres_url")).anew()


def address(place: Place) -> str:
    return place.store or str(place.home / STORE_FILE)


def test_a_worker_whose_lease_has_expired_is_fenced(shared: Place, tmp_path: Path) -> None:
    async def run() -> tuple[str, object]:
        async with open_engine(tmp_path / "slow", address(shared)) as slow:
            asked, released = asyncio.Event(), asyncio.Event()

            async def late(envelope: Envelope, sink: Sink | None = None) -> Result:
                asked.set()
                await released.wait()
                return Result(state=State.FAILED)

            slow.work.dispatcher.run = late  # type: ignore[method-assign]
            await slow.in_store(slow.library.put, ONE, clock.now())
            execution_id = await start(slow, "one")
            await asked.wait()
            with closing(open_store(address(shared))) as another:
                another.extend(slow.pump.owner.name, clock.now() - 2 * LEASE, LEASE)
                assert another.sweep(clock.now(), []) == 1
            async with open_engine(tmp_path / "quick", address(shared)) as quick:
                ended = await asyncio.wait_for(quick.wait(execution_id), 30)
                (run,) = await quick.in_store(quick.store.task_runs, execution_id)
                released.set()
                while not remains_of(shared).late:
                    await asyncio.sleep(0)
                (after,) = await quick.in_store(quick.store.task_runs, execution_id)
                assert after == run
            return ended.state, run.outputs

    assert asyncio.run(run()) == ("SUCCESS", {"value": "ours"})


JUMPS = [
    {"left": 1, "say": -1},
    {"tell": 1, "at_last": -1},
    {"first": -1, "tell": 1, "turn": 1, "mends": -1},
    {"yes": -1, "last": 1},
]
"""By how many days the clock jumps when a task has ended."""


@pytest.mark.parametrize("days", JUMPS, ids=str)
def test_a_clock_that_jumps_by_a_day_loses_and_doubles_nothing(
    days: dict[str, int], shared: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    undisturbed = Place(tmp_path / "undisturbed")
    assert play(undisturbed) == 0
    real, jumped = clock.now, dict[str, timedelta]()
    monkeypatch.setattr(clock, "now", lambda: real() + sum(jumped.values(), timedelta()))

    def jump(change: Change) -> None:
        for run in change.runs:
            if run.ended and run.task_id in days:
                jumped[run.task_id] = timedelta(days=days[run.task_id])

    async def run() -> None:
        async with open_engine(tmp_path / "home", address(shared), listener=jump) as engine:
            await begin(engine)
            await asyncio.wait_for(engine.wait(EXECUTION), 30)
            await asyncio.wait_for(engine.wait_for_tree(EXECUTION), 30)

    asyncio.run(run())
    assert jumped.keys() == days.keys()
    assert remains_of(shared).differences(remains_of(undisturbed)) == []
