"""The engine as callers see it: they start executions, wait for them, and say what is to become of them."""

import asyncio
import os
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from tiercel import clock
from tiercel.errors import InvalidFlow
from tiercel.flows.inputs import inputs_of
from tiercel.plugin import LogLine
from tiercel.services import Services
from tiercel_orchestrator.dispatch.port import Dispatcher
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.decision import Decision, Touched
from tiercel_orchestrator.kernel.events import Event, KillRequested, Operation, Resumed
from tiercel_orchestrator.kernel.ids import next_attempt_id
from tiercel_orchestrator.kernel.rows import Execution, TaskRun
from tiercel_orchestrator.shell import requests, starting
from tiercel_orchestrator.shell.answering import Answering, HandingOver
from tiercel_orchestrator.shell.children import Children
from tiercel_orchestrator.shell.directories import WorkingDirectories
from tiercel_orchestrator.shell.errands import Attendant
from tiercel_orchestrator.shell.flows import FlowLibrary
from tiercel_orchestrator.shell.operations import Operations
from tiercel_orchestrator.shell.owner import Owner
from tiercel_orchestrator.shell.pump import LOOK_EVERY_SECONDS, Pump, outage, patience_with
from tiercel_orchestrator.shell.variables import Surroundings
from tiercel_orchestrator.shell.work import Work
from tiercel_orchestrator.store.port import Change, Claim, Filter, Finished, Report, Store, StoreUnavailable
from tiercel_orchestrator.triggers.conditions import Conditions
from tiercel_orchestrator.triggers.reacting import Reactions

T = TypeVar("T")


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
        self.pump = Pump(store, library, owner, directories, concurrency, claiming, listener)
        around = Surroundings(globals_ or {}, services.environment, starting.decryption(services))
        conditions = Conditions(dispatcher, services)
        self.operations = Operations(self, library, conditions)
        restart = self.operations.restart
        children = Children(store, library, services, around, self.in_store, self.create, restart)
        self.work = Work(
            store,
            library,
            dispatcher,
            services,
            directories,
            around,
            self.in_store,
            children,
            self._tell_triggers,
            HandingOver(store, self.pump),
            log_sink,
        )
        self.reactions = Reactions(
            store, library, conditions, self.in_store, self.work.variables, self.create
        )
        self.pump.work = self.work
        self.answering = Answering(store, self.pump, self.work)
        self.pump.take_up = lambda: requests.take_up(self)
        self.attendant = Attendant(self, store.errands) if store.errands else None
        self._attending: asyncio.Task[None] | None = None

    # -- life

    async def __aenter__(self) -> "Engine":
        await self.pump.start()
        if self.attendant:
            self._attending = asyncio.create_task(self.attendant.run())
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._attending:
            self._attending.cancel()
            await asyncio.gather(self._attending, return_exceptions=True)
        await self.pump.stop()

    async def in_store(self, call: Callable[..., T], *arguments: Any) -> T:
        """Run a call of the store on its own thread."""
        return await self.pump.in_store(call, *arguments)

    async def patiently(self, call: Callable[..., T], *arguments: Any) -> T:
        """Read from the store; while it cannot be used, try on as long as the loop would."""
        failing_since: float | None = None
        while True:
            try:
                return await self.in_store(call, *arguments)
            except StoreUnavailable as error:
                running = self.pump.running
                failing_since = failing_since or time.monotonic()
                if running is None or time.monotonic() - failing_since > patience_with(error):
                    raise
                outage.warning("%s Trying again.", error)
                await asyncio.wait({running}, timeout=LOOK_EVERY_SECONDS)
                if running.done():
                    running.result()
                    raise

    async def _tell_triggers(self, claim: Claim) -> Report:
        return await self.reactions.tell(claim)

    # -- what callers want

    def only(self, root_id: str) -> None:
        """Work on one tree of executions from now on, named by the execution at its root."""
        self.pump.only(root_id)

    async def prepare(self, request: starting.StartRequest, execution_id: str | None = None) -> Execution:
        """Build an execution without starting it; `InvalidFlow` says what is wrong with the inputs."""
        starting.check_labels(request.labels)
        flow = await self.in_store(self.library.get, request.namespace, request.flow_id, request.revision)
        execution_id = execution_id or starting.fresh_id(os.urandom(16))
        return await asyncio.to_thread(starting.new_execution, flow, execution_id, request, self.services)

    async def create(self, execution: Execution) -> None:
        """Begin with an execution; one that exists goes on undisturbed."""
        now = clock.now()
        changes = await self.in_store(self.store.apply, execution, self.pump.deciding(now), now)
        self.pump.committed(Finished(changes))

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
        running = self.pump.running
        assert running is not None
        while True:
            news = self.pump.news  # before the look: what happens after it is not missed
            if not await self.patiently(holds):
                return
            coming = asyncio.create_task(news.wait())
            first = asyncio.FIRST_COMPLETED
            await asyncio.wait({coming, running}, timeout=LOOK_EVERY_SECONDS, return_when=first)
            coming.cancel()
            if running.done():
                running.result()

    async def execution(self, execution_id: str) -> Execution:
        """Give an execution as it stands."""
        execution = await self.patiently(self.store.execution, execution_id)
        if execution is None:
            request = await self.in_store(self.store.request, execution_id)
            raise InvalidFlow(requests.unstarted(request, execution_id))
        return execution

    def wake(self) -> None:
        """Look at once for what others have left in the store: requests, errands, task runs that are due."""
        self.pump.call()
        if self.attendant:
            self.attendant.called.set()

    async def sweep(self) -> None:
        """Take back leases that nobody holds any more, and begin with what was asked for by SQL, now."""
        await self.pump.sweep()

    async def idle(self) -> datetime | None:
        """Wait until nothing is left to do here now; give the moment when something is, if it is known."""
        return await self.pump.idle()

    async def serve(self) -> None:
        """Run on; if the loop fails, its error is the caller's."""
        assert self.pump.running is not None
        await asyncio.shield(self.pump.running)

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
        finished = await self.in_store(self.store.finish, [Report(event)], self.pump.deciding(now), now)
        self.pump.committed(finished)

    async def ask(self, event: Operation, then: Callable[[], T]) -> T:
        """Feed what somebody asks for; give what `then` reads right after, or raise why it is refused."""
        now = clock.now()
        refused: list[str | None] = []

        def deciding(touched: Touched, following: Event) -> Decision:
            decision = self.pump.deciding(now)(touched, following)
            if following is event:
                refused.clear()  # it is decided again where somebody else came in between
            refused.append(decision.refused)
            return decision

        def asking() -> tuple[Finished, T]:
            return self.store.finish([Report(event)], deciding, now), then()

        finished, answer = await self.in_store(asking)
        reason = next((reason for reason in refused if reason), None)
        if reason:
            raise InvalidFlow(reason)
        self.pump.committed(finished)
        return answer

    async def keep(self, execution: Execution, runs: Sequence[TaskRun]) -> None:
        """Keep an execution that was made from another, and go on with it."""
        now = clock.now()
        changes = await self.in_store(self.store.copy, execution, runs, self.pump.deciding(now), now)
        self.pump.committed(Finished(changes))
