"""The engine on a store: the figures of each scenario."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

from tiercel import clock
from tiercel.clock import parse_timestamp
from tiercel_orchestrator.local import open_engine
from tiercel_orchestrator.shell.engine import Engine
from tiercel_orchestrator.shell.starting import StartRequest

TASK = "type: io.kestra.plugin.core.debug.Return\n{indent}format: done\n"
ROUNDS = 3


def steps_flow(steps: int) -> str:
    """Give a flow of tasks that do nothing, one after another."""
    tasks = "".join(f"  - id: step{one}\n    {TASK.format(indent='    ')}" for one in range(steps))
    return f"id: steps{steps}\nnamespace: bench\ntasks:\n{tasks}"


def each_flow(items: int) -> str:
    """Give a flow of one ForEach whose values may all run at once."""
    return (
        f"id: each{items}\nnamespace: bench\ntasks:\n"
        "  - id: each\n    type: io.kestra.plugin.core.flow.ForEach\n"
        f'    concurrencyLimit: 0\n    values: "{{{{ range(1, {items}) }}}}"\n    tasks:\n'
        f"      - id: one\n        {TASK.format(indent='        ')}"
    )


def played(
    store: str | None, source: str, play: Callable[[Engine, str], Awaitable[float]], at_once: int
) -> float:
    """Play something with a flow on an engine with a home of its own."""

    async def run(home: Path) -> float:
        async with open_engine(home, store, concurrency=at_once) as engine:
            flow = await engine.in_store(engine.library.put, source, clock.now())
            return await play(engine, flow.id)

    with tempfile.TemporaryDirectory(prefix="tiercel-bench-", dir=Path.cwd()) as directory:
        return asyncio.run(run(Path(directory)))


async def run_once(engine: Engine, flow_id: str) -> None:
    """Run a flow to its end."""
    execution = await engine.start(StartRequest("bench", flow_id))
    ended = await engine.wait(execution.id)
    assert ended.state == "SUCCESS", ended.state


def steps_a_second(store: str | None, steps: int = 10) -> float:
    """Run tasks one after another in one execution."""

    async def play(engine: Engine, flow_id: str) -> float:
        await run_once(engine, flow_id)
        started = time.perf_counter()
        for _ in range(ROUNDS):
            await run_once(engine, flow_id)
        return steps * ROUNDS / (time.perf_counter() - started)

    return played(store, steps_flow(steps), play, 16)


def items_a_second(store: str | None, items: int) -> float:
    """Run a ForEach, a hundred values at work at a time."""

    async def play(engine: Engine, flow_id: str) -> float:
        started = time.perf_counter()
        await run_once(engine, flow_id)
        return items / (time.perf_counter() - started)

    return played(store, each_flow(items), play, 100)


def latencies(store: str | None, executions: int = 200) -> tuple[float, float, float]:
    """Start executions of five tasks at once: how many end a second; their times, median and p99 in ms."""
    found: list[float] = []

    async def play(engine: Engine, flow_id: str) -> float:
        started = time.perf_counter()
        begun = [await engine.start(StartRequest("bench", flow_id)) for _ in range(executions)]
        for one in begun:
            ended = await engine.wait(one.id)
            taken = parse_timestamp(ended.history[-1][1]) - parse_timestamp(ended.history[0][1])
            found.append(taken / timedelta(milliseconds=1))
        return executions / (time.perf_counter() - started)

    rate = played(store, steps_flow(5), play, 100)
    cuts = statistics.quantiles(found, n=100)
    return rate, cuts[49], cuts[98]
