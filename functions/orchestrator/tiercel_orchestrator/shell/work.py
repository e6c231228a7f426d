"""What has become due, carried out: templates rendered, tasks dispatched, subflows started."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from tiercel import expressions
from tiercel.envelope import Envelope, Result
from tiercel.errors import TiercelError
from tiercel.flows.models import Flow
from tiercel.flows.plans import Delegate, Merge, Subflow
from tiercel.plugin import LogLine
from tiercel.services import Services
from tiercel_orchestrator.dispatch.port import Dispatcher
from tiercel_orchestrator.kernel.events import Answered
from tiercel_orchestrator.kernel.rows import Execution, TaskRun
from tiercel_orchestrator.shell import answers, envelopes, merging, starting
from tiercel_orchestrator.shell.directories import WorkingDirectories
from tiercel_orchestrator.shell.flows import FlowLibrary
from tiercel_orchestrator.shell.variables import Surroundings, needs_of, variables_of
from tiercel_orchestrator.store.port import Claim, Report, Store, StoreUnavailable

T = TypeVar("T")


class InStore(Protocol):
    """Runs a call on the store's own thread."""

    def __call__(self, call: Callable[..., T], *arguments: Any) -> Awaitable[T]:
        """Run it there, and give what it gives."""


@dataclass(frozen=True, slots=True)
class Work:
    """The hands of an engine. `create` begins with an execution, `restart` goes on with a failed one.

    `log_sink` sees a task's lines at once.
    """

    store: Store
    library: FlowLibrary
    dispatcher: Dispatcher
    services: Services
    directories: WorkingDirectories
    around: Surroundings
    in_store: InStore
    create: Callable[[Execution], Awaitable[None]]
    restart: Callable[[str], Awaitable[object]]
    log_sink: Callable[[TaskRun, LogLine], None] | None = None

    async def carry_out(self, claim: Claim) -> Report:
        """Do what a claimed row waits for, and report what came of it."""
        try:
            return await self._carry_out(claim)
        except StoreUnavailable:
            raise
        except TiercelError as error:
            return envelopes.refusal(claim.run, str(error))

    async def _carry_out(self, claim: Claim) -> Report:
        if claim.run.request == "child":
            return Report(await self._start_child(claim))
        if claim.run.request == "merge":
            return Report(await self._merge(claim))
        if claim.run.request == "childOutputs":
            return Report(await self._child_outputs(claim))
        if claim.run.request:
            return Report(await self._answer(claim))
        return await self._dispatch(claim)

    # -- templates

    async def _answer(self, claim: Claim) -> Answered:
        flow, templates, variables = await self.in_store(self._asked, claim)
        return await self._rendered(flow, claim, templates, variables)

    def _asked(self, claim: Claim) -> tuple[Flow, dict[str, Any], dict[str, Any]]:
        """Read what a request needs; on the store's thread."""
        flow = self.library.of(claim.execution)
        templates = answers.templates_for(flow, claim.run)
        return flow, templates, self.variables(flow, claim, templates)

    async def _child_outputs(self, claim: Claim) -> Answered:
        """Evaluate a Subflow's own outputs among the variables of the execution that it started."""
        flow, templates, variables = await self.in_store(self._asked_of_child, claim)
        return await self._rendered(flow, claim, templates, variables)

    def _asked_of_child(self, claim: Claim) -> tuple[Flow, dict[str, Any], dict[str, Any]]:
        flow = self.library.of(claim.execution)
        templates = answers.templates_for(flow, claim.run)
        child = self.store.execution(str((claim.run.outputs or {})["executionId"]))
        assert child is not None, "a Subflow's child is asked for its outputs after it has ended"
        root = self.store.root_run(child.id)
        return flow, templates, self.variables(self.library.of(child), Claim(root, child), templates)

    async def _rendered(
        self, flow: Flow, claim: Claim, templates: Mapping[str, Any], variables: Mapping[str, Any]
    ) -> Answered:
        context = answers.context_of(flow, claim.execution, claim.run, variables)
        return await asyncio.to_thread(
            answers.answer, flow, claim.run, templates, variables, self.services, context, self.directories
        )

    def variables(self, flow: Flow, claim: Claim, templates: Any) -> dict[str, Any]:
        """Read what the templates of a run see; on the store's thread."""
        execution = claim.execution
        needs = needs_of([templates, execution.variables])
        return variables_of(self.store, flow, execution, claim.run, claim.lineage, needs, self.around)

    # -- tasks

    async def _dispatch(self, claim: Claim) -> Report:
        flow, variables, directory = await self.in_store(self._task, claim)
        task = flow.task(claim.run.task_id or "")
        context = answers.context_of(flow, claim.execution, claim.run, variables, directory)
        timeout = expressions.render(task.timeout or "", variables, self.services.expressions(context))
        envelope = envelopes.envelope_for(task, context, timeout)
        result = await self.dispatcher.run(envelope, self._sink(claim.run))
        if result.plan and result.plan["kind"] == Delegate.__name__:
            result = await self._delegate(claim, flow, envelope, result.plan)
        return envelopes.report_of(claim.run, result)

    async def _delegate(
        self, claim: Claim, flow: Flow, envelope: Envelope, plan: Mapping[str, Any]
    ) -> Result:
        """Run the task that a plugin names in its place, with the variables that its templates read."""
        variables = await self.in_store(self.variables, flow, claim, plan["params"])
        seen = envelope.context.model_copy(update={"variables": variables})
        delegated = Envelope(task_type=plan["type"], params=plan["params"], context=seen)
        return await self.dispatcher.run(delegated, self._sink(claim.run))

    def _task(self, claim: Claim) -> tuple[Flow, dict[str, Any], Path | None]:
        """Read what a task needs; on the store's thread."""
        flow = self.library.of(claim.execution)
        task = flow.task(claim.run.task_id or "")
        variables = self.variables(flow, claim, [task.params, task.timeout])
        return flow, variables, self.directories.of(claim.lineage)

    def _sink(self, run: TaskRun) -> Callable[[LogLine], None] | None:
        sink = self.log_sink
        return None if sink is None else lambda line: sink(run, line)

    # -- subflows

    async def _start_child(self, claim: Claim) -> Answered:
        run, parent = claim.run, claim.execution
        parent_flow, flow = await self.in_store(self._flows, claim)
        inputs = await self._inputs(claim, parent_flow)
        child_id = str((run.outputs or {})["executionId"])
        child = await asyncio.to_thread(
            starting.child_execution, parent, parent_flow, run, flow, child_id, inputs, self.services
        )
        await self.create(child)
        if await self.in_store(self._has_ended, child_id):
            # its parent was restarted, and would have been told of its end
            await self.restart(child_id)
        return Answered(run.id, run.lease)

    async def _inputs(self, claim: Claim, flow: Flow) -> dict[str, Any]:
        """Give what a child takes: a Subflow's inputs are rendered already, those of a batch are not."""
        run = claim.run
        plan = run.frame.plan if run.frame else None
        assert isinstance(plan, Subflow)
        if run.role != "batch" or not plan.inputs:
            return plan.inputs
        variables = await self.in_store(self.variables, flow, claim, plan.inputs)
        context = answers.context_of(flow, claim.execution, run, variables)
        services = self.services.expressions(context)
        rendered: dict[str, Any] = await asyncio.to_thread(
            expressions.render_deep, plan.inputs, variables, services
        )
        return rendered

    async def _merge(self, claim: Claim) -> Answered:
        """Write the outputs of a ForEachItem's executions to one file."""
        flow, batches = await self.in_store(self._batches, claim)
        context = answers.context_of(flow, claim.execution, claim.run, {})
        values = await asyncio.to_thread(merging.merge, batches, context, self.services)
        return Answered(claim.run.id, claim.run.lease, values)

    def _batches(self, claim: Claim) -> tuple[Flow, list[TaskRun]]:
        plan = claim.run.frame.plan if claim.run.frame else None
        assert isinstance(plan, Merge)
        runs = self.store.runs_of_task(claim.execution.id, plan.of)
        beside = {run.id for run in runs if run.shown and run.parent_id == claim.run.parent_id}
        return self.library.of(claim.execution), [run for run in runs if run.parent_id in beside]

    def _has_ended(self, execution_id: str) -> bool:
        return self.store.root_run(execution_id).ended

    def _flows(self, claim: Claim) -> tuple[Flow, Flow]:
        plan = claim.run.frame.plan if claim.run.frame else None
        assert isinstance(plan, Subflow)
        wanted = self.library.get(plan.namespace, plan.flow_id, plan.revision)
        return self.library.of(claim.execution), wanted
