"""The engine's loop: it writes what has happened, claims what is due, and has it carried out."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeAlias, TypeVar

from tiercel import clock
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.decision import Decision, Touched
from tiercel_orchestrator.kernel.events import Due, Event
from tiercel_orchestrator.kernel.kernel import decide
from tiercel_orchestrator.kernel.rows import Execution, TaskRun
from tiercel_orchestrator.shell import envelopes
from tiercel_orchestrator.shell.directories import WorkingDirectories, is_directory
from tiercel_orchestrator.shell.flows import FlowLibrary
from tiercel_orchestrator.shell.idling import Idling
from tiercel_orchestrator.shell.owner import Owner
from tiercel_orchestrator.shell.work import Ready, Work
from tiercel_orchestrator.store.port import (
    Change,
    Claim,
    ClaimRequest,
    Decide,
    Finished,
    Report,
    Store,
    StoreLost,
    StoreUnavailable,
)

T = TypeVar("T")

logger = logging.getLogger("tiercel.engine")
outage = logging.getLogger(OUTAGE := "tiercel.engine.outage")
"""What is said of a store that cannot be used for the moment, over and over until it can."""

LEASE = timedelta(seconds=60)
SWEEP_EVERY = timedelta(seconds=10)
LOOK_EVERY_SECONDS = 0.5
STORE_PATIENCE_SECONDS = 5.0
LOST_PATIENCE_SECONDS = 120.0
"""How long a store is waited for that cannot be used, and one to which the way is lost."""
STORE_PAUSE_SECONDS = 1.0

Read: TypeAlias = Mapping[str, Ready | Exception | None]
"""What was read for claims, by task run."""


class Pump:
    """Keeps a store's executions going while it runs; `work` and `take_up` are set before it does.

    `take_up`: begins with the executions that others have asked for.
    `claiming` False: it writes what it is told, and takes up nothing.
    """

    work: Work
    take_up: Callable[[], Awaitable[None]]

    def __init__(
        self,
        store: Store,
        flows: FlowLibrary,
        owner: Owner,
        directories: WorkingDirectories,
        concurrency: int,
        claiming: bool,
        listener: Callable[[Change], None] | None,
    ) -> None:
        self.store = store
        self.flows = flows
        self.owner = owner
        self.directories = directories
        self.concurrency = concurrency
        self.claiming = claiming
        self.root_id: str | None = None
        self.listener = listener
        self.thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self.news = asyncio.Event()
        """Set once something has ended or paused; then another takes its place."""
        self.running: asyncio.Task[None] | None = None
        self._inbox: list[Report] = []
        self._wake = asyncio.Event()
        self._called = asyncio.Event()
        self._working: dict[str, asyncio.Task[None]] = {}
        self._dispatched: set[str] = set()
        self._tidying: set[asyncio.Task[None]] = set()
        self.idling = Idling()

    async def start(self) -> None:
        """Begin to run."""
        self.running = asyncio.create_task(self._run())

    async def stop(self) -> None:
        """Stop, give back what is under way, and let go of the thread."""
        if self.running:
            self.running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.running
        for task in list(self._working.values()):
            task.cancel()
        await asyncio.gather(*self._working.values(), *self._tidying, return_exceptions=True)
        with contextlib.suppress(StoreUnavailable):
            await self.in_store(self.store.sweep, clock.now(), [self.owner.name])
        self.thread.shutdown()

    async def in_store(self, call: Callable[..., T], *arguments: Any) -> T:
        """Run a call of the store on its own thread."""
        return await asyncio.get_running_loop().run_in_executor(self.thread, call, *arguments)

    def only(self, root_id: str) -> None:
        """Work on one tree of executions from now on."""
        self.root_id, self.claiming = root_id, True
        self._wake.set()

    def call(self) -> None:
        """Look at once for what others have left in the store."""
        self._called.set()
        self._wake.set()

    async def idle(self) -> datetime | None:
        """Wait until nothing is left to do here now; give the moment when something is, if it is known."""
        assert self.running is not None
        self._wake.set()
        return await self.idling.wait(self.running)

    def committed(self, finished: Finished) -> None:
        """Take note of what somebody has written, and look for what follows."""
        self._announce(finished)
        self._wake.set()

    def deciding(self, now: datetime) -> Decide:
        """Give the kernel over our flows at one moment, so that what falls due then is claimed with it."""

        def deciding(touched: Touched, event: Event) -> Decision:
            execution = touched.execution
            return decide(self.flows.of(execution), touched, event, now, self.flows.heard(execution))

        return deciding

    async def _run(self) -> None:
        caring = asyncio.create_task(self._look_after())
        try:
            while True:
                self._wake.clear()
                asked = [*self.idling.asking]
                finished, read = await self._turn_or_wait()
                self._announce(finished)
                for claim in finished.claims:
                    self._take(claim, read.get(claim.run.id))
                if not self._inbox:
                    if not (self._working or is_due(finished)):
                        self.idling.answer(asked, finished.next_due)
                    await self._sleep(finished.next_due)
        finally:
            caring.cancel()

    async def _turn_or_wait(self) -> tuple[Finished, Read]:
        """Take a turn; what could not be written now is kept, and written when the store lets us."""
        failing_since: float | None = None
        while True:
            reports, self._inbox = self._inbox, []
            ours = [*self._working, *(report.event.run_id for report in reports)]
            try:
                return await self.in_store(self._turn, reports, ours if failing_since else None)
            except StoreUnavailable as error:
                failing_since = failing_since or time.monotonic()
                if time.monotonic() - failing_since > patience_with(error):
                    raise
                outage.warning("%s Trying again.", error)
                self._inbox = reports + self._inbox
                await asyncio.sleep(STORE_PAUSE_SECONDS)

    def _turn(self, reports: Sequence[Report], known: Sequence[str] | None = None) -> tuple[Finished, Read]:
        """Write what has happened, claim what is due, and read what that needs.

        `known`: the runs that we know to be ours, where the turn before failed: it may have been committed,
        and what it claimed for us would wait for ever.
        """
        finished = self._finish(reports, known)
        read: dict[str, Ready | Exception | None] = {}
        for claim in finished.claims:
            if is_leased(claim):
                try:
                    read[claim.run.id] = self.work.read(claim)
                except StoreUnavailable:
                    break  # what is claimed is not lost: whoever carries it out reads, once that goes
                except Exception as error:
                    read[claim.run.id] = error  # whoever carries it out says so
        return finished, read

    def _finish(self, reports: Sequence[Report], known: Sequence[str] | None) -> Finished:
        now = clock.now()
        if known is not None:
            self.store.give_back(self.owner.name, known, now)
        if not self.claiming:
            return self.store.finish(reports, self.deciding(now), now) if reports else Finished(())
        # what other machines work on costs us no slot
        free = max(0, self.concurrency - len(self._dispatched) + self.work.dispatcher.elsewhere)
        request = ClaimRequest(self.owner.name, free, LEASE, self.root_id)
        if reports:
            return self.store.finish(reports, self.deciding(now), now, request)
        return self.store.claim(request, now)

    async def _sleep(self, next_due: datetime | None) -> None:
        """Sleep until something happens, or the next moment that something waits for."""
        # another process may leave something behind without a word
        seconds = SWEEP_EVERY.total_seconds()
        if next_due is not None:
            seconds = min(seconds, max(0.0, (next_due - clock.now()).total_seconds()))
        alarm = asyncio.get_running_loop().call_later(seconds, self._wake.set)
        try:
            await self._wake.wait()
        finally:
            alarm.cancel()

    async def _look_after(self) -> None:
        """Prolong our leases, take back lost ones, take up requests; stop what another process has ended."""
        swept = -SWEEP_EVERY.total_seconds()
        while True:
            try:
                if self._called.is_set() or time.monotonic() - swept >= SWEEP_EVERY.total_seconds():
                    self._called.clear()
                    swept = time.monotonic()
                    await self.sweep()
                for run in await self.in_store(self.store.runs, list(self._working)):
                    if run.ended and run.id in self._working:
                        self._working[run.id].cancel()
            except StoreUnavailable as error:
                outage.warning("Leases could not be looked after: %s Trying again.", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_SECONDS):
                    await self._called.wait()

    async def sweep(self) -> None:
        """Take back lost leases, and take up requests."""
        if await self.in_store(self._sweep):
            self._wake.set()
        if self.claiming and self.root_id is None:
            await self.take_up()

    def _sweep(self) -> int:
        now = clock.now()
        self.flows.look_again()
        self.store.extend(self.owner.name, now, LEASE)
        known = self.owner.known(self.store.owners())
        return self.store.sweep(now, known.gone, known.alive)

    def _announce(self, finished: Finished) -> None:
        for change in finished.changes:
            for run in change.runs:
                self._notice(change.execution, run)
            if self.listener:
                self.listener(change)

    def _notice(self, execution: Execution, run: TaskRun) -> None:
        if run.ended and (working := self._working.get(run.id)):
            working.cancel()
        if run.ended and is_directory(run):
            forgetting = asyncio.create_task(asyncio.to_thread(self.directories.forget, execution, run))
            self._tidying.add(forgetting)
            forgetting.add_done_callback(self._tidying.discard)
        if (run.is_root and run.ended) or run.state == states.PAUSED:
            self.news.set()
            self.news = asyncio.Event()

    # -- what has become due

    def _take(self, claim: Claim, read: Ready | Exception | None) -> None:
        if not is_leased(claim):
            self._tell_later(Report(Due(claim.run.id)))
            return
        task = asyncio.create_task(self._carry_out(claim, read))
        self._working[claim.run.id] = task
        if claim.run.request is None:
            self._dispatched.add(claim.run.id)
        # one that is cancelled before it began never reaches its own end
        task.add_done_callback(lambda _: self._forget(claim.run.id))

    def _forget(self, run_id: str) -> None:
        self._working.pop(run_id, None)
        self._dispatched.discard(run_id)

    async def _carry_out(self, claim: Claim, read: Ready | Exception | None) -> None:
        """Report what comes of a piece of work, a bug of our own too: nothing may wait for ever."""
        try:
            report = await self._report_of(claim, read)
        except Exception as error:
            logger.exception("task run %s could not be carried out", claim.run.id)
            report = envelopes.bug(claim.run, error)
        # the slot is free before the loop hears of it
        self._forget(claim.run.id)
        if report is None:
            self._wake.set()
        else:
            self._tell_later(report)

    async def _report_of(self, claim: Claim, read: Ready | Exception | None) -> Report | None:
        """Report what comes of a piece of work; where the store cannot be read, begin again when it can."""
        while True:
            try:
                return await self.work.carry_out(claim, read)
            except StoreUnavailable as error:
                read = None
                outage.warning("%s Trying again.", error)
                await asyncio.sleep(STORE_PAUSE_SECONDS)

    def _tell_later(self, report: Report) -> None:
        self._inbox.append(report)
        self._wake.set()


def patience_with(error: StoreUnavailable) -> float:
    """Say how many seconds a store is waited for."""
    return LOST_PATIENCE_SECONDS if isinstance(error, StoreLost) else STORE_PATIENCE_SECONDS


def is_leased(claim: Claim) -> bool:
    """Say whether there is something to carry out, not only a moment that has come."""
    return claim.run.work == "leased"


def is_due(finished: Finished) -> bool:
    """Say whether something waits whose moment has come already."""
    return finished.next_due is not None and finished.next_due <= clock.now()
