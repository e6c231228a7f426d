"""Executions that calls from outside start: `trigger.Webhook`."""

import asyncio
import hmac
import json
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

from tiercel.envelope import RunContext
from tiercel.errors import InvalidFlow
from tiercel.flows.models import Flow, Trigger
from tiercel.flows.values import as_int, as_text
from tiercel_orchestrator.kernel.rows import Execution
from tiercel_orchestrator.shell import starting
from tiercel_orchestrator.triggers.conditions import Conditions, Situation

TYPES = frozenset({"io.kestra.plugin.core.trigger.Webhook", "io.kestra.core.models.triggers.types.Webhook"})
Create = Callable[[starting.StartRequest], Awaitable[Execution]]
NOT_FOUND, NOTHING_STARTED, STARTED = 404, 204, 200


@dataclass(frozen=True, slots=True)
class Call:
    """What came in. `body`: JSON as a value, else text; a header or parameter may have several values."""

    key: str
    method: str = "POST"
    body: Any = None
    headers: Mapping[str, Any] | None = None
    query: Mapping[str, Any] | None = None

    @property
    def variables(self) -> dict[str, Any]:
        """What the execution sees as `trigger`."""
        told = {"body": _body(self.body), "headers": _lists(self.headers), "parameters": _lists(self.query)}
        return {name: value for name, value in told.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Answered:
    """What whoever called is told. `execution` is None where none was started."""

    status: int
    execution: Execution | None = None
    wait: bool = False
    return_outputs: bool = False


async def answer(
    flow: Flow, call: Call, off: Collection[str], conditions: Conditions, create: Create
) -> Answered:
    """Start a flow, if the call's key is that of one of its webhooks and its conditions hold.

    `off`: the triggers that somebody has switched off, as if they were not there.
    `InvalidFlow` says what is wrong with the inputs that the trigger gives.
    """
    for trigger in flow.triggers if not flow.disabled else ():
        if trigger.type not in TYPES or trigger.properties.get("disabled") or trigger.id in off:
            continue
        situation = _situation(flow, trigger, call)
        key = await asyncio.to_thread(conditions.render, as_text(trigger.properties.get("key")), situation)
        if hmac.compare_digest(str(key).encode(), call.key.encode()):
            return await _called(flow, trigger, situation, conditions, create)
    return Answered(NOT_FOUND)


async def _called(
    flow: Flow,
    trigger: Trigger,
    situation: Situation,
    conditions: Conditions,
    create: Create,
) -> Answered:
    properties = trigger.properties
    holds = await conditions.when(properties, situation)
    if not holds or not await conditions.all_hold(properties.get("conditions") or (), situation):
        return Answered(NOTHING_STARTED)
    inputs = await asyncio.to_thread(conditions.render, properties.get("inputs") or {}, situation)
    code = await asyncio.to_thread(conditions.render, properties.get("responseCode"), situation)
    request = starting.StartRequest(
        flow.namespace,
        flow.id,
        flow.revision,
        inputs,
        await asyncio.to_thread(conditions.labels, properties, situation),
        {"id": trigger.id, "type": trigger.type, "variables": situation.context.variables["trigger"]},
        spare_inputs=True,
    )
    execution = await create(request)
    status = as_int({"responseCode": code}, "responseCode", STARTED)
    wait, return_outputs = properties.get("wait", False), properties.get("returnOutputs", False)
    return Answered(status, execution, wait is True, return_outputs is True)


def _situation(flow: Flow, trigger: Trigger, call: Call) -> Situation:
    here = {"id": flow.id, "namespace": flow.namespace, "revision": flow.revision, "tenantId": "main"}
    variables = {
        "flow": here,
        "vars": dict(flow.variables),
        "labels": dict(flow.labels),
        "trigger": call.variables,
    }
    context = RunContext(
        namespace=flow.namespace,
        flow_id=flow.id,
        revision=flow.revision,
        execution_id="webhook",
        task_id=trigger.id,
        variables=variables,
    )
    return Situation(context, {"flow": here})


def _body(body: Any) -> Any:
    """Read a body: JSON where it is JSON, text otherwise; None where there is none."""
    if isinstance(body, bytes):
        try:
            body = body.decode("utf-8")
        except UnicodeDecodeError as error:
            raise InvalidFlow("The body of a webhook's call is text, in UTF-8; this one is not.") from error
    if not isinstance(body, str):
        return body
    try:
        return json.loads(body) if body.strip() else None
    except ValueError:
        return body


def _lists(values: Mapping[str, Any] | None) -> dict[str, list[str]] | None:
    if values is None:
        return None
    return {
        name: [as_text(one) for one in value] if isinstance(value, list | tuple) else [as_text(value)]
        for name, value in values.items()
    }
