"""Playing something on an engine, step by step."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from textwrap import dedent
from typing import Any, TypeVar

from tiercel import clock
from tiercel_orchestrator.kernel.rows import TaskRun
from tiercel_orchestrator.local import open_engine
from tiercel_orchestrator.shell.engine import Engine
from tiercel_orchestrator.shell.starting import StartRequest

T = TypeVar("T")

MEND = """
    id: mend
    namespace: tests
    tasks:
      - id: set
        type: io.kestra.plugin.core.kv.Set
        key: mended
        value: "yes"
        kvType: STRING
"""


def on_engine(home: Path, play: Callable[[Engine], Awaitable[T]], *sources: str) -> T:
    """Play something on an engine that knows these flows."""

    async def run() -> T:
        async with open_engine(home) as engine:
            for source in sources:
                await engine.in_store(engine.library.put, dedent(source), clock.now())
            return await play(engine)

    return asyncio.run(run())


async def start(engine: Engine, flow_id: str, **inputs: Any) -> str:
    return (await engine.start(StartRequest("tests", flow_id, inputs=inputs))).id


async def run_of(engine: Engine, execution_id: str, task_id: str) -> TaskRun:
    runs = await engine.in_store(engine.store.task_runs, execution_id)
    return next(run for run in runs if run.task_id == task_id)


async def states_of(engine: Engine, execution_id: str) -> dict[str, str]:
    runs = await engine.in_store(engine.store.task_runs, execution_id)
    return {run.task_id or "": run.state for run in runs}


async def mended(engine: Engine) -> None:
    await engine.wait(await start(engine, "mend"))


async def until(engine: Engine, execution_id: str, *states: str) -> None:
    """Wait until an execution is in one of some states."""
    while (await engine.execution(execution_id)).state not in states:
        await asyncio.sleep(0)
