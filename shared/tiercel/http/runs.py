"""Runs that outlive their request: kept by id, found again by idempotency key."""

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol

from tiercel.doors import with_timeout
from tiercel.envelope import Envelope, Result, WireError
from tiercel.plugin import State

KEPT_RUNS = 1000


@dataclass
class Run:
    """One run; without a result, it is under way."""

    id: str
    envelope: Envelope
    key: str | None = None
    result: Result | None = None

    def document(self) -> dict[str, Any]:
        """Write the run as `GET /v1/runs/{id}` shows it."""
        return {
            "id": self.id,
            "state": self.result.state if self.result else "RUNNING",
            "result": self.result,
        }


class RunStore(Protocol):
    """Where runs are kept."""

    async def open(self, envelope: Envelope, key: str | None) -> tuple[Run, bool]:
        """Give a new run and True, or the run that was opened with the same key and False."""
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

    async def open(self, envelope: Envelope, key: str | None) -> tuple[Run, bool]:
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

    def __init__(self, store: RunStore, execute: Callable[[Envelope], Coroutine[Any, Any, Result]]) -> None:
        self.store = store
        self.execute = execute
        self.tasks: dict[str, asyncio.Task[None]] = {}

    async def submit(self, envelope: Envelope, key: str | None, seconds: float | None = None) -> Run:
        """Start a run, or give the one that this key started; `seconds` bounds its timeout."""
        run, new = await self.store.open(envelope, key)
        if new:
            task = asyncio.create_task(self.carry_out(run, seconds))
            self.tasks[run.id] = task
            task.add_done_callback(lambda _: self.tasks.pop(run.id, None))
        return run

    async def carry_out(self, run: Run, seconds: float | None) -> None:
        """Run to the end; a cancelled run ends FAILED, as killed."""
        try:
            result = await self.execute(
                run.envelope if seconds is None else with_timeout(run.envelope, seconds)
            )
        except asyncio.CancelledError:
            result = killed()
        await self.store.finish(run.id, result)

    async def wait(self, run: Run, seconds: float) -> Run:
        """Wait for a run to end, but not longer than that."""
        task = self.tasks.get(run.id)
        if task and seconds > 0:
            await asyncio.wait({task}, timeout=seconds)
        return await self.store.get(run.id) or run

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
        for task in list(self.tasks.values()):
            task.cancel()
        if self.tasks:
            await asyncio.wait(set(self.tasks.values()))


def killed() -> Result:
    """Give the result of a run that somebody stopped."""
    message = "The run was cancelled by its caller; submit it again if that was a mistake."
    return Result(state=State.FAILED, error=WireError(kind="Killed", message=message))
