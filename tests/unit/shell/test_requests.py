"""Requests for executions, taken up by an engine that runs all of its store."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tiercel import clock
from tiercel.errors import InvalidFlow, Retriable
from tiercel_orchestrator.local import open_engine
from tiercel_orchestrator.shell import pump
from tiercel_orchestrator.shell.engine import Engine
from tiercel_orchestrator.shell.requests import take_up, unstarted
from tiercel_orchestrator.store.port import Filter, Requested

FLOW = """
id: says
namespace: tests
inputs:
  - {id: name, type: STRING}
  - {id: count, type: INT, defaults: 3}
tasks:
  - {id: say, type: io.kestra.plugin.core.debug.Return, format: "{{ inputs.name }} {{ inputs.count }}"}
"""


def asked(execution_id: str, inputs: Mapping[str, Any], flow_id: str = "says") -> Requested:
    return Requested(0, execution_id, "tests", flow_id, None, dict(inputs), {"k": "v"}, clock.now())


async def ask(engine: Engine, *requests: Requested) -> None:
    await engine.in_store(engine.store.put_flow, "tests", "says", FLOW, clock.now())
    for request in requests:
        await engine.in_store(engine.store.ask, request)


def test_a_request_becomes_an_execution_by_the_ordinary_path(tmp_path: Path) -> None:
    async def going() -> None:
        async with open_engine(tmp_path, claiming=False) as engine:
            await ask(engine, asked("asked", {"name": "kestrel"}))
        async with open_engine(tmp_path) as engine:
            while await engine.in_store(engine.store.request, "asked"):
                await asyncio.sleep(0)
            ended = await engine.wait("asked")
            (run,) = await engine.in_store(engine.store.task_runs, "asked")
        assert (ended.state, ended.labels["k"], ended.inputs) == (
            "SUCCESS",
            "v",
            {"name": "kestrel", "count": 3},
        )
        assert run.outputs == {"value": "kestrel 3"}

    asyncio.run(going())


def test_what_is_wrong_with_a_request_is_kept_and_told_to_whoever_asks_for_it(tmp_path: Path) -> None:
    async def going() -> None:
        async with open_engine(tmp_path, claiming=False) as engine:
            await ask(
                engine, asked("no-flow", {}, "other"), asked("no-name", {}), asked("good", {"name": "a"})
            )
            with pytest.raises(
                InvalidFlow, match="waits for an orchestrator on this store; run `tiercel server`"
            ):
                await engine.execution("good")
            await take_up(engine)
            with pytest.raises(
                InvalidFlow, match="was refused: There is no flow 'other' in namespace 'tests'"
            ):
                await engine.execution("no-flow")
            with pytest.raises(InvalidFlow, match="was refused: name: Invalid input for `name`"):
                await engine.execution("no-name")
            assert [one.id for one in await engine.in_store(engine.store.executions, Filter())] == ["good"]

    asyncio.run(going())


def test_a_wake_makes_an_engine_look_before_its_sweep(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pump, "SWEEP_EVERY", timedelta(days=1))

    async def going() -> None:
        looked = asyncio.Event()

        async def looking(engine: Engine) -> None:
            await take_up(engine)
            looked.set()

        monkeypatch.setattr("tiercel_orchestrator.shell.requests.take_up", looking)
        async with open_engine(tmp_path) as engine:
            await looked.wait()  # it looks as it starts
            looked.clear()
            await ask(engine, asked("asked", {"name": "kestrel"}))
            engine.wake()
            await looked.wait()
            assert (await engine.wait("asked")).state == "SUCCESS"

    asyncio.run(going())


def test_a_request_that_two_engines_take_up_at_once_runs_once(tmp_path: Path) -> None:
    async def going() -> None:
        async with (
            open_engine(tmp_path / "a", str(tmp_path / "engine.db")) as one,
            open_engine(tmp_path / "b", str(tmp_path / "engine.db")) as other,
        ):
            await ask(one, *(asked(f"e{number}", {"name": "kestrel"}) for number in range(5)))
            await asyncio.gather(take_up(one), take_up(other))
            for number in range(5):
                await one.wait(f"e{number}")
            found = await one.in_store(one.store.executions, Filter())
            assert sorted(execution.id for execution in found) == [f"e{number}" for number in range(5)]
            assert {execution.state for execution in found} == {"SUCCESS"}

    asyncio.run(going())


def test_a_request_that_the_world_holds_up_waits_and_one_that_meets_a_bug_does_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def going() -> None:
        async with open_engine(tmp_path, claiming=False) as engine:
            await ask(engine, asked("e", {"name": "kestrel"}))
            for error, waits in ((Retriable("busy"), True), (RuntimeError("oops"), False)):
                monkeypatch.setattr(Engine, "prepare", failing(error))
                await take_up(engine)
                request = await engine.in_store(engine.store.request, "e")
                assert request is not None
                assert (request.refusal is None) == waits
            assert "could not start it (RuntimeError), by a bug of its own" in unstarted(request, "e")

    asyncio.run(going())


def failing(error: Exception) -> Any:
    async def prepare(*_: object) -> None:
        raise error

    return prepare
