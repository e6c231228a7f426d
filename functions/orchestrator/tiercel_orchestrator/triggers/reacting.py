"""Executions that Flow triggers start when others reach a state."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Any

from tiercel.calling import in_thread
from tiercel.clock import parse_timestamp, timestamp
from tiercel.envelope import RunContext
from tiercel.errors import TiercelError
from tiercel.flows.values import merged
from tiercel.plugin import LogLine
from tiercel_orchestrator.kernel.events import Answered
from tiercel_orchestrator.kernel.ids import derive
from tiercel_orchestrator.kernel.rows import Execution
from tiercel_orchestrator.shell import starting
from tiercel_orchestrator.shell.flows import FlowLibrary
from tiercel_orchestrator.shell.variables import nested
from tiercel_orchestrator.store.port import Claim, Report, Store, StoreUnavailable
from tiercel_orchestrator.triggers.conditions import Conditions, Situation
from tiercel_orchestrator.triggers.listening import Listener, Several
from tiercel_orchestrator.triggers.upstream import is_of_flow, passes
from tiercel_orchestrator.triggers.windows import Event, noted, window_at
from tiercel_orchestrator.views import execution_view, state_view

logger = logging.getLogger("tiercel.triggers")
InStore = Callable[..., Awaitable[Any]]
Variables = Callable[..., dict[str, Any]]


@dataclass
class Reactions:
    """Tells triggers of states. Told twice of the same, they start the same executions: the ids follow.

    `variables`: what templates see of an execution; `create`: begins with one, unless it exists.
    """

    store: Store
    flows: FlowLibrary
    conditions: Conditions
    in_store: InStore
    variables: Variables
    create: Callable[[Execution], Awaitable[None]]
    in_turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def tell(self, claim: Claim) -> Report:
        """Tell all that listen; what keeps a trigger from starting its flow stands in the execution's log."""
        logs: list[LogLine] = []
        async with self.in_turn:  # what happened first is told first
            for listener in await self.in_store(self._listeners, claim):
                try:
                    await self._tell(listener, claim)
                except StoreUnavailable:
                    raise
                except TiercelError as error:
                    logs.append(LogLine(timestamp(), "WARN", f"{listener.name} did not start it: {error}"))
                except Exception as error:  # one that cannot be worked out keeps nobody else from being told
                    logger.exception("%s could not be told", listener.name)
                    reason = f"its declaration could not be worked out ({type(error).__name__}: {error})"
                    logs.append(LogLine(timestamp(), "WARN", f"{listener.name} did not start it: {reason}."))
        return Report(Answered(claim.run.id, claim.run.lease), logs)

    def _listeners(self, claim: Claim) -> list[Listener]:
        upstream, state = claim.execution, claim.run.value
        return [
            listener
            for listener in self.flows.listeners()
            if listener.hears(upstream.namespace, upstream.flow_id)
            and state in listener.states
            and listener.trigger.id not in self.store.switched_off(listener.flow.namespace, listener.flow.id)
        ]

    async def _tell(self, listener: Listener, claim: Claim) -> None:
        situation = await self.in_store(self._situation, listener, claim)
        if not await self.conditions.all_hold(listener.conditions, situation):
            return
        properties = listener.trigger.properties
        if not await self.conditions.when(properties, situation):
            return
        for several in listener.several:
            together = await self._come_together(listener, several, situation, claim)
            if not together:
                return
            if outputs := await self.in_store(self._merged_outputs, together):
                told = situation.context.variables["trigger"]
                told["outputs"] = merged(told.get("outputs") or {}, outputs)
        inputs = await in_thread(lambda: self.conditions.render(properties.get("inputs") or {}, situation))
        labels = await in_thread(lambda: self.conditions.labels(properties, situation))
        execution = await asyncio.to_thread(self._execution, listener, claim, situation, inputs, labels)
        await self.create(execution)

    def _situation(self, listener: Listener, claim: Claim) -> Situation:
        """Read what the trigger's conditions and inputs may see; on the store's thread."""
        upstream, properties = claim.execution, dict(listener.trigger.properties)
        flow = self.flows.of(upstream)
        root = self.store.root_run(upstream.id)
        variables = self.variables(flow, Claim(root, upstream), properties)
        state, history = str(claim.run.value), upstream.history[: (claim.run.iteration or 0) + 1]
        view = execution_view(upstream, self.store.task_runs(upstream.id))
        event = {
            "execution": {**view, "state": state_view(state, history)},
            "flow": {"id": flow.id, "namespace": flow.namespace, "revision": flow.revision},
        }
        variables |= {
            "trigger": told_of(upstream, state),
            "execution": {**variables["execution"], "state": state},
        }
        context = RunContext(
            namespace=listener.flow.namespace,
            flow_id=listener.flow.id,
            revision=listener.flow.revision,
            execution_id=upstream.id,
            task_id=listener.trigger.id,
            task_run_id=claim.run.id,
            variables=variables,
        )
        return Situation(context, event)

    async def _come_together(
        self, listener: Listener, several: Several, situation: Situation, claim: Claim
    ) -> list[str]:
        """Note what this event fulfils; give the executions that came together, if it fires."""
        moment = parse_timestamp(claim.execution.history[claim.run.iteration or 0][1])
        window = window_at(several.window, moment)
        held = await self._held(several, situation)
        if window is None or not held:
            return []
        event = Event(claim.run.id, moment, claim.execution.id)

        def note(memory: Mapping[str, Any] | None) -> tuple[dict[str, Any], list[str]]:
            return noted(memory, event, window, held, several.names, reset=several.reset, least=several.least)

        flow, name = listener.flow, f"{listener.trigger.id}/{several.id}"
        together: list[str] = await self.in_store(
            self.store.change_trigger, flow.namespace, flow.id, name, note
        )
        return together

    def _merged_outputs(self, execution_ids: Sequence[str]) -> dict[str, Any]:
        """Give the outputs of several executions as one map; of those with the same name the last one's."""
        found = [self.store.execution(execution_id) for execution_id in execution_ids]
        return reduce(merged, [one.outputs for one in found if one and one.outputs], {})

    async def _held(self, several: Several, situation: Situation) -> frozenset[str]:
        execution = situation.event["execution"]
        held = {name for name, wanted in several.flows.items() if is_of_flow(wanted, execution)}

        def filtered() -> set[str]:
            return {
                name
                for name, wanted in several.where.items()
                if passes(wanted, execution, lambda text: str(self.conditions.render(text, situation)))
            }

        held |= await in_thread(filtered) if several.where else set()
        for name, condition in several.conditions.items():
            if await self.conditions.holds(condition, situation):
                held.add(name)
        return frozenset(held)

    def _execution(
        self,
        listener: Listener,
        claim: Claim,
        situation: Situation,
        inputs: Mapping[str, Any],
        labels: Mapping[str, str],
    ) -> Execution:
        flow, trigger, upstream = listener.flow, listener.trigger, claim.execution
        request = starting.StartRequest(
            flow.namespace,
            flow.id,
            flow.revision,
            inputs,
            {**labels, **starting.chain_of(upstream)},
            {"id": trigger.id, "type": trigger.type, "variables": situation.context.variables["trigger"]},
            all_optional=True,
            spare_inputs=True,
        )
        execution_id = derive(claim.run.id, flow.namespace, flow.id, trigger.id)
        return starting.new_execution(
            flow, execution_id, request, self.conditions.services, root_id=upstream.root_id
        )


def told_of(execution: Execution, state: str) -> dict[str, Any]:
    """Give what a Flow trigger's execution sees of the one that it listened to."""
    told = {
        "executionId": execution.id,
        "executionLabels": nested(execution.labels),
        "state": state,
        "namespace": execution.namespace,
        "flowId": execution.flow_id,
        "flowRevision": execution.revision,
        "outputs": execution.outputs,
    }
    return {name: value for name, value in told.items() if value is not None}
