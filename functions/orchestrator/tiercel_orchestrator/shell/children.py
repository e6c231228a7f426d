"""The executions that a task run starts, and what it makes of them and of its iterations."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from tiercel import expressions
from tiercel.flows.models import Flow
from tiercel.flows.plans import Iterations, Merge, Subflow
from tiercel.services import Services
from tiercel_orchestrator.kernel.events import Answered, ChildEnded
from tiercel_orchestrator.kernel.rows import Execution, TaskRun
from tiercel_orchestrator.kernel.states import UNSUCCESSFUL
from tiercel_orchestrator.shell import answers, gathering, merging, starting
from tiercel_orchestrator.shell.flows import FlowLibrary
from tiercel_orchestrator.shell.in_store import InStore
from tiercel_orchestrator.shell.variables import Surroundings, seen_by
from tiercel_orchestrator.store.port import Claim, Store


@dataclass(frozen=True, slots=True)
class Children:
    """Starts executions: `create` begins with one, `restart` goes on with one that has failed."""

    store: Store
    flows: FlowLibrary
    services: Services
    around: Surroundings
    in_store: InStore
    create: Callable[[Execution], Awaitable[None]]
    restart: Callable[[str], Awaitable[object]]

    async def start(self, claim: Claim) -> Answered | ChildEnded:
        """Begin with the execution that a run wants; of one that has ended by itself, give its end."""
        run, parent = claim.run, claim.execution
        parent_flow, flow = await self.in_store(self._flows, claim)
        inputs = await self._inputs(claim, parent_flow)
        child_id = str((run.outputs or {})["executionId"])
        child = await asyncio.to_thread(
            starting.child_execution, parent, parent_flow, run, flow, child_id, inputs, self.services
        )
        await self.create(child)
        ended = await self.in_store(self._ended, child_id)
        if ended is not None:
            # its parent was restarted, and would have been told of its end
            if ended.state not in UNSUCCESSFUL and _waits(run):
                original = ended.original_id or ended.id
                return ChildEnded(run.id, original, ended.id, ended.state, ended.outputs)
            await self.restart(child_id)
        return Answered(run.id, run.lease)

    async def _inputs(self, claim: Claim, flow: Flow) -> dict[str, Any]:
        """Give what a child takes: a Subflow's inputs are rendered already, those of a batch are not."""
        run = claim.run
        plan = run.frame.plan if run.frame else None
        assert isinstance(plan, Subflow)
        if run.role != "batch" or not plan.inputs:
            return plan.inputs
        variables = await self.in_store(seen_by, self.store, flow, claim, plan.inputs, self.around)
        context = answers.context_of(flow, claim.execution, run, variables)
        services = self.services.expressions(context)
        rendered: dict[str, Any] = await asyncio.to_thread(
            expressions.render_deep, plan.inputs, variables, services
        )
        return rendered

    async def merge(self, claim: Claim) -> Answered:
        """Write the outputs of a ForEachItem's executions to one file."""
        flow, batches = await self.in_store(self._batches, claim)
        context = answers.context_of(flow, claim.execution, claim.run, {})
        values = await asyncio.to_thread(merging.merge, batches, context, self.services)
        return Answered(claim.run.id, claim.run.lease, values)

    async def gather(self, claim: Claim) -> Answered:
        """Bring together what the iterations of a Loop gave."""
        flow, iterations = await self.in_store(self._iterations, claim)
        plan = claim.run.frame.plan if claim.run.frame else None
        assert isinstance(plan, Iterations)
        context = answers.context_of(flow, claim.execution, claim.run, {})
        values = await asyncio.to_thread(gathering.gather, plan, iterations, context, self.services)
        return Answered(claim.run.id, claim.run.lease, values)

    def _iterations(self, claim: Claim) -> tuple[Flow, list[TaskRun]]:
        loop = claim.run
        runs = self.store.runs_of_task(claim.execution.id, loop.task_id or "")
        flow = self.flows.of(claim.execution)
        return flow, [run for run in runs if run.role == "batch" and run.parent_id == loop.id]

    def _batches(self, claim: Claim) -> tuple[Flow, list[TaskRun]]:
        plan = claim.run.frame.plan if claim.run.frame else None
        assert isinstance(plan, Merge)
        runs = self.store.runs_of_task(claim.execution.id, plan.of)
        beside = {run.id for run in runs if run.shown and run.parent_id == claim.run.parent_id}
        return self.flows.of(claim.execution), [run for run in runs if run.parent_id in beside]

    def _ended(self, execution_id: str) -> Execution | None:
        return self.store.execution(execution_id) if self.store.root_run(execution_id).ended else None

    def _flows(self, claim: Claim) -> tuple[Flow, Flow]:
        plan = claim.run.frame.plan if claim.run.frame else None
        assert isinstance(plan, Subflow)
        wanted = self.flows.get(plan.namespace, plan.flow_id, plan.revision)
        return self.flows.of(claim.execution), wanted


def _waits(run: TaskRun) -> bool:
    """Say whether a run waits for the execution that it starts."""
    plan = run.frame.plan if run.frame else None
    return isinstance(plan, Subflow) and plan.wait
