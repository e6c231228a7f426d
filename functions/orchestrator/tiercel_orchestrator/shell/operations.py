"""What people do with executions beside starting, resuming and killing them."""

import asyncio
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from tiercel import clock
from tiercel.errors import InvalidFlow
from tiercel.flows.models import Flow
from tiercel.flows.report import suggestion
from tiercel.operations import TriggerName
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.copies import Copy
from tiercel_orchestrator.kernel.events import (
    GoOnRequested,
    LabelsRequested,
    MarkRequested,
    Operation,
    PauseRequested,
    ReleaseRequested,
    RestartRequested,
    StateRequested,
)
from tiercel_orchestrator.kernel.ids import root_run_id
from tiercel_orchestrator.kernel.rows import Execution, TaskRun
from tiercel_orchestrator.shell import removal, starting
from tiercel_orchestrator.shell.flows import FlowLibrary
from tiercel_orchestrator.triggers import webhooks
from tiercel_orchestrator.triggers.conditions import Conditions

if TYPE_CHECKING:
    from tiercel_orchestrator.shell.engine import Engine

RESERVED = "system."


@dataclass(frozen=True, slots=True)
class Standing:
    """An execution with its task runs, at the moment when what was asked for was committed."""

    execution: Execution
    runs: Sequence[TaskRun]


class Operations:
    """Verbs on one engine's executions; `InvalidFlow` says why one cannot be done."""

    def __init__(self, engine: "Engine", flows: FlowLibrary, conditions: Conditions) -> None:
        self.engine = engine
        self.flows = flows
        self.conditions = conditions

    async def restart(self, execution_id: str, *, revision: int | None = None) -> Standing:
        """Run again what has failed; on another revision of the flow, in an execution of its own."""
        execution = await self.engine.execution(execution_id)
        if revision is None or revision == execution.revision:
            return await self._ask(RestartRequested(root_run_id(execution_id)), execution_id)
        copy = await self._copy(execution, revision)
        copy.restart()
        return await self._keep(copy)

    async def replay(
        self,
        execution_id: str,
        run_id: str | None = None,
        *,
        revision: int | None = None,
        inputs: Mapping[str, Any] | None = None,
    ) -> Standing:
        """Run again in an execution of its own: from a task run on, or all of it.

        `inputs`: those that it has in place of the old ones, all of them; None leaves them as they were.
        """
        execution = await self.engine.execution(execution_id)
        if run_id is None:
            return await self._from_the_beginning(execution, revision, inputs)
        copy = await self._copy(execution, revision or execution.revision)
        copy.replay(run_id)
        if inputs is not None:
            new, services = copy.execution, self.engine.services
            new.inputs = await asyncio.to_thread(
                starting.typed_anew, copy.deciding.flow, new, inputs, services
            )
        return await self._keep(copy)

    async def mark(self, execution_id: str, run_id: str, state: str) -> Standing:
        """Put a task run of an ended execution into a state, and go on from there."""
        return await self._ask(MarkRequested(root_run_id(execution_id), run_id, state), execution_id)

    async def change_status(self, execution_id: str, state: str) -> Standing:
        """Put an ended execution into another last state."""
        return await self._ask(StateRequested(root_run_id(execution_id), state), execution_id)

    async def set_labels(self, execution_id: str, labels: dict[str, str]) -> Standing:
        """Set labels of an ended execution; the others stay."""
        starting.check_labels(labels)
        return await self._ask(LabelsRequested(root_run_id(execution_id), labels), execution_id)

    async def pause(self, execution_id: str) -> Standing:
        """Let a running execution stand still: what runs ends, and nothing more starts."""
        return await self._ask(PauseRequested(root_run_id(execution_id)), execution_id)

    async def resume(self, execution_id: str, inputs: dict[str, Any] | None = None) -> Standing:
        """Go on with an execution that stands still, or with the Pause that it waits in."""
        execution = await self.engine.execution(execution_id)  # says so where there is none
        root = await self.engine.in_store(self.engine.store.root_run, execution_id)
        if root.frame is not None and root.frame.held:
            return await self._ask(GoOnRequested(root.id), execution_id)
        runs = await self.engine.in_store(self.engine.store.task_runs, execution_id)
        paused = [run for run in runs if run.state == states.PAUSED]
        if not paused:
            raise InvalidFlow(f"Nothing is paused in execution '{execution_id}', which is {execution.state}.")
        for run in paused:
            await self.engine.resume(run.id, inputs or {})
        return await self.engine.in_store(self._standing, execution_id)

    async def force_run(self, execution_id: str) -> Standing:
        """Start an execution that is queued or waits for its date, whatever it waits for."""
        return await self.unqueue(execution_id)

    async def unqueue(self, execution_id: str, state: str = states.RUNNING) -> Standing:
        """Take an execution out of the queue: RUNNING, or ended in CANCELLED or FAILED."""
        return await self._ask(ReleaseRequested(root_run_id(execution_id), state), execution_id)

    async def delete(self, execution_id: str, *, keep_logs: bool = False, keep_files: bool = False) -> None:
        """Remove an ended execution, its task runs, logs, metrics and files; what it started stays."""
        execution = await self.engine.execution(execution_id)
        storage = None if keep_files else self.engine.services.storage
        removed = await self.engine.in_store(
            removal.remove, self.engine.store, storage, [execution_id], False, keep_logs
        )
        if not removed:
            raise InvalidFlow(
                f"Execution '{execution_id}' has not ended, it is {execution.state}; end it first: "
                f"`tiercel kill {execution_id}`."
            )

    async def webhook(
        self,
        namespace: str,
        flow_id: str,
        key: str,
        *,
        method: str = "POST",
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        headers: Mapping[str, Any] | None = None,
    ) -> webhooks.Answered:
        """Take a call of a flow's webhook; 404 without such a flow or key, 204 where nothing starts.

        `body`: text or bytes as they came, or a JSON value; `query` and `headers`: texts or lists of texts.
        """
        try:
            flow = await self.engine.in_store(self.flows.get, namespace, flow_id)
        except InvalidFlow:
            return webhooks.Answered(webhooks.NOT_FOUND)
        call = webhooks.Call(key, method, body, headers, query)
        off = await self.engine.in_store(self.engine.store.switched_off, namespace, flow_id)
        return await webhooks.answer(flow, call, off, self.conditions, self.engine.start)

    async def switch_trigger(self, trigger: TriggerName, *, enabled: bool) -> None:
        """Switch a trigger of a flow on or off, in all its revisions, until somebody switches it again."""
        flow = await self.engine.in_store(self.flows.get, trigger.namespace, trigger.flow_id)
        known = [one.id for one in flow.triggers]
        if trigger.id not in known:
            meant = suggestion(trigger.id, known) if known else "it has none at all."
            raise InvalidFlow(f"Flow '{flow.namespace}.{flow.id}' has no trigger '{trigger.id}'; {meant}")
        switch = partial(self.engine.store.switch_trigger, flow.namespace, flow.id, trigger.id)
        await self.engine.in_store(partial(switch, enabled=enabled))

    async def put_template(self, template: str | Mapping[str, Any], file: str | None = None) -> Flow:
        """Keep a template, given as YAML or as what YAML says; executions that start later use it."""
        source = template if isinstance(template, str) else json.dumps(template)
        return await self.engine.in_store(self.flows.put_template, source, clock.now(), file)

    # -- plumbing

    async def _ask(self, event: Operation, execution_id: str) -> Standing:
        await self.engine.execution(execution_id)  # says so where there is none
        return await self.engine.ask(event, lambda: self._standing(execution_id))

    def _standing(self, execution_id: str) -> Standing:
        execution = self.engine.store.execution(execution_id)
        assert execution is not None, f"execution {execution_id} is not in the store"
        return Standing(execution, self.engine.store.task_runs(execution_id))

    async def _copy(self, execution: Execution, revision: int) -> Copy:
        store = self.engine.store
        flow = await self.engine.in_store(self.flows.of, execution, revision)
        runs = await self.engine.in_store(store.every_run, execution.id)
        return Copy(flow, execution, runs, starting.fresh_id(os.urandom(16)), clock.now())

    async def _keep(self, copy: Copy) -> Standing:
        if copy.refused:
            raise InvalidFlow(copy.refused)
        standing = Standing(copy.execution, [run for run in copy.runs if run.shown])
        await self.engine.keep(copy.execution, copy.runs)
        return standing

    async def _from_the_beginning(
        self, source: Execution, revision: int | None, inputs: Mapping[str, Any] | None
    ) -> Standing:
        request = starting.StartRequest(
            source.namespace,
            source.flow_id,
            revision or source.revision,
            source.inputs if inputs is None else inputs,
            {key: value for key, value in source.labels.items() if not key.startswith(RESERVED)},
            source.trigger,
            raw_inputs=inputs is None,
        )
        execution = await self.engine.prepare(request)
        execution.parent_id, execution.original_id = source.id, source.original_id or source.id
        await self.engine.create(execution)
        return Standing(execution, [])
