"""Run other flows: Subflow."""

from typing import Any, Literal

from pydantic import Field

from tiercel.plugin import BaseOutput, BaseParams, JsonObject, Static
from tiercel_core.flow.control import FlowControl


class SubflowParams(BaseParams):
    namespace: str = Field(description="Namespace of the flow to run.")
    flow_id: str = Field(description="Id of the flow to run.")
    revision: int | None = Field(None, ge=1, description="Its revision; the latest one if left out.")
    inputs: dict[str, Any] | None = Field(None, description="Inputs to give it.")
    labels: list[JsonObject] | JsonObject | None = Field(None, description="Labels for the new execution.")
    wait: Static[bool] = Field(True, description="Whether to wait for its end.")
    transmit_failed: Static[bool] = Field(True, description="Whether its failure is this task's failure.")
    inherit_labels: bool = Field(False, description="Whether it takes over this execution's labels.")
    outputs: dict[str, Any] | None = Field(
        None,
        description="Deprecated: outputs to take from it. Declare `outputs` in that flow instead.",
        deprecated=True,
    )
    schedule_date: str | None = Field(None, description="When to start it, in ISO 8601; at once if left out.")
    restart_behavior: Static[Literal["NEW_EXECUTION", "RETRY_FAILED"]] = Field(
        "RETRY_FAILED", description="What a restart of this execution does to the other one."
    )


class SubflowOutput(BaseOutput):
    execution_id: str = Field(description="Id of the other execution.")
    state: str | None = Field(None, description="State in which it ended.")
    outputs: JsonObject | None = Field(None, description="Its outputs.")


class Subflow(FlowControl[SubflowParams, SubflowOutput]):
    """Start an execution of another flow, and by default wait for its end and its outputs."""

    task_types = (
        "io.kestra.plugin.core.flow.Subflow",
        "io.kestra.core.tasks.flows.Subflow",
        "io.kestra.core.tasks.flows.Flow",
    )
