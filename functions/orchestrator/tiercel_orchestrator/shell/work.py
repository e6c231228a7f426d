"""What has become due, carried out: templates rendered, tasks dispatched, subflows started."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from tiercel import expressions
from tiercel.envelope import Envelope, Result, RunContext, SharedDirectory
from tiercel.errors import TiercelError
from tiercel.flows.models import Flow, Task
from tiercel.flows.plans import Delegate
from tiercel.plugin import LogLine, State
from tiercel.services import Services
from tiercel_orchestrator.dispatch.port import Dispatcher
from tiercel_orchestrator.kernel.events import Answered
from tiercel_orchestrator.kernel.rows import Execution, TaskRun
from tiercel_orchestrator.shell import answers, caching, envelopes
from tiercel_orchestrator.shell.children import Children
from tiercel_orchestrator.shell.directories import WorkingDirectories, is_directory
from tiercel_orchestrator.shell.flows import FlowLibrary
from tiercel_orchestrator.shell.in_store import InStore
from tiercel_orchestrator.shell.variables import Surroundings, seen_by
from tiercel_orchestrator.store.port import Claim, Report, Store, StoreUnavailable

OF_THEIR_OWN = {"child", "merge", "gather", "childOutputs", "triggers"}
"""The requests that need something else than templates and what these see."""
AFTERWARDS = {"taskCache", "logToFile"}
"""The properties of a task that want something done with its result."""


@dataclass(frozen=True, slots=True)
class Ready:
    """What the store has for a claim: its flow, what its templates see; and those of a request."""

    flow: Flow
    variables: dict[str, Any]
    directory: Path | SharedDirectory | None = None
    templates: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Work:
    """The hands of an engine. `tell_triggers` tells the triggers of other flows of a state; `hand_over` notes
    that a task was left to its family's queue, and until when it may be answered.

    `log_sink` sees a task's lines at once.
    """

    store: Store
    flows: FlowLibrary
    dispatcher: Dispatcher
    services: Services
    directories: WorkingDirectories
    around: Surroundings
    in_store: InStore
    children: Children
    tell_triggers: Callable[[Claim], Awaitable[Report]]
    hand_over: Callable[[TaskRun, datetime], Awaitable[None]]
    log_sink: Callable[[TaskRun, LogLine], None] | None = None

    def read(self, claim: Claim) -> Ready | None:
        """Read what most claims need, while the store is at hand; None where something else is needed."""
        if claim.run.request is None:
            return self._task(claim)
        return None if claim.run.request in OF_THEIR_OWN else self._asked(claim)

    async def carry_out(self, claim: Claim, ready: Ready | Exception | None = None) -> Report | None:
        """Do what a claimed row waits for, and report what came of it; `ready`: what `read` gave.

        None where what comes of it is reported later: the task was left to its family's queue.
        """
        try:
            if isinstance(ready, Exception):
                raise ready
            return await self._carry_out(claim, ready)
        except StoreUnavailable:
            raise
        except TiercelError as error:
            return envelopes.refusal(claim.run, str(error))

    async def _carry_out(self, claim: Claim, ready: Ready | None) -> Report | None:
        if claim.run.request == "child":
            return Report(await self.children.start(claim))
        if claim.run.request == "merge":
            return Report(await self.children.merge(claim))
        if claim.run.request == "gather":
            return Report(await self.children.gather(claim))
        if claim.run.request == "childOutputs":
            return Report(await self._child_outputs(claim))
        if claim.run.request == "triggers":
            return await self.tell_triggers(claim)
        if claim.run.request:
            return Report(await self._answer(claim, ready))
        return await self._dispatch(claim, ready)

    # -- templates

    async def _answer(self, claim: Claim, ready: Ready | None) -> Answered:
        if ready is None:
            ready = await self.in_store(self._asked, claim)
        return await self._rendered(ready.flow, claim, ready.templates, ready.variables, ready.directory)

    def _asked(self, claim: Claim) -> Ready:
        """Read what a request needs; on the store's thread."""
        flow = self.flows.of(claim.execution)
        templates = answers.templates_for(flow, claim.run)
        directory = self._directory(claim) if claim.run.request in answers.FILES else None
        return Ready(flow, self.variables(flow, claim, templates), directory, templates)

    def _directory(self, claim: Claim) -> Path | SharedDirectory | None:
        """Find the working directory of a run, if it has one."""
        in_one = any(is_directory(one) for one in (claim.run, *claim.lineage))
        beside = self.store.task_runs(claim.execution.id) if in_one and self.directories.archived else []
        return self.directories.of(claim.execution, claim.run, claim.lineage, beside)

    async def _child_outputs(self, claim: Claim) -> Answered:
        """Evaluate a Subflow's own outputs among the variables of the execution that it started."""
        flow, templates, variables = await self.in_store(self._asked_of_child, claim)
        return await self._rendered(flow, claim, templates, variables)

    def _asked_of_child(self, claim: Claim) -> tuple[Flow, dict[str, Any], dict[str, Any]]:
        flow = self.flows.of(claim.execution)
        templates = answers.templates_for(flow, claim.run)
        child = self.store.execution(str((claim.run.outputs or {})["executionId"]))
        assert child is not None, "a Subflow's child is asked for its outputs after it has ended"
        root = self.store.root_run(child.id)
        return flow, templates, self.variables(self.flows.of(child), Claim(root, child), templates)

    async def _rendered(
        self,
        flow: Flow,
        claim: Claim,
        templates: Mapping[str, Any],
        variables: Mapping[str, Any],
        directory: Path | SharedDirectory | None = None,
    ) -> Answered:
        context = answers.context_of(flow, claim.execution, claim.run, variables, directory)
        if answers.at_once(claim.run, templates, variables):
            return answers.answer(
                flow, claim.run, templates, variables, self.services, context, self.directories
            )
        return await asyncio.to_thread(
            answers.answer, flow, claim.run, templates, variables, self.services, context, self.directories
        )

    def variables(self, flow: Flow, claim: Claim, templates: Any) -> dict[str, Any]:
        """Read what the templates of a run see; on the store's thread."""
        return seen_by(self.store, flow, claim, templates, self.around)

    # -- tasks

    async def _dispatch(self, claim: Claim, ready: Ready | None) -> Report | None:
        if ready is None:
            ready = await self.in_store(self._task, claim)
        envelope = self._envelope(claim, ready)
        place = await self._place(ready.flow.task(claim.run.task_id or ""), envelope.context)
        kept = None
        if place:
            kept = await asyncio.to_thread(caching.kept, place, envelope.context, self.services)
        if kept is not None:
            return envelopes.cached(claim.run, kept)
        result = await self._run(claim.run, envelope)
        return None if result is None else await self._conclude(claim, ready.flow, envelope, place, result)

    def _envelope(self, claim: Claim, ready: Ready) -> Envelope:
        task = ready.flow.task(claim.run.task_id or "")
        context = answers.context_of(ready.flow, claim.execution, claim.run, ready.variables, ready.directory)
        services = self.services.expressions(context)
        timeout = expressions.render(task.timeout or "", ready.variables, services)
        return envelopes.envelope_for(task, context, timeout)

    async def _run(self, run: TaskRun, envelope: Envelope) -> Result | None:
        """Run a task; None where it was left to its family's queue."""
        until = await self.dispatcher.post(envelope)
        if until is None:
            return await self.dispatcher.run(envelope, self._sink(run))
        await self.hand_over(run, until)
        return None

    async def answered(self, run: TaskRun, execution: Execution, result: Result) -> Report | None:
        """Report what came of a task that was left to its family's queue."""
        try:
            flow = await self.in_store(self.flows.of, execution)
            task = flow.task(run.task_id or "")
            if result.plan is None and not AFTERWARDS & task.properties.keys():
                return envelopes.report_of(run, result)
            claim = Claim(run, execution, await self.in_store(self.store.lineage, run))
            envelope = self._envelope(claim, await self.in_store(self._task, claim))
            place = await self._place(task, envelope.context)
            return await self._conclude(claim, flow, envelope, place, result)
        except StoreUnavailable:
            raise
        except TiercelError as error:
            return envelopes.refusal(run, str(error))

    async def _conclude(
        self, claim: Claim, flow: Flow, envelope: Envelope, place: caching.Place | None, result: Result
    ) -> Report | None:
        """Do what a task wants done with its result."""
        if result.plan and result.plan["kind"] == Delegate.__name__:
            delegated = await self._delegate(claim, flow, envelope, result.plan)
            if delegated is None:
                return None
            result = delegated
        if place and result.state is State.SUCCESS:
            await asyncio.to_thread(caching.keep, place, result.data, self.services)
        report = envelopes.report_of(claim.run, result)
        task = flow.task(claim.run.task_id or "")
        if "logToFile" not in task.properties:
            return report
        storage = self.services.storage
        return await asyncio.to_thread(envelopes.with_log_in_file, report, task, envelope.context, storage)

    async def _delegate(
        self, claim: Claim, flow: Flow, envelope: Envelope, plan: Mapping[str, Any]
    ) -> Result | None:
        """Run the task that a plugin names in its place, with the variables that its templates read."""
        variables = await self.in_store(self.variables, flow, claim, plan["params"])
        seen = envelope.context.model_copy(update={"variables": variables})
        return await self._run(
            claim.run, Envelope(task_type=plan["type"], params=plan["params"], context=seen)
        )

    async def _place(self, task: Task, context: RunContext) -> caching.Place | None:
        """Say where the outputs of a task are kept that wants it."""
        if "taskCache" not in task.properties:
            return None
        return await asyncio.to_thread(caching.place_of, task, context, self.services)

    def _task(self, claim: Claim) -> Ready:
        """Read what a task needs; on the store's thread."""
        flow = self.flows.of(claim.execution)
        task = flow.task(claim.run.task_id or "")
        variables = self.variables(flow, claim, [task.params, task.timeout])
        return Ready(flow, variables, self._directory(claim))

    def _sink(self, run: TaskRun) -> Callable[[LogLine], None] | None:
        sink = self.log_sink
        return None if sink is None else lambda line: sink(run, line)
