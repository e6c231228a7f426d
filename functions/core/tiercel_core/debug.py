"""Tasks of `io.kestra.plugin.core.debug`: they show what an expression gives."""

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.plugin import BaseOutput, BaseParams, BasePlugin, PluginOutput, success
from tiercel_core.log import Level


class ReturnParams(BaseParams):
    format: str | None = Field(None, description="The text to give back, as a rule with expressions in it.")


class ReturnOutput(BaseOutput):
    value: str | None = Field(None, description="The rendered text.")


class Return(BasePlugin[ReturnParams, ReturnOutput]):
    """Give a rendered text back as an output, and log it."""

    task_types = ("io.kestra.plugin.core.debug.Return", "io.kestra.core.tasks.debugs.Return")

    async def run(self, params: ReturnParams, context: ExecutionContext) -> PluginOutput:
        context.log.info(params.format or "")
        context.metric("length", len(params.format or ""))
        return success(ReturnOutput(value=params.format))


class EchoParams(BaseParams):
    format: str | None = Field(None, description="The text to log, as a rule with expressions in it.")
    level: Level = Field("INFO", description="Level of the line.")


class Echo(BasePlugin[EchoParams]):
    """Log a rendered text (deprecated: `log.Log` does the same)."""

    task_types = ("io.kestra.plugin.core.debug.Echo", "io.kestra.core.tasks.debugs.Echo")

    async def run(self, params: EchoParams, context: ExecutionContext) -> PluginOutput:
        context.log.write(params.level, params.format or "")
        return success()
