"""Runs that outlive their request: kept by id, found again by idempotency key."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol, TypeAlias

from tiercel.doors import with_timeout
from tiercel.envelope import Envelope, Result, WireError
from tiercel.errors import TiercelError
from tiercel.plugin import State

KEPT_RUNS = 1000
BEAT_SECONDS = 20.0
"""How often a run that is worked on gives a sign of life, and learns that it was cancelled elsewhere."""

logger = logging.getLogger("tiercel.runs")
Status: TypeAlias = Literal["QUEUED", "RUNNING", "SUCCESS", "WARNING", "FAILED", "SKIPPED", "KILLED"]


@dataclass
class Run:
    """One run; without a result, it is under way.

    `digest`: what tells its envelope from others, where the envelope itself was not kept.
    """

    id: str
    envelope: Envelope
    key: str | None = None
    result: Result | None = None
    status: Literal["QUEUED", "RUNNING"] = "RUNNING"
    digest: str | None = None
    alive_at: datetime | None = None

    def is_of(self, envelope: Envelope) -> bool:
        """Say whether an envelope is that of this run, sent again."""
        if self.digest is None:
            return self.envelope.same_task(envelope)
        from tiercel.http.run_rows import digest_of

        return self.digest == digest_of(envelope)

    def document(self) -> dict[str, Any]:
        """Write the run as `GET /v1/runs/{id}` shows it."""
        return {
            "id": self.id,
            "state": self.result.state if self.result else self.status,
            "result": self.result,
        }


class RunStore(Protocol):
    """Where runs are kept."""

    async def open(
        self, envelope: Envelope, key: str | None, status: Literal["QUEUED", "RUNNING"] = "RUNNING"
    ) -> tuple[Run, bool]:
        """Give a new run and True, or the run that was opened with the same key and False."""
        ...

    async def beat(self, run_id: str) -> Run | None:
        """Say that a run is worked on, and give it; None where it is not known any more."""
        ...

    async def get(self, run_id: str) -> Run | None:
        """Give a run, or None."""
        ...

    async def finish(self, run_id: str, result: Result) -> Run | None:
        """Set the result of a run, unless it has one, and give it."""
        ...


class MemoryRunStore:
    """Keep runs in this process; the oldest ended ones make room for new ones."""

    def __init__(self, kept: int = KEPT_RUNS) -> None:
        self.kept = kept
        self.runs: dict[str, Run] = {}
        self.keys: dict[str, str] = {}

    async def open(
        self, envelope: Envelope, key: str | None, status: Literal["QUEUED", "RUNNING"] = "RUNNING"
    ) -> tuple[Run, bool]:
        """Give a new run and True, or the run that was opened with the same key and False."""
        if key is not None and key in self.keys:
            return self.runs[self.keys[key]], False
        run = Run(uuid.uuid4().hex, envelope, key)
        self.runs[run.id] = run
        if key is not None:
            self.keys[key] = run.id
        self.make_room()
        return run, True

    async def get(self, run_id: str) -> Run | None:
        """Give a run, or None."""
        return self.runs.get(run_id)

    async def beat(self, run_id: str) -> Run | None:
        """Give a run."""
        return self.runs.get(run_id)

    async def finish(self, run_id: str, result: Result) -> Run | None:
        """Set the result of a run, unless it has one, and give it."""
        run = self.runs.get(run_id)
        if run and run.result is None:
            run.result = result
        return run

    def make_room(self) -> None:
        """Forget the oldest ended runs."""
        ended = [run for run in self.runs.values() if run.result]
        for run in ended[: max(0, len(self.runs) - self.kept)]:
            del self.runs[run.id]
            self.keys.pop(run.key or "", None)


class Runner:
    """Carry out kept runs on this process's loop."""

    def __init__(
        self,
        store: RunStore,
        execute: Callable[[Envelope], Coroutine[Any, Any, Result]],
        report: Callable[[Envelope, Result], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        self.store = store
        self.execute = execute
        self.report = report
        """Tells whoever asked of the end of a run that outlived its call."""
        self.outlived: set[str] = set()
        self.tasks: dict[str, asyncio.Task[None]] = {}
        self.reports: set[asyncio.Task[None]] = set()
        self.closing = False

    async def submit(self, envelope: Envelope, key: str | None, seconds: float | None = None) -> Run:
        """Start a run, or give the one that this key started; `seconds` bounds its timeout."""
        run, new = await self.store.open(envelope, key)
        if new:
            task = asyncio.create_task(self.carry_out(run, seconds))
            self.tasks[run.id] = task
            task.add_done_callback(lambda _: self.tasks.pop(run.id, None))
        return run

    async def carry_out(self, run: Run, seconds: float | None) -> None:
        """Run to the end; a cancelled run ends FAILED, as killed.

        One that this process takes with it has no end: its caller finds it gone, and sends it again.
        """
        try:
            envelope = run.envelope if seconds is None else with_timeout(run.envelope, seconds)
            result = await watched(self.store, run.id, self.execute(envelope))
        except asyncio.CancelledError:
            if self.closing:
                return
            result = killed()
        await self.store.finish(run.id, result)
        if run.id in self.outlived:
            self.outlived.discard(run.id)
            self.tell(run.envelope, result)

    def tell(self, envelope: Envelope, result: Result) -> None:
        """Report an end beside everything else: a caller that is slow to listen holds up nobody."""
        if self.report:
            task = asyncio.create_task(self.report(envelope, result))
            self.reports.add(task)
            task.add_done_callback(self.reports.discard)

    async def wait(self, run: Run, seconds: float) -> Run:
        """Wait for a run to end, but not longer than that; one that goes on is reported when it ends."""
        task = self.tasks.get(run.id)
        if task and seconds > 0:
            await asyncio.wait({task}, timeout=seconds)
        run = await self.store.get(run.id) or run
        if run.result is None:
            self.outlived.add(run.id)
        return run

    async def cancel(self, run: Run) -> Run:
        """Stop a run and give it as it ended; one that has ended stays as it is."""
        task = self.tasks.get(run.id)
        if task:
            task.cancel()
            await asyncio.wait({task})
        # one that had not begun never reached its own handler
        return await self.store.finish(run.id, killed()) or run

    async def close(self) -> None:
        """Stop everything."""
        self.closing = True
        tasks = {*self.tasks.values(), *self.reports}
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)


async def watched(store: RunStore, run_id: str, work: Coroutine[Any, Any, Result]) -> Result:
    """Carry out a run, with a sign of life now and then; one that was ended elsewhere is stopped."""
    task = asyncio.ensure_future(work)
    try:
        while True:
            await asyncio.wait({task}, timeout=BEAT_SECONDS)
            if task.done():
                return task.result()
            if await is_over(store, run_id):
                return killed()
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait({task})


async def is_over(store: RunStore, run_id: str) -> bool:
    """Give a sign of life, and say whether nobody waits for the run any more."""
    try:
        run = await store.beat(run_id)
    except TiercelError as error:
        logger.warning("run %s gave no sign of life: %s", run_id, error)
        return False
    return run is None or run.result is not None


def killed() -> Result:
    """Give the result of a run that somebody stopped."""
    message = "The run was cancelled by its caller; submit it again if that was a mistake."
    return Result(state=State.FAILED, error=WireError(kind="Killed", message=message))
