"""Kept runs."""

import asyncio

from tiercel.envelope import Envelope, Result
from tiercel.http.runs import MemoryRunStore
from tiercel.plugin import State

ENVELOPE = Envelope(task_type="io.test.Echo")


def test_old_runs_make_room_and_running_ones_stay() -> None:
    async def work() -> None:
        store = MemoryRunStore(kept=2)
        first, _ = await store.open(ENVELOPE, "a")
        second, _ = await store.open(ENVELOPE, "b")
        await store.finish(second.id, Result(state=State.SUCCESS))
        third, _ = await store.open(ENVELOPE, "c")
        assert await store.get(second.id) is None
        assert await store.get(first.id) is first
        assert (await store.open(ENVELOPE, "b"))[1] is True
        assert (await store.open(ENVELOPE, "c")) == (third, False)

    asyncio.run(work())


def test_a_result_is_set_once() -> None:
    async def work() -> None:
        store = MemoryRunStore()
        run, _ = await store.open(ENVELOPE, None)
        await store.finish(run.id, Result(state=State.SUCCESS))
        await store.finish(run.id, Result(state=State.FAILED))
        assert run.result
        assert run.result.state is State.SUCCESS

    asyncio.run(work())
