"""Executions removed by a running engine and by the verb that prunes, with their files."""

import asyncio
from pathlib import Path

import pytest

from tiercel import clock
from tiercel.errors import InvalidFlow
from tiercel.storage import UNCHECKED, Storage
from tiercel_orchestrator.local import open_engine, open_store
from tiercel_orchestrator.shell.engine import Engine
from tiercel_orchestrator.shell.removal import prune
from tiercel_orchestrator.shell.starting import StartRequest
from tiercel_orchestrator.store.port import Filter, Pruning

WRITES = """
id: writes
namespace: tests
tasks:
  - {id: write, type: io.kestra.plugin.core.storage.Write, content: hello}
"""
CALLS = """
id: calls
namespace: tests
tasks:
  - {id: call, type: io.kestra.plugin.core.flow.Subflow, namespace: tests, flowId: writes, wait: true}
"""
PAUSES = """
id: pauses
namespace: tests
tasks:
  - {id: wait, type: io.kestra.plugin.core.flow.Pause}
"""


async def ran(engine: Engine, flow_id: str) -> str:
    """Run a flow as far as it goes, and give the execution's id."""
    execution = await engine.start(StartRequest("tests", flow_id))
    await engine.wait_until_idle(execution.id)
    return execution.id


async def put(engine: Engine) -> None:
    for flow_id, source in (("writes", WRITES), ("calls", CALLS), ("pauses", PAUSES)):
        await engine.in_store(engine.store.put_flow, "tests", flow_id, source, clock.now())


def files(storage: Storage) -> int:
    return len(list(storage.list(UNCHECKED, "kestra:///tests")))


def test_an_ended_execution_is_deleted_with_its_files_or_without(tmp_path: Path) -> None:
    async def going() -> None:
        async with open_engine(tmp_path) as engine:
            await put(engine)
            kept, gone = await ran(engine, "writes"), await ran(engine, "writes")
            assert files(engine.services.storage) == 2
            await engine.operations.delete(gone)
            assert files(engine.services.storage) == 1
            await engine.operations.delete(kept, keep_files=True, keep_logs=True)
            assert files(engine.services.storage) == 1
            for execution_id in (kept, gone):
                with pytest.raises(InvalidFlow, match="There is no execution"):
                    await engine.operations.delete(execution_id)
            assert not await engine.in_store(engine.store.executions, Filter())

    asyncio.run(going())


def test_an_execution_that_has_not_ended_is_not_deleted(tmp_path: Path) -> None:
    async def going() -> None:
        async with open_engine(tmp_path) as engine:
            await put(engine)
            paused = await ran(engine, "pauses")
            with pytest.raises(InvalidFlow, match=f"it is PAUSED; end it first: `tiercel kill {paused}`"):
                await engine.operations.delete(paused)
            await engine.operations.resume(paused)
            assert (await engine.wait(paused)).state == "SUCCESS"
            await engine.operations.delete(paused)

    asyncio.run(going())


def test_pruning_takes_children_with_their_roots_and_files_if_they_are_to_go(tmp_path: Path) -> None:
    async def going() -> None:
        async with open_engine(tmp_path) as engine:
            await put(engine)
            for _ in range(3):
                await ran(engine, "calls")
            await ran(engine, "pauses")

    asyncio.run(going())
    store, storage = open_store(tmp_path), Storage(str(tmp_path / "storage"))
    wanted = Pruning(clock.now(), keep=1)
    counted = prune(store, storage, wanted, dry_run=True)
    assert (counted.trees, counted.executions, files(storage)) == (2, 4, 3)
    assert prune(store, storage, wanted) == counted
    assert files(storage) == 1
    assert sorted(one.flow_id for one in store.executions(Filter())) == ["calls", "pauses", "writes"]
    assert prune(store, None, Pruning(clock.now())).executions == 2
    assert files(storage) == 1
    assert prune(store, None, Pruning(clock.now())).executions == 0
    store.close()
