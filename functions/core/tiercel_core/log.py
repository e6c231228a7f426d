"""Tasks of `io.kestra.plugin.core.log`."""

from typing import Literal, TypeAlias

from pydantic import Field

from tiercel.context import LEVELS, ExecutionContext
from tiercel.errors import TaskFailed
from tiercel.expressions.ion_lines import ion_lines
from tiercel.operations import LogQuery
from tiercel.plugin import BaseOutput, BaseParams, BasePlugin, PluginOutput, success
from tiercel_core.moments import read_date, with_zone

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


class FetchParams(BaseParams):
    namespace: str | None = Field(None, description="Namespace of the execution; the flow's own if left out.")
    flow_id: str | None = Field(None, description="Flow of the execution; this one if left out.")
    execution_id: str | None = Field(None, description="The execution; this one if left out.")
    tasks_id: list[str] | None = Field(None, description="Only lines of these tasks; all if left out.")
    level: Level = Field("INFO", description="The lowest level of the lines.")


class FetchOutput(BaseOutput):
    size: int = Field(description="How many lines there are.")
    uri: str = Field(description="URI of a file with them in Ion, one a line.")


class Fetch(BasePlugin[FetchParams, FetchOutput]):
    """Write the log of an execution to a file in internal storage (deprecated)."""

    task_types = ("io.kestra.plugin.core.log.Fetch", "io.kestra.core.tasks.log.Fetch")

    def run(self, params: FetchParams, context: ExecutionContext) -> PluginOutput:
        if params.execution_id is None and (params.namespace or params.flow_id):
            raise TaskFailed(
                "`executionId` is required where `namespace` or `flowId` is set: name the execution."
            )
        wanted = LogQuery(
            namespace=params.namespace or context.run.namespace,
            flow_id=params.flow_id or (context.run.flow_id if params.execution_id is None else None),
            execution_id=params.execution_id or context.run.execution_id,
            task_ids=None if params.tasks_id is None else tuple(params.tasks_id),
            levels=LEVELS[LEVELS.index(params.level) :],
        )
        path = context.directory / "logs.ion"
        size = 0
        with path.open("wb") as file:
            for line in ion_lines(context.services.operations.logs(wanted)):
                file.write(line)
                size += 1
        return success(FetchOutput(size=size, uri=context.upload(path)))


class PurgeLogsParams(BaseParams):
    namespace: str | None = Field(
        None, description="Only of this namespace; without `flowId`, of those below it, too."
    )
    flow_id: str | None = Field(None, description="Only of this flow.")
    execution_id: str | None = Field(None, description="Only of this execution.")
    log_levels: list[Level] | None = Field(None, description="Only lines of these levels; all if left out.")
    start_date: str | None = Field(None, description="Only lines from this moment on, in ISO 8601.")
    end_date: str = Field(description="Only lines before this moment, in ISO 8601.")


class PurgeLogsOutput(BaseOutput):
    count: int = Field(description="How many lines were deleted.")


class PurgeLogs(BasePlugin[PurgeLogsParams, PurgeLogsOutput]):
    """Delete log lines of executions, by age, place and level."""

    task_types = ("io.kestra.plugin.core.log.PurgeLogs",)

    def run(self, params: PurgeLogsParams, context: ExecutionContext) -> PluginOutput:
        wanted = LogQuery(
            namespace=params.namespace,
            flow_id=params.flow_id,
            execution_id=params.execution_id,
            levels=None if params.log_levels is None else tuple(params.log_levels),
            start=with_zone(read_date(params.start_date)) if params.start_date else None,
            end=with_zone(read_date(params.end_date)),
            below=params.flow_id is None,
        )
        return success(PurgeLogsOutput(count=context.services.operations.purge_logs(wanted)))
