"""Lanes: a family's share of an orchestrator."""

import asyncio

from tiercel import clock
from tiercel_orchestrator.dispatch.lanes import Lane


def test_what_comes_when_enough_waits_is_put_off_for_longer_and_longer() -> None:
    async def work() -> None:
        lane = Lane(1, waiting=1)
        lane.usual_seconds = 4.0
        async with lane.slot():
            waiting = asyncio.create_task(held(lane))
            await asyncio.sleep(0)
            assert lane.full
            first, second = lane.postponed(), lane.postponed()
            assert clock.now() < first < second
        await waiting
        assert not lane.full

    asyncio.run(work())


def test_one_that_is_cancelled_in_wait_leaves_its_place() -> None:
    async def work() -> None:
        lane = Lane(1, waiting=1)
        async with lane.slot():
            waiting = asyncio.create_task(held(lane))
            await asyncio.sleep(0)
            waiting.cancel()
            await asyncio.wait({waiting})
            assert not lane.full
        await held(lane)

    asyncio.run(work())


async def held(lane: Lane) -> None:
    async with lane.slot():
        return
