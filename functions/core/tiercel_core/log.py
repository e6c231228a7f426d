"""Tasks of `io.kestra.plugin.core.log`."""

from typing import Literal, TypeAlias

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.plugin import BaseParams, BasePlugin, PluginOutput, success

Level: TypeAlias = Literal["ERROR", "WARN", "INFO", "DEBUG", "TRACE"]


class LogParams(BaseParams):
    message: str | list[str] = Field(
        description="What to log: one text, or a list with a line for each item."
    )
    level: Level = Field("INFO", description="Level of the lines.")


class Log(BasePlugin[LogParams]):
    """Write one or more lines to the log of the execution."""

    task_types = ("io.kestra.plugin.core.log.Log", "io.kestra.core.tasks.log.Log")

    async def run(self, params: LogParams, context: ExecutionContext) -> PluginOutput:
        messages = [params.message] if isinstance(params.message, str) else params.message
        for message in messages:
            context.log.write(params.level, message)
        return success()
