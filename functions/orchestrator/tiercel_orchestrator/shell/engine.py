"""The engine: a loop that feeds events to the kernel through the store and carries out what is due."""

import asyncio
import contextlib
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar

from tiercel import clock
from tiercel.errors import InvalidFlow
from tiercel.flows.inputs import inputs_of
from tiercel.plugin import LogLine
from tiercel.services import Services
from tiercel_orchestrator.dispatch.port import Dispatcher
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.decision import Decision, Touched
from tiercel_orchestrator.kernel.events import Due, Event, KillRequested, Operation, Resumed
from tiercel_orchestrator.kernel.ids import next_attempt_id
from tiercel_orchestrator.kernel.kernel import decide
from tiercel_orchestrator.kernel.rows import Execution, TaskRun
from tiercel_orchestrator.shell import envelopes, requests, starting
from tiercel_orchestrator.shell.directories import WorkingDirectories, is_directory
from tiercel_orchestrator.shell.flows import FlowLibrary
from tiercel_orchestrator.shell.operations import Operations
from tiercel_orchestrator.shell.owner import Owner
from tiercel_orchestrator.shell.variables import Surroundings
from tiercel_orchestrator.shell.work import Work
from tiercel_orchestrator.store.port import (
    Change,
    Claim,
    ClaimRequest,
    Decide,
    Filter,
    Finished,
    Report,
    Store,
    StoreLost,
    StoreUnavailable,
)

T = TypeVar("T")

logger = logging.getLogger("tiercel.engine")

LEASE = timedelta(seconds=60)
SWEEP_EVERY = timedelta(seconds=10)
LOOK_EVERY_SECONDS = 0.5
STORE_PATIENCE_SECONDS = 5.0
LOST_PATIENCE_SECONDS = 120.0
"""How long a store is waited for that cannot be used, and one to which the way is lost."""
STORE_PAUSE_SECONDS = 1.0


class Engine:
    """Runs executions of one store: all of them, or with `claiming` False none until `only` names a tree.

    `listener` sees every change after it is committed; `log_sink` sees a running task's lines at once.
    """

    def __init__(
        self,
        store: Store,
        library: FlowLibrary,
        dispatcher: Dispatcher,
        services: Services,
        owner: Owner,
        directories: WorkingDirectories,
        *,
        concurrency: int = 16,
        globals_: Mapping[str, Any] | None = None,
        claiming: bool = True,
        listener: Callable[[Change], None] | None = None,
        log_sink: Callable[[TaskRun, LogLine], None] | None = None,
    ) -> None:
        self.store = store
        self.library = library
        self.services = services
        self.owner = owner
        self.directories = directories
        self.concurrency = concurrency
        around = Surroundings(globals_ or {}, services.environment, starting.decryption(services))
        self.operations = Operations(self)
        self.work = Work(
            store,
            library,
            dispatcher,
            services,
            directories,
            around,
            self.in_store,
            self.create,
            self.operations.restart,
            log_sink,
        )
        self.claiming = claiming
        self.root_id: str | None = None
        self.listener = listener
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="store")
        self._inbox: list[Report] = []
        self._wake = asyncio.Event()
        self._working: dict[str, asyncio.Task[None]] = {}
        self._dispatched: set[str] = set()
        self._news = asyncio.Event()
        self._called = asyncio.Event()
        self._pump: asyncio.Task[None] | None = None

    # -- life

    async def __aenter__(self) -> "Engine":
        self._pump = asyncio.create_task(self._run())
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._pump:
            self._pump.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._pump
        for task in list(self._working.values()):
            task.cancel()
        await asyncio.gather(*self._working.values(), return_exceptions=True)
        with contextlib.suppress(StoreUnavailable):
            await self.in_store(self.store.sweep, clock.now(), [self.owner.name])
        self._thread.shutdown()

    async def in_store(self, call: Callable[..., T], *arguments: Any) -> T:
        """Run a call of the store on its own thread."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, call, *arguments)

    # -- what callers want

    def only(self, root_id: str) -> None:
        """Work on one tree of executions from now on, named by the execution at its root."""
        self.root_id, self.claiming = root_id, True
        self._wake.set()

    async def prepare(self, request: starting.StartRequest, execution_id: str | None = None) -> Execution:
        """Build an execution without starting it; `InvalidFlow` says what is wrong with the inputs."""
        flow = await self.in_store(self.library.get, request.namespace, request.flow_id, request.revision)
        execution_id = execution_id or starting.fresh_id(os.urandom(16))
        return await asyncio.to_thread(starting.new_execution, flow, execution_id, request, self.services)

    async def create(self, execution: Execution) -> None:
        """Begin with an execution; one that exists goes on undisturbed."""
        now = clock.now()
        changes = await self.in_store(self.store.apply, execution, self._deciding(now), now)
        self._announce(Finished(changes))
        self._wake.set()

    async def start(self, request: starting.StartRequest) -> Execution:
        """Create an execution and begin with it; `InvalidFlow` says what is wrong with the inputs."""
        execution = await self.prepare(request)
        await self.create(execution)
        return execution

    async def wait(self, execution_id: str) -> Execution:
        """Wait until nothing of an execution runs any more, then give it."""
        await self._wait_while(lambda: not self.store.root_run(execution_id).ended)
        return await self.execution(execution_id)

    async def wait_until_idle(self, execution_id: str) -> Execution:
        """Wait until an execution has ended, or nothing in its tree goes on by itself: then it is paused."""
        root_id = (await self.execution(execution_id)).root_id
        await self._wait_while(
            lambda: not self.store.root_run(execution_id).ended and self.store.busy(root_id)
        )
        return await self.execution(execution_id)

    async def wait_for_tree(self, root_id: str) -> None:
        """Wait until nothing in a tree of executions goes on by itself."""
        await self._wait_while(lambda: self.store.busy(root_id))

    async def next_attempt(self, execution: Execution) -> Execution:
        """Give the execution that a retry started in place of one that is RETRIED."""
        return await self.execution(next_attempt_id(execution))

    async def _wait_while(self, holds: Callable[[], bool]) -> None:
        """Wait while something holds in the store; if the loop fails, its error is the caller's.

        News of an end is looked into at once; the store now and then anyway, for others may write, too.
        """
        assert self._pump is not None
        while True:
            news = self._news  # before the look: what happens after it is not missed
            with contextlib.suppress(StoreUnavailable):  # the loop tries on, and says when it gives up
                if not await self.in_store(holds):
                    return
            coming = asyncio.create_task(news.wait())
            first = asyncio.FIRST_COMPLETED
            await asyncio.wait({coming, self._pump}, timeout=LOOK_EVERY_SECONDS, return_when=first)
            coming.cancel()
            if self._pump.done():
                self._pump.result()

    async def execution(self, execution_id: str) -> Execution:
        """Give an execution as it stands."""
        execution = await self.in_store(self.store.execution, execution_id)
        if execution is None:
            request = await self.in_store(self.store.request, execution_id)
            raise InvalidFlow(requests.unstarted(request, execution_id))
        return execution

    def wake(self) -> None:
        """Look at once for what others have left in the store: requests, and task runs that are due."""
        self._called.set()
        self._wake.set()

    async def serve(self) -> None:
        """Run on; if the loop fails, its error is the caller's."""
        assert self._pump is not None
        await asyncio.shield(self._pump)

    async def kill(self, execution_id: str) -> None:
        """End an execution and all that it started, now."""
        root = await self.in_store(self.store.root_run, execution_id)
        await self.tell(KillRequested(root.id))

    async def kill_tree(self, root_id: str) -> None:
        """End every execution of a tree that has not ended."""
        for execution in await self.in_store(self.store.executions, Filter(root_id=root_id)):
            if not (await self.in_store(self.store.root_run, execution.id)).ended:
                await self.kill(execution.id)

    async def resume(self, run_id: str, inputs: Mapping[str, Any] | None = None) -> None:
        """Go on after a Pause; `InvalidFlow` says what is wrong with its inputs, or that it is not paused."""
        run = await self.in_store(self.store.task_run, run_id)
        if run is None or run.state != states.PAUSED:
            raise InvalidFlow(f"Task run '{run_id}' is not paused; only a paused one can be resumed.")
        execution = await self.execution(run.execution_id)
        flow = await self.in_store(self.library.of, execution)
        declared = inputs_of(flow.task(run.task_id or "").properties.get("onResume") or ())
        templates = [one.properties for one in declared]
        lineage = await self.in_store(self.store.lineage, run)
        claim = Claim(run, execution, lineage)
        variables = await self.in_store(self.work.variables, flow, claim, templates)
        typed = await asyncio.to_thread(
            starting.typed_inputs, flow, execution.id, declared, inputs or {}, variables, self.services
        )
        await self.tell(Resumed(run_id, typed))

    async def tell(self, event: Event) -> None:
        """Feed one event and wait until it is committed."""
        now = clock.now()
        finished = await self.in_store(self.store.finish, [Report(event)], self._deciding(now), now)
        self._announce(finished)
        self._wake.set()

    async def ask(self, event: Operation, then: Callable[[], T]) -> T:
        """Feed what somebody asks for; give what `then` reads right after, or raise why it is refused."""
        now = clock.now()
        refused: list[str | None] = []

        def deciding(touched: Touched, event: Event) -> Decision:
            decision = self._deciding(now)(touched, event)
            refused.append(decision.refused)
            return decision

        def asking() -> tuple[Finished, T]:
            return self.store.finish([Report(event)], deciding, now), then()

        finished, answer = await self.in_store(asking)
        reason = next((reason for reason in refused if reason), None)
        if reason:
            raise InvalidFlow(reason)
        self._announce(finished)
        self._wake.set()
        return answer

    async def keep(self, execution: Execution, runs: Sequence[TaskRun]) -> None:
        """Keep an execution that was made from another, and go on with it."""
        now = clock.now()
        changes = await self.in_store(self.store.copy, execution, runs, self._deciding(now), now)
        self._announce(Finished(changes))
        self._wake.set()

    # -- the loop

    async def _run(self) -> None:
        caring = asyncio.create_task(self._look_after())
        try:
            while True:
                self._wake.clear()
                finished = await self._turn_or_wait()
                self._announce(finished)
                for claim in finished.claims:
                    self._take(claim)
                if not self._inbox:
                    await self._sleep(finished.next_due)
        finally:
            caring.cancel()

    async def _turn_or_wait(self) -> Finished:
        """Take a turn; what could not be written now is kept, and written when the store lets us."""
        failing_since: float | None = None
        while True:
            reports, self._inbox = self._inbox, []
            ours = [*self._working, *(report.event.run_id for report in reports)]
            try:
                return await self.in_store(self._turn, reports, ours if failing_since else None)
            except StoreUnavailable as error:
                failing_since = failing_since or time.monotonic()
                patience = LOST_PATIENCE_SECONDS if isinstance(error, StoreLost) else STORE_PATIENCE_SECONDS
                if time.monotonic() - failing_since > patience:
                    raise
                logger.warning("%s Trying again.", error)
                self._inbox = reports + self._inbox
                await asyncio.sleep(STORE_PAUSE_SECONDS)

    def _turn(self, reports: Sequence[Report], known: Sequence[str] | None = None) -> Finished:
        """Write what has happened and claim what is due.

        `known`: the runs that we know to be ours, where the turn before failed: it may have been committed,
        and what it claimed for us would wait for ever.
        """
        now = clock.now()
        if known is not None:
            self.store.give_back(self.owner.name, known, now)
        if not self.claiming:
            return self.store.finish(reports, self._deciding(now), now) if reports else Finished(())
        # what other machines work on costs us no slot
        free = max(0, self.concurrency - len(self._dispatched) + self.work.dispatcher.elsewhere)
        request = ClaimRequest(self.owner.name, free, LEASE, self.root_id)
        if reports:
            return self.store.finish(reports, self._deciding(now), now, request)
        return self.store.claim(request, now)

    async def _sleep(self, next_due: datetime | None) -> None:
        """Sleep until something happens, or the next moment that something waits for."""
        # another process may leave something behind without a word
        seconds = SWEEP_EVERY.total_seconds()
        if next_due is not None:
            seconds = min(seconds, max(0.0, (next_due - clock.now()).total_seconds()))
        with contextlib.suppress(TimeoutError):
            # not wait_for: before Python 3.12 it swallows a cancellation that comes together with the event
            async with asyncio.timeout(seconds):
                await self._wake.wait()

    async def _look_after(self) -> None:
        """Prolong our leases, take back lost ones, take up requests; stop what another process has ended."""
        swept = -SWEEP_EVERY.total_seconds()
        while True:
            try:
                if self._called.is_set() or time.monotonic() - swept >= SWEEP_EVERY.total_seconds():
                    self._called.clear()
                    swept = time.monotonic()
                    if await self.in_store(self._sweep):
                        self._wake.set()
                    if self.claiming and self.root_id is None:
                        await requests.take_up(self)
                for run in await self.in_store(self.store.runs, list(self._working)):
                    if run.ended and run.id in self._working:
                        self._working[run.id].cancel()
            except StoreUnavailable as error:
                logger.warning("Leases could not be looked after: %s Trying again.", error)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(LOOK_EVERY_SECONDS):
                    await self._called.wait()

    def _sweep(self) -> int:
        now = clock.now()
        self.store.extend(self.owner.name, now, LEASE)
        known = self.owner.known(self.store.owners())
        return self.store.sweep(now, known.gone, known.alive)

    def _deciding(self, now: datetime) -> Decide:
        """Give the kernel over our flows at one moment, so that what falls due then is claimed with it."""
        return lambda touched, event: decide(self.library.of(touched.execution), touched, event, now)

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
            self.directories.remove(run.id)
        if (run.is_root and run.ended) or run.state == states.PAUSED:
            self._news.set()
            self._news = asyncio.Event()

    # -- what has become due

    def _take(self, claim: Claim) -> None:
        if claim.run.work != "leased":
            self._tell_later(Report(Due(claim.run.id)))
            return
        task = asyncio.create_task(self._carry_out(claim))
        self._working[claim.run.id] = task
        if claim.run.request is None:
            self._dispatched.add(claim.run.id)
        # one that is cancelled before it began never reaches its own end
        task.add_done_callback(lambda _: self._forget(claim.run.id))

    def _forget(self, run_id: str) -> None:
        self._working.pop(run_id, None)
        self._dispatched.discard(run_id)

    async def _carry_out(self, claim: Claim) -> None:
        """Report what comes of a piece of work, a bug of our own too: nothing may wait for ever."""
        try:
            report = await self._report_of(claim)
        except Exception as error:
            logger.exception("task run %s could not be carried out", claim.run.id)
            report = envelopes.bug(claim.run, error)
        # the slot is free before the loop hears of it
        self._forget(claim.run.id)
        self._tell_later(report)

    async def _report_of(self, claim: Claim) -> Report:
        """Report what comes of a piece of work; where the store cannot be read, begin again when it can."""
        while True:
            try:
                return await self.work.carry_out(claim)
            except StoreUnavailable as error:
                logger.warning("%s Trying again.", error)
                await asyncio.sleep(STORE_PAUSE_SECONDS)

    def _tell_later(self, report: Report) -> None:
        self._inbox.append(report)
        self._wake.set()
