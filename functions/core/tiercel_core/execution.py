"""Tasks of `io.kestra.plugin.core.execution`: they end, check or relabel the execution that they run in."""

from typing import Any, Literal

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.errors import TaskFailed
from tiercel.expressions import truthy
from tiercel.plugin import BaseParams, BasePlugin, JsonObject, PluginOutput, success
from tiercel_core.flow.control import FlowControl


class FailParams(BaseParams):
    condition: str | None = Field(None, description="Fail only if this holds; always, if left out.")
    error_message: str = Field("Task failure", description="What to say.")


class Fail(BasePlugin[FailParams]):
    """End as FAILED, always or if a condition holds."""

    task_types = ("io.kestra.plugin.core.execution.Fail", "io.kestra.core.tasks.executions.Fail")

    async def run(self, params: FailParams, context: ExecutionContext) -> PluginOutput:
        if params.condition is None or truthy(params.condition):
            raise TaskFailed(params.error_message)
        return success()


class AssertParams(BaseParams):
    conditions: list[str] = Field(description="What has to hold; each is tested.")
    error_message: str | None = Field(None, description="What to say beside the count if one does not hold.")


class Assert(BasePlugin[AssertParams]):
    """Test conditions and fail unless all of them hold; the metrics `success` and `failed` count them."""

    task_types = ("io.kestra.plugin.core.execution.Assert",)

    async def run(self, params: AssertParams, context: ExecutionContext) -> PluginOutput:
        places = [place for place, text in enumerate(params.conditions, start=1) if not truthy(text)]
        context.metric("success", len(params.conditions) - len(places))
        context.metric("failed", len(places))
        if not places:
            return success()
        if params.error_message:
            context.log.error(params.error_message)
        which = ", ".join(f"number {place} gave `{params.conditions[place - 1]}`" for place in places)
        count = f"{len(places)} assertion{'s' if len(places) > 1 else ''} failed"
        raise TaskFailed(f"{count} of {len(params.conditions)}: {which}.")


class LabelsParams(BaseParams):
    labels: str | list[JsonObject] | JsonObject = Field(
        description="Labels to add or replace: a map, a list of key and value, or a JSON text of either."
    )


class Labels(FlowControl[LabelsParams]):
    """Add labels to the execution, or replace those that it has."""

    task_types = ("io.kestra.plugin.core.execution.Labels", "io.kestra.core.tasks.executions.Labels")


class SetVariablesParams(BaseParams):
    variables: dict[str, Any] = Field(description="Variables to set, by name.")
    overwrite: bool = Field(True, description="Whether a variable that exists may be replaced.")


class SetVariables(FlowControl[SetVariablesParams]):
    """Set variables of the execution; later tasks read them as `vars.<name>`."""

    task_types = ("io.kestra.plugin.core.execution.SetVariables",)


class UnsetVariablesParams(BaseParams):
    variables: list[str] = Field(description="Names of the variables to remove.")
    ignore_missing: bool = Field(False, description="Whether a name that does not exist is no failure.")


class UnsetVariables(FlowControl[UnsetVariablesParams]):
    """Remove variables from the execution."""

    task_types = ("io.kestra.plugin.core.execution.UnsetVariables",)


class ExitParams(BaseParams):
    state: Literal["SUCCESS", "WARNING", "KILLED", "FAILED", "CANCELED", "CANCELLED"] = Field(
        "SUCCESS", description="State in which the execution ends."
    )


class Exit(FlowControl[ExitParams]):
    """End the execution now, in a state of choice; tasks that have not started do not run."""

    task_types = ("io.kestra.plugin.core.execution.Exit",)
