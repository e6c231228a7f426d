"""Types of `io.kestra.plugin.core.trigger`: what starts executions, and the task that switches it off."""

from datetime import timedelta
from typing import Any, ClassVar, Generic, Literal, TypeAlias

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.operations import TriggerName
from tiercel.plugin import (
    BaseOutput,
    BaseParams,
    BasePlugin,
    JsonObject,
    O,
    P,
    PluginOutput,
    Static,
    success,
)
from tiercel_core.condition.base import StateName
from tiercel_core.condition.combinations import ConditionDefinition, TimeWindow
from tiercel_core.declarations import Declaration

Missed: TypeAlias = Literal["LAST", "NONE", "ALL"]


class Trigger(Declaration[P, O], Generic[P, O]):
    """Describe what starts executions; its outputs are what they see as `trigger`."""

    kind: ClassVar[str] = "trigger"


class ScheduleParams(BaseParams):
    cron: Static[str] = Field(description="When: five cron fields, or a nickname such as @hourly.")
    with_seconds: Static[bool] = Field(
        False, description="Whether the cron has a sixth field, seconds, in front."
    )
    timezone: Static[str | None] = Field(
        None, description="Time zone of the cron, such as Europe/Paris; the server's own if left out."
    )
    interval: Static[timedelta | None] = Field(None, description="Without meaning for a cron.")
    schedule_conditions: list[ConditionDefinition] | None = Field(
        None, description="Deprecated: use `conditions`.", deprecated=True
    )
    inputs: dict[str, Any] | None = Field(None, description="Inputs of the executions that it starts.")
    late_maximum_delay: Static[timedelta | None] = Field(
        None, description="A start that is later than this is left out."
    )
    backfill: Static[JsonObject | None] = Field(
        None, description="Deprecated: backfills are asked for at the API.", deprecated=True
    )
    recover_missed_schedules: Static[Missed | None] = Field(
        None, description="Which of the starts missed during a standstill are made up for."
    )


class ScheduleOutput(BaseOutput):
    date: str = Field(description="The moment of this start, in ISO 8601.")
    next: str | None = Field(None, description="The moment of the next one.")
    previous: str | None = Field(None, description="The moment of the one before.")


class Schedule(Trigger[ScheduleParams, ScheduleOutput]):
    """Start an execution at the moments that a cron expression names."""

    task_types = ("io.kestra.plugin.core.trigger.Schedule", "io.kestra.core.models.triggers.types.Schedule")


class ScheduleOnDatesParams(BaseParams):
    interval: Static[timedelta | None] = Field(None, description="Without meaning for a list of dates.")
    inputs: dict[str, Any] | None = Field(None, description="Inputs of the executions that it starts.")
    timezone: str | None = Field(
        None, description="Time zone of dates without one; the server's if left out."
    )
    dates: list[str] = Field(description="The moments, in ISO 8601.")
    recover_missed_schedules: Static[Missed | None] = Field(
        None, description="Which of the starts missed during a standstill are made up for."
    )


class ScheduleOnDates(Trigger[ScheduleOnDatesParams]):
    """Start an execution at each of a list of moments."""

    task_types = ("io.kestra.plugin.core.trigger.ScheduleOnDates",)


class WebhookParams(BaseParams):
    key: str = Field(description="The secret last part of the address that is called.")
    inputs: dict[str, Any] | None = Field(None, description="Inputs of the executions that it starts.")
    wait: Static[bool] = Field(
        False, description="Whether the answer comes only when the execution has ended."
    )
    return_outputs: Static[bool] = Field(
        False, description="Whether the answer is the outputs of the execution."
    )
    response_content_type: Static[Literal["application/json", "text/plain"] | None] = Field(
        None, description="Content type of the answer."
    )
    response_code: int | None = Field(None, description="Status of the answer.")


class WebhookOutput(BaseOutput):
    body: Any = Field(None, description="What was sent: JSON where it is JSON, text otherwise.")
    headers: dict[str, list[str]] | None = Field(None, description="Headers of the call.")
    parameters: dict[str, list[str]] | None = Field(None, description="Query parameters of the call.")


class Webhook(Trigger[WebhookParams, WebhookOutput]):
    """Start an execution when an address with a secret key is called."""

    task_types = ("io.kestra.plugin.core.trigger.Webhook", "io.kestra.core.models.triggers.types.Webhook")


class UpstreamFlow(BaseParams):
    namespace: Static[str] = Field(description="Namespace of the flow.")
    flow_id: Static[str | None] = Field(None, description="Its id; any flow of the namespace if left out.")
    states: Static[list[StateName] | None] = Field(
        None, description="States that count; ended ones if left out."
    )
    labels: Static[JsonObject | None] = Field(None, description="Labels that its execution has to carry.")


class ExecutionFilter(BaseParams):
    id: Static[str] = Field(description="Name of the filter.")
    operand: Static[Literal["AND", "OR"]] = Field(
        "AND", description="Whether all of its tests count, or any."
    )
    filters: Static[list[JsonObject]] = Field(description="The tests: field, type, and value or values.")


class Preconditions(BaseParams):
    id: Static[str] = Field(
        pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]*", description="Name that tells it from others."
    )
    time_window: TimeWindow | None = Field(None, description="In which time all have to happen.")
    reset_on_success: Static[bool] = Field(True, description="Whether to begin anew once all have happened.")
    flows: list[UpstreamFlow] | None = Field(None, description="The flows that have to have run.")
    where: list[ExecutionFilter] | None = Field(None, description="Tests of the executions that count.")


class FlowParams(BaseParams):
    inputs: Static[JsonObject | None] = Field(
        None, description="Inputs of the executions that it starts; rendered when the other flow has ended."
    )
    states: Static[list[StateName] | None] = Field(
        None, description="States of the other execution that count; ended ones if left out."
    )
    preconditions: Preconditions | None = Field(None, description="Flows that have to have run before.")


class FlowOutput(BaseOutput):
    execution_id: str = Field(description="Id of the execution that was listened to.")
    execution_labels: dict[str, Any] | None = Field(None, description="Its labels.")
    state: StateName = Field(description="Its state.")
    namespace: str = Field(description="Namespace of its flow.")
    flow_id: str = Field(description="Id of its flow.")
    flow_revision: int | None = Field(None, description="Revision of its flow.")
    outputs: JsonObject | None = Field(None, description="Its outputs.")


class Flow(Trigger[FlowParams, FlowOutput]):
    """Start an execution when one of another flow changes its state."""

    task_types = ("io.kestra.plugin.core.trigger.Flow", "io.kestra.core.models.triggers.types.Flow")


class McpToolTriggerParams(BaseParams):
    tool_name: Static[str] = Field(
        pattern=r"^[a-zA-Z0-9]([a-zA-Z0-9_.-]*[a-zA-Z0-9])?$", description="Name of the tool."
    )
    title: Static[str] = Field(description="What people read as its name.")
    tool_description: Static[str] = Field(description="What the tool is for; a model decides by it.")
    annotations: Static[JsonObject | None] = Field(
        None, description="Hints for clients, such as readOnlyHint."
    )
    mcp_server: Static[str] = Field("default", description="Which server offers the tool.")


class McpToolTrigger(Trigger[McpToolTriggerParams]):
    """Offer the flow as a tool of an MCP server, and start an execution when it is called."""

    task_types = ("io.kestra.plugin.core.trigger.McpToolTrigger",)


class ToggleParams(BaseParams):
    namespace: str | None = Field(None, description="Namespace of the flow; this one if left out.")
    flow_id: str | None = Field(None, description="The flow that has the trigger; this one if left out.")
    trigger: str = Field(description="Id of the trigger.")
    enabled: Static[bool] = Field(False, description="Whether the trigger is to start executions.")


class Toggle(BasePlugin[ToggleParams]):
    """Switch a trigger of a flow on or off; it stays so until it is switched again (deprecated)."""

    task_types = ("io.kestra.plugin.core.trigger.Toggle", "io.kestra.core.tasks.trigger.Toggle")

    def run(self, params: ToggleParams, context: ExecutionContext) -> PluginOutput:
        flow_id, namespace = params.flow_id or context.run.flow_id, params.namespace or context.run.namespace
        named = TriggerName(namespace, flow_id, params.trigger)
        context.services.operations.switch_trigger(named, params.enabled)
        context.log.info(f"{namespace}.{flow_id}: trigger {named.id} is {'on' if params.enabled else 'off'}")
        return success()
