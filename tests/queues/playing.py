"""A wide ForEach played over queues, while processes die."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.queues.cloud import Cloud, Killer, cloud
from tests.unit.cloud.emulator import moto_server
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.store.port import Store
from tiercel_orchestrator.store.postgres import PostgresStore

SECRET = "a secret of more than thirty-two bytes"
WORKERS = 2
LOOK_SECONDS = 0.5
SWEEP_SECONDS = 5.0
FLOW = """
id: wide
namespace: cloud
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: "{{{{ range(1, {items}) }}}}"
    concurrencyLimit: 0
    tasks:
      - id: say
        type: io.kestra.plugin.core.debug.Return
        format: "item {{{{ taskrun.value }}}}"
"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of it. `said`: what each item gave; `dead`: how many messages were given up."""

    state: str
    said: list[str]
    dead: int
    events: int
    kills: int
    seconds: float


def play(database: str, home: Path, setting: Callable[[str, str], None], items: int, seed: int) -> Outcome:
    """Run the flow to its end; `setting` sets what all functions are told."""
    setting("TIERCEL_STORE", database)
    setting("TIERCEL_JWT_SECRET", SECRET)
    store, killer = PostgresStore(database), Killer(seed)
    try:
        with moto_server() as endpoint:
            return asyncio.run(_play(endpoint, home, setting, items, store, killer))
    finally:
        store.close()


async def _play(
    endpoint: str, home: Path, setting: Callable[[str, str], None], items: int, store: Store, killer: Killer
) -> Outcome:
    async with cloud(endpoint, home, setting, workers=WORKERS, killer=killer) as running:
        began = time.monotonic()
        started = await running.front.invoke({"flow": FLOW.format(items=items)})
        state = await _end(running, store, str(started["id"]))
        seconds = time.monotonic() - began
        sizes = running.queues.sizes()
    runs = store.task_runs(str(started["id"]))
    said = [str(run.outputs["value"]) for run in runs if run.task_id == "say" and run.outputs]
    return Outcome(state, said, sizes["core-dead"], killer.events, killer.killed, seconds)


async def _end(running: Cloud, store: Store, execution_id: str) -> str:
    """Wait for the end of an execution; meanwhile the slow rule looks now and then."""
    swept = time.monotonic()
    while True:
        execution = store.execution(execution_id)
        if execution is not None and execution.state in states.ENDED:
            return execution.state
        if time.monotonic() - swept > SWEEP_SECONDS:
            swept = time.monotonic()
            await running.front.invoke({"wake": True})
        await asyncio.sleep(LOOK_SECONDS)
