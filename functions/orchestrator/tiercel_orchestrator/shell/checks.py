"""What has to hold for an execution to start: a flow's `checks`."""

from collections.abc import Mapping
from typing import Any

from tiercel import expressions
from tiercel.envelope import RunContext
from tiercel.errors import InvalidFlow
from tiercel.flows.models import Flow, StartCheck
from tiercel.services import Services


def reason_to_fail(
    flow: Flow,
    execution_id: str,
    inputs: Mapping[str, Any],
    labels: Mapping[str, str],
    services: Services,
) -> str | None:
    """Say why an execution is to fail at once, if a check says so; `InvalidFlow` where one refuses it."""
    if not flow.checks:
        return None
    variables = {
        "flow": {"id": flow.id, "namespace": flow.namespace, "revision": flow.revision},
        "execution": {"id": execution_id},
        "inputs": dict(inputs),
        "vars": dict(flow.variables),
        "labels": dict(labels),
    }
    render = services.expressions(before_it_exists(flow, execution_id))
    failed = [check for check in flow.checks if not _holds(check, variables, render)]
    for behavior in ("BLOCK_EXECUTION", "FAIL_EXECUTION"):
        messages = [check.message for check in failed if check.behavior == behavior]
        if messages and behavior == "BLOCK_EXECUTION":
            raise InvalidFlow(f"Flow '{flow.id}' refuses to start: {' '.join(messages)}")
        if messages:
            return " ".join(messages)
    return None


def before_it_exists(flow: Flow, execution_id: str) -> RunContext:
    """Say on whose behalf something is rendered for an execution that does not exist yet."""
    return RunContext(
        namespace=flow.namespace,
        flow_id=flow.id,
        revision=flow.revision,
        execution_id=execution_id,
        task_id="inputs",
    )


def _holds(check: StartCheck, variables: Mapping[str, Any], services: expressions.Services) -> bool:
    try:
        return expressions.truthy(expressions.render(check.condition, variables, services))
    except expressions.ExpressionError as error:
        raise InvalidFlow(f"The check `{check.condition}` cannot be evaluated: {error}") from error
