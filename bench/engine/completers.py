"""Many workers on one ForEach, each ending one value at a time, as one function a task does."""

import asyncio
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import psycopg

from bench.engine.ours import each_flow
from tiercel import clock
from tiercel.registry import Registry
from tiercel_orchestrator.kernel import shards
from tiercel_orchestrator.kernel.decision import Decision, Touched
from tiercel_orchestrator.kernel.events import Ended, Event
from tiercel_orchestrator.kernel.kernel import decide
from tiercel_orchestrator.local import open_engine
from tiercel_orchestrator.shell.flows import FlowLibrary
from tiercel_orchestrator.shell.starting import StartRequest
from tiercel_orchestrator.store.opening import open_store
from tiercel_orchestrator.store.port import ClaimRequest, Report

PROCESSES, THREADS = 8, 4
LEASE = timedelta(seconds=60)


def completions_a_second(url: str, items: int, *, sharded: bool, sync_ms: float = 0) -> float:
    """Let 32 workers end the values of a ForEach one by one; its rows are laid down beforehand.

    `sync_ms`: how much longer each commit takes, as on a disk that syncs more slowly.
    """
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("drop schema if exists tiercel cascade")
        connection.execute(f"alter system set commit_delay = {int(sync_ms * 1000)}".encode())
        connection.execute("alter system set commit_siblings = 0")
        connection.execute("select pg_reload_conf()")
    wide = shards.WIDE
    shards.WIDE = wide if sharded else items + 1
    try:
        asyncio.run(_lay_down(url, items))
    finally:
        shards.WIDE = wide
    with ProcessPoolExecutor(PROCESSES) as pool:
        taken = list(pool.map(_work, [url] * PROCESSES, range(PROCESSES)))
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("alter system reset commit_delay")
        connection.execute("select pg_reload_conf()")
    done = sum(count for _, _, count in taken)
    assert done == items, f"{done} of {items} values ended"
    return items / (max(end for _, end, _ in taken) - min(start for start, _, _ in taken))


async def _lay_down(url: str, items: int) -> None:
    with tempfile.TemporaryDirectory() as home:
        async with open_engine(Path(home), url, concurrency=0) as engine:
            flow = await engine.in_store(engine.library.put, each_flow(items), clock.now())
            execution = await engine.start(StartRequest(flow.namespace, flow.id))
            while len(await engine.in_store(engine.store.task_runs, execution.id)) <= items:
                await asyncio.sleep(0.05)


def _work(url: str, number: int) -> tuple[float, float, int]:
    """Work with some threads; give when they began and ended, and how many values they ended."""
    registry = Registry.installed()
    with ThreadPoolExecutor(THREADS) as pool:
        names = [f"bench.{number}-{thread}" for thread in range(THREADS)]
        taken = list(pool.map(_end_values, [url] * THREADS, names, [registry] * THREADS))
    return min(one[0] for one in taken), max(one[1] for one in taken), sum(one[2] for one in taken)


def _end_values(url: str, owner: str, registry: Registry) -> tuple[float, float, int]:
    store = open_store(url)
    library = FlowLibrary(store, registry)
    request = ClaimRequest(owner, 1, LEASE, own_limit=0)

    def deciding(touched: Touched, event: Event) -> Decision:
        return decide(library.of(touched.execution), touched, event, clock.now())

    started, done = time.time(), 0
    claims = store.claim(request, clock.now()).claims
    while claims:
        run = claims[0].run
        report = Report(Ended(run.id, run.lease, "SUCCESS", {"value": "done"}))
        done += 1
        claims = store.finish([report], deciding, clock.now(), request).claims
    ended = time.time()
    store.close()
    return started, ended, done
