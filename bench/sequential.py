"""Durable steps a second of a sequential flow, beside bare commits of SQLite on the same disk."""

import asyncio
import logging
import sqlite3
import tempfile
import time
from pathlib import Path

from bench.measuring import interleaved, table
from tiercel import clock
from tiercel_orchestrator.local import open_engine
from tiercel_orchestrator.shell.engine import Engine
from tiercel_orchestrator.shell.starting import StartRequest

STEPS = 10
RUNS = 10
COMMITS = 300
FLOW = "id: steps\nnamespace: bench\ntasks:\n" + "".join(
    f"  - id: step{number}\n    type: io.kestra.plugin.core.debug.Return\n    format: done\n"
    for number in range(STEPS)
)


async def run_flow(engine: Engine) -> None:
    """Run the flow once, to its end."""
    execution = await engine.start(StartRequest("bench", "steps"))
    ended = await engine.wait(execution.id)
    assert ended.state == "SUCCESS", ended.state


async def steps_per_second(home: Path) -> float:
    """Run the flow some times, one after another."""
    async with open_engine(home) as engine:
        await engine.in_store(engine.library.put, FLOW, clock.now())
        await run_flow(engine)
        started = time.perf_counter()
        for _ in range(RUNS):
            await run_flow(engine)
        return STEPS * RUNS / (time.perf_counter() - started)


def commits_per_second(path: Path, synchronous: str) -> float:
    """Commit single statements in WAL mode."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute(f"pragma synchronous = {synchronous}")
    connection.execute("create table if not exists steps (id integer primary key, state text)")
    started = time.perf_counter()
    for _ in range(COMMITS):
        connection.execute("insert into steps (state) values ('SUCCESS')")
    taken = time.perf_counter() - started
    connection.close()
    return COMMITS / taken


def main() -> None:
    """Measure the engine and both floors in turn."""
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory(prefix="tiercel-bench-", dir=Path.cwd()) as directory:
        home = Path(directory)
        taken = interleaved(
            {
                "engine": lambda: asyncio.run(steps_per_second(home / "home")),
                "normal": lambda: commits_per_second(home / "normal.db", "normal"),
                "full": lambda: commits_per_second(home / "full.db", "full"),
            },
            rounds=5,
        )
    engine = taken["engine"].median
    rows = [
        ["engine, sequential steps", taken["engine"].text(0), ""],
        ["SQLite commits, synchronous = full", taken["full"].text(0), f"{taken['full'].median / engine:.1f}"],
        [
            "SQLite commits, synchronous = normal",
            taken["normal"].text(0),
            f"{taken['normal'].median / engine:.1f}",
        ],
    ]
    table(f"Durable sequential steps ({STEPS} tasks a run)", ["what", "a second", "ratio"], rows)


if __name__ == "__main__":
    main()
