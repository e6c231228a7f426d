"""Results that a family sends back: taken with their signature, for those who wait for them."""

import asyncio
import json

import pytest

from tests.unit.dispatch.family import Gateway, Wait, listening
from tests.unit.dispatch.test_behaviour import envelope
from tests.unit.dispatch.test_http import beside
from tiercel.errors import InvalidFlow
from tiercel.http import callbacks
from tiercel_orchestrator.cli.serving import app_of
from tiercel_orchestrator.dispatch.conversation import Pace
from tiercel_orchestrator.dispatch.http import HttpDispatcher

UNHURRIED = Pace(first_pause_seconds=1000, longest_pause_seconds=1000, wait_seconds=0)
"""So rarely polled that only a callback can end a run."""


def body(run_id: str = "run", lease: int = 0) -> bytes:
    result = {"state": "SUCCESS", "data": {"told": True}}
    return json.dumps({"taskRunId": run_id, "attempt": 1, "lease": lease, "result": result}).encode()


def test_a_run_ends_with_what_its_family_tells() -> None:
    async def work(dispatcher: HttpDispatcher, before: Gateway) -> None:
        running = asyncio.create_task(dispatcher.run("test", envelope("Wait")))
        await Wait.started.wait()
        signed = callbacks.signature(dispatcher.tokens.callback_key("run", 0), body())
        assert dispatcher.told("run", body(), signed)
        assert not dispatcher.told("run", body(), signed)
        assert (await running).data == {"told": True}
        Wait.release.set()

    beside(work, pace=UNHURRIED)


def test_a_family_tells_the_server_of_a_run_that_outlived_its_call() -> None:
    async def work(dispatcher: HttpDispatcher, before: Gateway) -> None:
        async with listening(app_of(dispatcher.told, lambda: None, "key")) as url:
            dispatcher.callback_url = url
            running = asyncio.create_task(dispatcher.run("test", envelope("Wait")))
            await Wait.started.wait()
            Wait.release.set()
            assert (await running).data == {"done": True}

    beside(work, pace=UNHURRIED)


def test_what_nobody_waits_for_is_not_taken() -> None:
    async def work(dispatcher: HttpDispatcher, before: Gateway) -> None:
        signed = callbacks.signature(dispatcher.tokens.callback_key("run", 0), body())
        assert not dispatcher.told("run", body(), signed)

    beside(work)


def test_a_callback_needs_the_key_of_its_own_dispatch() -> None:
    async def work(dispatcher: HttpDispatcher, before: Gateway) -> None:
        for run_id, lease in (("run", 1), ("other", 0)):
            signed = callbacks.signature(dispatcher.tokens.callback_key(run_id, lease), body())
            with pytest.raises(callbacks.BadSignature):
                dispatcher.told("run", body(), signed)
        named = callbacks.signature(dispatcher.tokens.callback_key("run", 0), body("other"))
        with pytest.raises(InvalidFlow, match="names task run run"):
            dispatcher.told("run", body("other"), named)
        with pytest.raises(InvalidFlow, match="is no callback"):
            dispatcher.told("run", b"{}", named)

    beside(work)
