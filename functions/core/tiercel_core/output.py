"""Tasks of `io.kestra.plugin.core.output`."""

from typing import Any

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.plugin import BaseOutput, BaseParams, BasePlugin, JsonObject, PluginOutput, success


class OutputValuesParams(BaseParams):
    values: dict[str, Any] | None = Field(None, description="The values to publish, by name; may be nested.")


class OutputValuesOutput(BaseOutput):
    values: JsonObject | None = Field(None, description="The rendered values.")


class OutputValues(BasePlugin[OutputValuesParams, OutputValuesOutput]):
    """Publish rendered values as the outputs of a task of its own."""

    task_types = ("io.kestra.plugin.core.output.OutputValues",)

    async def run(self, params: OutputValuesParams, context: ExecutionContext) -> PluginOutput:
        return success(OutputValuesOutput(values=params.values))
