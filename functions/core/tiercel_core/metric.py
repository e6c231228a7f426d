"""Tasks of `io.kestra.plugin.core.metric`: measurements that a flow makes itself."""

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.plugin import BaseParams, BasePlugin, PluginOutput, Static, success


class MeasurementParams(BaseParams):
    name: str = Field(description="Name of the measurement.")
    description: str | None = Field(None, description="What it measures; for the reader of the flow.")
    tags: dict[str, str] | None = Field(None, description="Tags that tell its series apart.")


class CounterParams(MeasurementParams):
    type: Static[Literal["counter"]] = Field(description="A count, added up.")
    value: float = Field(description="How much to count.")


class GaugeParams(MeasurementParams):
    type: Static[Literal["gauge"]] = Field(description="A level, as it is now.")
    value: float = Field(description="The level.")


class TimerParams(MeasurementParams):
    type: Static[Literal["timer"]] = Field(description="How long something took.")
    value: timedelta = Field(description="The time, as an ISO 8601 duration such as PT5S.")


class PublishParams(BaseParams):
    metrics: (
        list[Annotated[CounterParams | GaugeParams | TimerParams, Field(discriminator="type")]] | None
    ) = Field(None, description="The measurements, each with its type: counter, gauge or timer.")


class Publish(BasePlugin[PublishParams]):
    """Record measurements of the flow's own as metrics of the task run."""

    task_types = ("io.kestra.plugin.core.metric.Publish",)

    async def run(self, params: PublishParams, context: ExecutionContext) -> PluginOutput:
        for metric in params.metrics or ():
            value = metric.value
            number = value.total_seconds() * 1000 if isinstance(value, timedelta) else value
            context.metric(metric.name, number, metric.type, **(metric.tags or {}))
        return success()
