"""Kept runs."""

import asyncio

from tiercel.envelope import Envelope, Result
from tiercel.http.runs import MemoryRunStore, Runner
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


class Told:
    """Whoever asked for runs: keeps what was reported."""

    def __init__(self) -> None:
        self.results: list[Result] = []
        self.release = asyncio.Event()

    async def execute(self, envelope: Envelope) -> Result:
        await self.release.wait()
        return Result(state=State.SUCCESS)

    async def take(self, envelope: Envelope, result: Result) -> None:
        self.results.append(result)


def test_only_a_run_that_outlives_its_call_is_reported() -> None:
    async def work() -> None:
        told = Told()
        runner = Runner(MemoryRunStore(), told.execute, told.take)
        run = await runner.submit(ENVELOPE, None)
        assert (await runner.wait(run, 0)).result is None
        told.release.set()
        assert (await runner.wait(run, 5)).result is not None
        quick = await runner.submit(ENVELOPE, None)
        assert (await runner.wait(quick, 5)).result is not None
        await asyncio.gather(*runner.reports)
        assert [result.state for result in told.results] == [State.SUCCESS]
        await runner.close()

    asyncio.run(work())


def test_what_ends_with_its_process_has_no_result_and_is_not_reported() -> None:
    async def work() -> None:
        told = Told()
        runner = Runner(MemoryRunStore(), told.execute, told.take)
        run = await runner.submit(ENVELOPE, None)
        await runner.wait(run, 0)
        await runner.close()
        assert (await runner.store.get(run.id), told.results) == (run, [])
        assert run.result is None

    asyncio.run(work())
