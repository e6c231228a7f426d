"""Conditions on the flow of an execution; deprecated, the conditions on executions say the same."""

from pydantic import Field

from tiercel.plugin import BaseParams, Static
from tiercel_core.condition.base import Condition, Event


class FlowConditionParams(BaseParams):
    namespace: Static[str] = Field(description="Namespace of the flow.")
    flow_id: Static[str] = Field(description="Id of the flow.")


class FlowCondition(Condition[FlowConditionParams]):
    """Hold for one flow (deprecated: use `condition.ExecutionFlow`)."""

    task_types = (
        "io.kestra.plugin.core.condition.FlowCondition",
        "io.kestra.core.models.conditions.types.FlowCondition",
    )

    def evaluate(self, params: FlowConditionParams, event: Event) -> bool:
        flow = event.get("flow") or {}
        return (flow.get("namespace"), flow.get("id")) == (params.namespace, params.flow_id)


class FlowNamespaceParams(BaseParams):
    namespace: Static[str] = Field(description="The namespace to compare with.")
    prefix: Static[bool] = Field(False, description="Whether namespaces below this one count too.")


class FlowNamespaceCondition(Condition[FlowNamespaceParams]):
    """Hold for the flows of a namespace (deprecated: use `condition.ExecutionNamespace`)."""

    task_types = (
        "io.kestra.plugin.core.condition.FlowNamespaceCondition",
        "io.kestra.core.models.conditions.types.FlowNamespaceCondition",
    )

    def evaluate(self, params: FlowNamespaceParams, event: Event) -> bool:
        namespace = str((event.get("flow") or {}).get("namespace", ""))
        return namespace.startswith(params.namespace) if params.prefix else namespace == params.namespace
