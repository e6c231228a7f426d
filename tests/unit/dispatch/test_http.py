"""The way to a family behind a URL, and what goes wrong on it."""

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import jwt
import pytest

from tests.unit.dispatch.family import Echo, Gateway, Trouble, Wait, gateway
from tests.unit.dispatch.test_behaviour import envelope
from tiercel.envelope import Envelope, Result
from tiercel.http.signing import TokenKeys
from tiercel.plugin import State
from tiercel.testing.running import MemoryServices
from tiercel_orchestrator.dispatch.conversation import Pace
from tiercel_orchestrator.dispatch.http import HttpDispatcher
from tiercel_orchestrator.dispatch.routes import Target
from tiercel_orchestrator.dispatch.tokens import Tokens

SECRET = "a secret that nobody guesses, at all"
OTHER = "another secret that nobody guesses, too"
QUICK = Pace(patience_seconds=20, first_pause_seconds=0.001, longest_pause_seconds=0.01)
IMPATIENT = Pace(patience_seconds=0.01, first_pause_seconds=0.001, longest_pause_seconds=0.01)
AT_ONCE = Pace(first_pause_seconds=0.001, longest_pause_seconds=0.01, wait_seconds=0)
"""Every call becomes a run that is polled."""

Work = Callable[[HttpDispatcher, Gateway], Awaitable[None]]


@asynccontextmanager
async def dispatching(
    targets: dict[str, Target], pace: Pace = QUICK, secret: str | None = None
) -> AsyncIterator[HttpDispatcher]:
    with MemoryServices() as services:
        tokens = Tokens(TokenKeys(secret) if secret else None)
        dispatcher = HttpDispatcher(targets, tokens, services.storage, pace=pace)
        try:
            yield dispatcher
        finally:
            await dispatcher.close()


def beside(
    work: Work,
    *troubles: Trouble,
    pace: Pace = QUICK,
    ours: str | None = None,
    theirs: str | None = None,
    concurrency: int = 10,
) -> None:
    """Run a test's work beside a family whose gateway makes trouble."""

    async def run() -> None:
        Wait.reset()
        async with gateway(*troubles, secret=theirs) as (url, before):
            async with dispatching({"test": Target(url, concurrency)}, pace, ours) as dispatcher:
                await work(dispatcher, before)

    asyncio.run(run())


def told(result: Result) -> str:
    """Give a failure's sentence."""
    assert result.state is State.FAILED
    assert result.error
    return result.error.message


def test_a_call_carries_a_token_for_its_task_run_and_a_key_for_its_dispatch() -> None:
    async def work(dispatcher: HttpDispatcher, before: Gateway) -> None:
        assert (await dispatcher.run("test", envelope("Echo"))).state is State.SUCCESS
        (headers,) = before.asked("POST /execute")
        assert headers["idempotency-key"] == "run.1.0"
        claims = jwt.decode(headers["authorization"].removeprefix("Bearer "), SECRET, algorithms=["HS256"])
        assert (claims["taskRunId"], claims["attempt"]) == ("run", 1)
        assert claims["exp"] - claims["iat"] == 300 + 900

    beside(work, ours=SECRET, theirs=SECRET)


def test_a_run_that_outlives_its_call_is_polled() -> None:
    async def work(dispatcher: HttpDispatcher, before: Gateway) -> None:
        running = asyncio.create_task(dispatcher.run("test", envelope("Wait")))
        await Wait.started.wait()
        Wait.release.set()
        assert (await running).data == {"done": True}
        assert any(name.startswith("GET /v1/runs/") for name, _ in before.requests)

    beside(work, pace=AT_ONCE)


@pytest.mark.parametrize("status", [429, 502, 503, 504])
def test_a_family_that_is_busy_is_asked_again(status: int) -> None:
    async def work(dispatcher: HttpDispatcher, before: Gateway) -> None:
        result = await dispatcher.run("test", envelope("Echo"))
        assert result.state is State.SUCCESS
        keys = {headers["idempotency-key"] for headers in before.asked("POST /execute")}
        assert (len(before.requests), keys) == (3, {"run.1.0"})
        assert f"answered {status}" in result.logs[0].message

    beside(work, Trouble(status), Trouble(status))


def test_a_task_whose_answer_was_lost_runs_once() -> None:
    async def work(dispatcher: HttpDispatcher, before: Gateway) -> None:
        result = await dispatcher.run("test", envelope("Echo"))
        assert (result.data["times"], Echo.times, len(before.requests)) == (1, 1, 2)

    beside(work, Trouble(lost=True))


def test_patience_ends_in_a_failure_that_a_retry_may_mend() -> None:
    async def work(dispatcher: HttpDispatcher, before: Gateway) -> None:
        result = await dispatcher.run("test", envelope("Echo"))
        assert "did not answer for 0.01 s" in told(result)
        assert result.error
        assert (result.error.kind, result.error.retry_after) == ("Retriable", 7.0)

    beside(work, *[Trouble(503, {"retry-after": "7"})] * 20, pace=IMPATIENT)


def test_a_family_that_is_down_fails_its_tasks_as_retriable() -> None:
    async def run() -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        async with dispatching({"test": Target(f"http://127.0.0.1:{port}")}, IMPATIENT) as dispatcher:
            result = await dispatcher.run("test", envelope("Echo"))
        assert result.error
        assert result.error.kind == "Retriable"
        assert f"Start it at http://127.0.0.1:{port}" in told(result)

    asyncio.run(run())


def test_a_token_that_is_not_accepted_names_the_setting() -> None:
    async def work(dispatcher: HttpDispatcher, before: Gateway) -> None:
        message = told(await dispatcher.run("test", envelope("Echo")))
        assert "does not accept the orchestrator's token (401" in message
        assert "TIERCEL_JWT_SECRET" in message
        assert len(before.requests) == 1

    beside(work, ours=OTHER, theirs=SECRET)


def test_a_type_that_the_family_does_not_have_is_refused_at_once() -> None:
    async def work(dispatcher: HttpDispatcher, before: Gateway) -> None:
        message = told(await dispatcher.run("test", envelope("Ehco")))
        assert message.startswith("Family 'test' refused the task: ")
        assert "io.test.Echo" in message
        assert len(before.requests) == 1

    beside(work)


@pytest.mark.parametrize("status", [200, 404, 422, 500])
def test_what_is_no_family_is_said_to_be_none(status: int) -> None:
    async def work(dispatcher: HttpDispatcher, before: Gateway) -> None:
        message = told(await dispatcher.run("test", envelope("Echo")))
        assert "is no family app" in message
        assert "correct the URL of family 'test'" in message

    beside(work, Trouble(status))


def test_a_run_that_its_family_forgot_is_sent_again() -> None:
    async def work(dispatcher: HttpDispatcher, before: Gateway) -> None:
        result = await dispatcher.run("test", envelope("Echo"))
        assert result.state is State.SUCCESS
        assert len(before.asked("POST /execute")) == 2
        assert "has lost the task (1 of 3)" in result.logs[0].message

    beside(work, Trouble(202, {"location": "/v1/runs/gone"}), pace=QUICK)


def test_a_run_that_is_cancelled_while_it_is_polled_is_stopped() -> None:
    async def work(dispatcher: HttpDispatcher, before: Gateway) -> None:
        running = asyncio.create_task(dispatcher.run("test", envelope("Wait")))
        await Wait.started.wait()
        running.cancel()
        await asyncio.wait({running})
        assert Wait.stopped.is_set()

    beside(work, pace=AT_ONCE)


def test_a_family_is_sent_no_more_at_once_than_its_limit() -> None:
    async def work(dispatcher: HttpDispatcher, before: Gateway) -> None:
        runs = [asyncio.create_task(dispatcher.run("test", envelope("Wait", f"{n}"))) for n in range(5)]
        await Wait.started.wait()
        Wait.release.set()
        assert {run.state for run in await asyncio.gather(*runs)} == {State.SUCCESS}
        assert Wait.most <= 2

    beside(work, concurrency=2)


def test_a_slow_family_does_not_hold_up_another() -> None:
    async def run() -> None:
        Wait.reset()
        async with gateway(name="slow") as (slow, _), gateway() as (quick, _):
            targets = {"slow": Target(slow, 1), "test": Target(quick, 1)}
            async with dispatching(targets) as dispatcher:
                waits = [envelope("Wait", f"{number}") for number in range(5)]
                slow_ones = [Envelope.model_copy(one, update={"task_type": "io.slow.Wait"}) for one in waits]
                running = [asyncio.create_task(dispatcher.run("slow", one)) for one in slow_ones]
                await Wait.started.wait()
                for number in range(5):
                    assert (await dispatcher.run("test", envelope("Echo", f"q{number}"))).data["text"] == ""
                assert not any(one.done() for one in running)
                Wait.release.set()
                await asyncio.gather(*running)

    asyncio.run(run())
