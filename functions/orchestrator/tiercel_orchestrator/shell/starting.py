"""Executions to be: typed inputs, labels, trigger; and those that a Subflow starts."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tiercel import expressions
from tiercel.errors import InvalidFlow
from tiercel.flows.inputs import read_inputs
from tiercel.flows.models import Flow, Input
from tiercel.flows.plans import Subflow
from tiercel.services import Services
from tiercel.storage import uris
from tiercel_orchestrator.kernel.executions import LEAF_OUTPUTS
from tiercel_orchestrator.kernel.ids import encode
from tiercel_orchestrator.kernel.rows import Execution, TaskRun
from tiercel_orchestrator.shell import checks

CORRELATION_ID = "system.correlationId"
RESERVED_PREFIX = "system."


@dataclass(frozen=True, slots=True)
class StartRequest:
    """What somebody who starts a flow says. `revision` None is the latest.

    `raw_inputs`: take the inputs as they are, untyped and unchecked. `all_optional`: none has to be given.
    `spare_inputs`: leave out those that the flow does not declare, where whoever gives them is a flow, too.
    `schedule_date`: ISO 8601, when to begin. A label `system.correlationId` makes it a part of that chain.
    `leaf_outputs`: the outputs of leaf tasks are the execution's, where the flow declares none.
    """

    namespace: str
    flow_id: str
    revision: int | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    trigger: dict[str, Any] | None = None
    raw_inputs: bool = False
    all_optional: bool = False
    spare_inputs: bool = False
    schedule_date: str | datetime | None = None
    leaf_outputs: bool = False


def new_execution(
    flow: Flow,
    execution_id: str,
    request: StartRequest,
    services: Services,
    *,
    root_id: str | None = None,
    parent_run_id: str | None = None,
) -> Execution:
    """Build the execution that a request asks for; `InvalidFlow` lists what is wrong with its inputs."""
    if flow.disabled:
        raise InvalidFlow(f"Flow '{flow.id}' is disabled; set `disabled: false` to run it.")
    inputs = dict(request.inputs) if request.raw_inputs else _inputs(flow, execution_id, request, services)
    return Execution(
        id=execution_id,
        namespace=flow.namespace,
        flow_id=flow.id,
        revision=flow.revision,
        root_id=root_id or execution_id,
        inputs=inputs,
        labels={
            **flow.labels,
            CORRELATION_ID: root_id or execution_id,
            **request.labels,
            **({LEAF_OUTPUTS: "true"} if request.leaf_outputs else {}),
        },
        variables=dict(flow.variables),
        trigger=request.trigger,
        parent_run_id=parent_run_id,
        original_id=execution_id,
        stillborn=checks.reason_to_fail(flow, execution_id, inputs, request.labels, services),
        starts_at=_moment(request.schedule_date),
    )


def _inputs(flow: Flow, execution_id: str, request: StartRequest, services: Services) -> dict[str, Any]:
    base = {
        "flow": {"id": flow.id, "namespace": flow.namespace, "revision": flow.revision},
        "execution": {"id": execution_id},
        "vars": dict(flow.variables),
        "labels": dict(request.labels),
    }
    declared = flow.inputs
    if request.all_optional:
        declared = tuple(replace(one, required=False) for one in declared)
    unknown = "ignore" if request.spare_inputs else "refuse"
    return typed_inputs(flow, execution_id, declared, request.inputs, base, services, unknown)


def typed_anew(
    flow: Flow, execution: Execution, given: Mapping[str, Any], services: Services
) -> dict[str, Any]:
    """Type the inputs that an execution is to have in place of those it had."""
    request = StartRequest(flow.namespace, flow.id, inputs=given, labels=execution.labels)
    return _inputs(flow, execution.id, request, services)


def _moment(written: str | datetime | None) -> datetime | None:
    """Read when an execution is to begin; a date without a zone is in UTC."""
    if written is None or written == "":
        return None
    try:
        # Java writes the zone's name behind the offset
        moment = datetime.fromisoformat(str(written).partition("[")[0])
    except ValueError as error:
        raise InvalidFlow(
            f"`scheduleDate` is {written!r}, which is no moment: write it as 2030-12-31T23:59:59Z."
        ) from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def check_labels(labels: Mapping[str, str]) -> None:
    """Refuse labels that only the engine sets, but for that of the chain."""
    for name in labels:
        if name.startswith(RESERVED_PREFIX) and name != CORRELATION_ID:
            raise InvalidFlow(
                f"System labels can only be set by the engine, offending label: {name}; "
                f"choose a name that does not begin with `{RESERVED_PREFIX}`."
            )


def chain_of(execution: Execution) -> dict[str, str]:
    """Give the label that makes what an execution starts a part of its chain."""
    return {CORRELATION_ID: execution.labels.get(CORRELATION_ID, execution.root_id)}


def typed_inputs(
    flow: Flow,
    execution_id: str,
    declared: Sequence[Input],
    given: Mapping[str, Any],
    base: Mapping[str, Any],
    services: Services,
    unknown: str = "refuse",
) -> dict[str, Any]:
    """Type what is given for inputs; files go to internal storage, `base` is what defaults may read."""
    context = checks.before_it_exists(flow, execution_id)

    def render(template: str, variables: Mapping[str, Any]) -> str:
        return expressions.render(template, {**base, **variables}, services.expressions(context))

    def store_file(input_id: str, name: str, source: Path | bytes) -> str:
        key = uris.execution_key(uris.execution_of(context), "inputs", input_id, name)
        return services.storage.put(uris.uri_of(key), source)

    return read_inputs(
        declared,
        given,
        render=render,
        store_file=store_file,
        encrypt=encryption(services),
        variables=base,
        unknown=unknown,
    )


def encryption(services: Services) -> Callable[[str], str] | None:
    """Give what a SECRET input becomes in the store, or None where no key is configured."""
    key = services.encryption_key
    if key is None:
        return None
    from tiercel.expressions.encryption import encrypt_text  # a heavy library, seldom needed

    return lambda text: encrypt_text(key, text)


def decryption(services: Services) -> Callable[[str], str] | None:
    """Give what reads a SECRET input back."""
    key = services.encryption_key
    if key is None:
        return None
    from tiercel.expressions.encryption import decrypt_text  # a heavy library, seldom needed

    return lambda text: decrypt_text(key, text)


def child_execution(
    parent: Execution,
    parent_flow: Flow,
    run: TaskRun,
    child_flow: Flow,
    child_id: str,
    inputs: Mapping[str, Any],
    services: Services,
) -> Execution:
    """Build the execution that a Subflow task, or a batch of a ForEachItem, starts."""
    assert run.frame is not None
    plan = run.frame.plan
    assert isinstance(plan, Subflow)
    inherited = {key: value for key, value in parent.labels.items() if not key.startswith(RESERVED_PREFIX)}
    request = StartRequest(
        child_flow.namespace,
        child_flow.id,
        child_flow.revision,
        inputs,
        {**(inherited if plan.inherit_labels else {}), **plan.labels, **chain_of(parent)},
        {
            "id": run.task_id,
            "type": parent_flow.task(run.task_id or "").type,
            "variables": {
                "executionId": parent.id,
                "namespace": parent.namespace,
                "flowId": parent.flow_id,
                "flowRevision": parent.revision,
            },
        },
        schedule_date=plan.schedule_date,
        spare_inputs=True,
    )
    root_id = parent.root_id
    return new_execution(child_flow, child_id, request, services, root_id=root_id, parent_run_id=run.id)


def fresh_id(random_bytes: bytes) -> str:
    """Give an execution id of 22 base62 characters from 16 random bytes."""
    return encode(int.from_bytes(random_bytes))
