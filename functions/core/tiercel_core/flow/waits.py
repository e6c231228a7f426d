"""Let time pass, or wait for somebody: Sleep and Pause."""

import asyncio
from datetime import timedelta
from typing import Any, Literal

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.flows.durations import format_duration
from tiercel.plugin import BaseOutput, BaseParams, BasePlugin, JsonObject, PluginOutput, Static, success
from tiercel_core.flow.children import FlowableParams, TaskDefinition, Tasks
from tiercel_core.flow.control import FlowControl


class SleepParams(BaseParams):
    duration: timedelta = Field(description="How long to wait, as an ISO 8601 duration such as PT5S.")


class Sleep(BasePlugin[SleepParams]):
    """Let some time pass."""

    task_types = ("io.kestra.plugin.core.flow.Sleep",)

    async def run(self, params: SleepParams, context: ExecutionContext) -> PluginOutput:
        context.log.info(f"Waiting for {format_duration(params.duration)}")
        await asyncio.sleep(params.duration.total_seconds())
        return success()


class PauseParams(FlowableParams):
    delay: timedelta | None = Field(None, description="Deprecated: use `pauseDuration`.", deprecated=True)
    pause_duration: timedelta | None = Field(
        None, description="When the pause ends by itself; never if left out."
    )
    behavior: Literal["RESUME", "WARN", "CANCEL", "FAIL"] = Field(
        "RESUME", description="What happens when the pause ends by itself."
    )
    on_pause: Static[TaskDefinition | None] = Field(None, description="A task to run when the pause begins.")
    on_resume: Static[list[JsonObject] | None] = Field(
        None, description="Inputs that whoever resumes has to give; declared as a flow's inputs are."
    )
    tasks: Static[Tasks | None] = Field(
        None, description="Deprecated: tasks to run after the pause.", deprecated=True
    )


class Resumed(BaseOutput):
    by: str | None = Field(None, description="Who resumed.")
    on: str | None = Field(None, description="When, in ISO 8601.")
    to: str | None = Field(None, description="State that the execution took.")


class PauseOutput(BaseOutput):
    on_resume: dict[str, Any] | None = Field(None, description="The inputs given at the resume.")
    resumed: Resumed | None = Field(None, description="Who resumed, and when.")


class Pause(FlowControl[PauseParams, PauseOutput]):
    """Hold the execution until somebody resumes it, or until a time has passed."""

    task_types = ("io.kestra.plugin.core.flow.Pause", "io.kestra.core.tasks.flows.Pause")
