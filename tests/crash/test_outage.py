"""A store that cannot be used for a while: the engine waits, and loses nothing."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.flows.playing import start
from tiercel import clock
from tiercel_orchestrator import local
from tiercel_orchestrator.shell import pump
from tiercel_orchestrator.store.port import (
    ClaimRequest,
    Decide,
    Finished,
    OutputRow,
    Report,
    StoreUnavailable,
)
from tiercel_orchestrator.store.sqlite import SqliteStore

LINE = """
id: line
namespace: tests
tasks:
  - {id: a, type: io.kestra.plugin.core.debug.Return, format: one}
  - {id: b, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.a.value }} two"}
  - {id: c, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.b.value }} three"}
"""


class Unreliable(SqliteStore):
    """A store that cannot be used at two calls in a row: before their commit, after it, or to read.

    `moment` and `since` say at which; after a commit, only its answer is lost.
    """

    def __init__(self, path: Path, moment: str, since: int) -> None:
        super().__init__(path)
        self.fails = {moment: range(since, since + 2)}
        self.calls: Counter[str] = Counter()

    def claim(self, request: ClaimRequest, now: datetime) -> Finished:
        return self._unreliably(lambda: super(Unreliable, self).claim(request, now))

    def finish(
        self, reports: Sequence[Report], decide: Decide, now: datetime, claim: ClaimRequest | None = None
    ) -> Finished:
        return self._unreliably(lambda: super(Unreliable, self).finish(reports, decide, now, claim))

    def outputs_of(self, execution_id: str, task_ids: Iterable[str] | None) -> list[OutputRow]:
        self._come_to("to read")
        return super().outputs_of(execution_id, task_ids)

    def _unreliably(self, call: Callable[[], Finished]) -> Finished:
        self._come_to("before")
        finished = call()
        self._come_to("after")
        return finished

    def _come_to(self, moment: str) -> None:
        self.calls[moment] += 1
        if self.calls[moment] - 1 in self.fails.get(moment, ()):
            raise StoreUnavailable(f"The store cannot be used {moment}; wait.")


@pytest.mark.parametrize(
    ("moment", "since"), [*product(("before", "after"), range(4)), ("to read", 0), ("to read", 1)]
)
def test_an_outage_fails_no_task_and_loses_no_claim(
    moment: str, since: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unreliable(home: Path, url: str | None) -> Unreliable:
        return Unreliable(local.made(home) / local.STORE_FILE, moment, since)

    monkeypatch.setattr(local, "open_store", unreliable)
    monkeypatch.setattr(pump, "STORE_PAUSE_SECONDS", 0.01)

    async def run() -> tuple[str, dict[str, Any]]:
        async with local.open_engine(tmp_path) as engine:
            await engine.in_store(engine.library.put, LINE, clock.now())
            execution_id = await start(engine, "line")
            execution = await asyncio.wait_for(engine.wait(execution_id), 30)
            runs = await engine.in_store(engine.store.task_runs, execution_id)
            assert isinstance(engine.store, Unreliable)
            assert engine.store.calls[moment] > since, "it never failed"
            return execution.state, {run.task_id or "": run.outputs for run in runs}

    state, outputs = asyncio.run(run())
    assert state == "SUCCESS"
    assert outputs["c"] == {"value": "one two three"}
