"""Conditions on the execution that a Flow trigger listens to."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import Field

from tiercel.expressions import truthy
from tiercel.plugin import BaseParams, JsonObject, Static
from tiercel_core.condition.base import Condition, Event, StateName


def execution_of(event: Event) -> Mapping[str, Any]:
    """Give the execution of an event; an empty one where the event has none."""
    execution: Mapping[str, Any] = event.get("execution") or {}
    return execution


def labels_of(labels: Any) -> dict[str, str]:
    """Read labels from a map or from a list of key and value."""
    if isinstance(labels, Mapping):
        return {str(key): str(value) for key, value in labels.items()}
    return {str(label["key"]): str(label["value"]) for label in labels or ()}


def state_fits(state: str, wanted: list[StateName] | None, unwanted: list[StateName] | None) -> bool:
    """Tell whether a state is among the wanted ones and not among the others."""
    return (wanted is None or state in wanted) and (unwanted is None or state not in unwanted)


class ExecutionFlowParams(BaseParams):
    namespace: str = Field(description="Namespace of the flow that it has to be an execution of.")
    flow_id: str = Field(description="Id of that flow.")


class ExecutionFlow(Condition[ExecutionFlowParams]):
    """Hold for executions of one flow."""

    task_types = (
        "io.kestra.plugin.core.condition.ExecutionFlow",
        "io.kestra.core.models.conditions.types.ExecutionFlowCondition",
        "io.kestra.plugin.core.condition.ExecutionFlowCondition",
    )

    def evaluate(self, params: ExecutionFlowParams, event: Event) -> bool:
        execution = execution_of(event)
        return (execution.get("namespace"), execution.get("flowId")) == (params.namespace, params.flow_id)


class ExecutionNamespaceParams(BaseParams):
    namespace: str = Field(description="The namespace to compare with.")
    comparison: Literal["EQUALS", "PREFIX", "SUFFIX"] | None = Field(
        None, description="How to compare; EQUALS if left out, PREFIX if `prefix` is set."
    )
    prefix: bool = Field(False, description="Whether namespaces below this one count too.")


class ExecutionNamespace(Condition[ExecutionNamespaceParams]):
    """Hold for executions of flows in a namespace."""

    task_types = (
        "io.kestra.plugin.core.condition.ExecutionNamespace",
        "io.kestra.core.models.conditions.types.ExecutionNamespaceCondition",
        "io.kestra.plugin.core.condition.ExecutionNamespaceCondition",
    )

    def evaluate(self, params: ExecutionNamespaceParams, event: Event) -> bool:
        namespace = str(execution_of(event).get("namespace", ""))
        comparison = params.comparison or ("PREFIX" if params.prefix else "EQUALS")
        if comparison == "PREFIX":
            return namespace.startswith(params.namespace)
        return (
            namespace.endswith(params.namespace) if comparison == "SUFFIX" else namespace == params.namespace
        )


class ExecutionLabelsParams(BaseParams):
    labels: Static[list[JsonObject] | JsonObject] = Field(
        description="Labels that it has to carry, all of them."
    )


class ExecutionLabels(Condition[ExecutionLabelsParams]):
    """Hold for executions that carry all of these labels."""

    task_types = (
        "io.kestra.plugin.core.condition.ExecutionLabels",
        "io.kestra.core.models.conditions.types.ExecutionLabelsCondition",
        "io.kestra.plugin.core.condition.ExecutionLabelsCondition",
    )

    def evaluate(self, params: ExecutionLabelsParams, event: Event) -> bool:
        return labels_of(params.labels).items() <= labels_of(execution_of(event).get("labels")).items()


class ExecutionOutputsParams(BaseParams):
    expression: bool = Field(description="What has to hold; it sees the outputs as `trigger.outputs`.")


class ExecutionOutputs(Condition[ExecutionOutputsParams]):
    """Hold if an expression over the outputs of the execution does."""

    task_types = (
        "io.kestra.plugin.core.condition.ExecutionOutputs",
        "io.kestra.core.models.conditions.types.ExecutionOutputsCondition",
        "io.kestra.plugin.core.condition.ExecutionOutputsCondition",
    )

    def evaluate(self, params: ExecutionOutputsParams, event: Event) -> bool:
        return params.expression


class StatesParams(BaseParams):
    in_: list[StateName] | None = Field(None, alias="in", description="The state has to be one of these.")
    not_in: list[StateName] | None = Field(None, description="The state must be none of these.")


class ExecutionStatus(Condition[StatesParams]):
    """Hold for executions in certain states."""

    task_types = (
        "io.kestra.plugin.core.condition.ExecutionStatus",
        "io.kestra.core.models.conditions.types.ExecutionStatusCondition",
        "io.kestra.plugin.core.condition.ExecutionStatusCondition",
    )

    def evaluate(self, params: StatesParams, event: Event) -> bool:
        state = (execution_of(event).get("state") or {}).get("current", "")
        return state_fits(state, params.in_, params.not_in)


class HasRetryAttempt(Condition[StatesParams]):
    """Hold for executions in which an attempt of some task ended in certain states."""

    task_types = (
        "io.kestra.plugin.core.condition.HasRetryAttempt",
        "io.kestra.core.models.conditions.types.HasRetryAttemptCondition",
        "io.kestra.plugin.core.condition.HasRetryAttemptCondition",
    )

    def evaluate(self, params: StatesParams, event: Event) -> bool:
        task_runs = execution_of(event).get("taskRunList") or ()
        attempts = [attempt for task_run in task_runs for attempt in task_run.get("attempts") or ()]
        return any(state_fits(one["state"]["current"], params.in_, params.not_in) for one in attempts)


class ExpressionParams(BaseParams):
    expression: str = Field(description="What has to hold.")


class Expression(Condition[ExpressionParams]):
    """Hold if an expression does."""

    task_types = (
        "io.kestra.plugin.core.condition.Expression",
        "io.kestra.core.models.conditions.types.VariableCondition",
        "io.kestra.plugin.core.condition.ExpressionCondition",
    )

    def evaluate(self, params: ExpressionParams, event: Event) -> bool:
        return truthy(params.expression)
