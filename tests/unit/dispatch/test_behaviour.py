"""What every dispatcher does alike, whether a family is here or behind a URL."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest

from tests.unit.dispatch.family import Wait, gateway, installed
from tiercel.envelope import Envelope, RunContext
from tiercel.errors import TiercelError
from tiercel.plugin import LogLine, State
from tiercel.registry import Registry
from tiercel.testing.running import MemoryServices
from tiercel_orchestrator.dispatch.connecting import dispatcher_for
from tiercel_orchestrator.dispatch.port import Dispatcher
from tiercel_orchestrator.dispatch.routes import Routes, Target

Work = Callable[[Dispatcher], Awaitable[None]]


@asynccontextmanager
async def in_process() -> AsyncIterator[Dispatcher]:
    with MemoryServices() as services:
        yield await dispatcher_for(installed(), services, Routes())
        await services.http.close()


@asynccontextmanager
async def behind_a_url() -> AsyncIterator[Dispatcher]:
    with MemoryServices() as services:
        async with gateway() as (url, _):
            dispatcher = await dispatcher_for(Registry([]), services, Routes({"test": Target(url)}))
            try:
                yield dispatcher
            finally:
                await dispatcher.close()


@pytest.fixture(params=[in_process, behind_a_url], ids=["in process", "behind a URL"])
def beside(request: pytest.FixtureRequest) -> Callable[[Work], None]:
    """Run a test's work with a dispatcher of each kind."""

    async def run(work: Work) -> None:
        Wait.reset()
        async with request.param() as dispatcher:
            await work(dispatcher)

    return lambda work: asyncio.run(run(work))


def envelope(name: str, run_id: str = "run", **params: object) -> Envelope:
    return Envelope(task_type=f"io.test.{name}", params=params, context=RunContext(task_run_id=run_id))


def test_a_task_gives_its_outputs_and_its_log(beside: Callable[[Work], None]) -> None:
    async def work(dispatcher: Dispatcher) -> None:
        lines: list[LogLine] = []
        result = await dispatcher.run(envelope("Echo", text="hello"), lines.append)
        assert (result.state, result.data["text"]) == (State.SUCCESS, "hello")
        assert [line.message for line in result.logs] == ["said hello"]
        assert [line.message for line in lines] == ["said hello"]

    beside(work)


def test_a_failure_is_a_result_with_its_sentence(beside: Callable[[Work], None]) -> None:
    async def work(dispatcher: Dispatcher) -> None:
        lines: list[LogLine] = []
        result = await dispatcher.run(envelope("Fail"), lines.append)
        assert result.state is State.FAILED
        assert result.error
        assert (result.error.kind, result.error.message) == ("TaskFailed", "The answer is no.")
        assert [(line.level, line.message) for line in lines] == [("ERROR", "The answer is no.")]

    beside(work)


def test_a_property_that_is_wrong_is_named(beside: Callable[[Work], None]) -> None:
    async def work(dispatcher: Dispatcher) -> None:
        result = await dispatcher.run(envelope("Echo", txet="hello"))
        assert result.error
        assert result.error.kind == "InvalidParameters"
        assert "txet" in result.error.message

    beside(work)


def test_a_type_that_is_misspelt_fails_with_the_nearest(beside: Callable[[Work], None]) -> None:
    async def work(dispatcher: Dispatcher) -> None:
        result = await dispatcher.run(envelope("Ehco"))
        assert result.state is State.FAILED
        assert result.error
        assert "io.test.Echo" in result.error.message

    beside(work)


def test_a_type_of_no_family_is_refused(beside: Callable[[Work], None]) -> None:
    async def work(dispatcher: Dispatcher) -> None:
        with pytest.raises(TiercelError, match=r"io\.other\.Echo"):
            await dispatcher.run(Envelope(task_type="io.other.Echo"))

    beside(work)


def test_cancelling_stops_the_task(beside: Callable[[Work], None]) -> None:
    async def work(dispatcher: Dispatcher) -> None:
        running = asyncio.create_task(dispatcher.run(envelope("Wait")))
        await Wait.started.wait()
        running.cancel()
        await asyncio.wait({running})
        assert running.cancelled()
        await Wait.stopped.wait()
        assert dispatcher.elsewhere == 0

    beside(work)


def test_tasks_run_beside_each_other(beside: Callable[[Work], None]) -> None:
    async def work(dispatcher: Dispatcher) -> None:
        waiting = asyncio.create_task(dispatcher.run(envelope("Wait", "slow")))
        await Wait.started.wait()
        assert (await dispatcher.run(envelope("Echo", "quick"))).state is State.SUCCESS
        Wait.release.set()
        assert (await waiting).data == {"done": True}

    beside(work)
