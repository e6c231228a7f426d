"""Run a flow for each batch of items in a file: ForEachItem, and the three tasks that it becomes."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.plugin import BaseOutput, BaseParams, BasePlugin, JsonObject, PluginOutput, Static, success
from tiercel_core.flow.children import FlowableParams
from tiercel_core.flow.control import FlowControl
from tiercel_core.storage.splitting import SplitParams, split


class Batch(BaseParams):
    bytes: str | None = Field(
        None, description="Size at which a batch is full, such as 10MB; rows are whole."
    )
    partitions: int | None = Field(None, ge=1, description="How many batches; rows go to them in turn.")
    rows: int | None = Field(1, ge=1, description="How many rows a batch holds.")
    separator: str = Field("\n", min_length=1, description="What ends a row.")
    regex_pattern: str | None = Field(None, description="Rows with the same first group go together.")


class ForEachItemParams(FlowableParams):
    items: str = Field(description="URI of the file with the items.")
    batch: Batch = Field(Batch(), description="How the items are put together.")
    namespace: str = Field(description="Namespace of the flow to run.")
    flow_id: str = Field(description="Id of the flow to run.")
    revision: Static[int | None] = Field(None, ge=1, description="Its revision; the latest if left out.")
    inputs: Static[dict[str, Any] | None] = Field(
        None, description="Inputs to give it; `taskrun.items` is the URI of the batch."
    )
    labels: list[JsonObject] | JsonObject | None = Field(None, description="Labels for the new executions.")
    wait: Static[bool] = Field(True, description="Whether to wait for their end.")
    transmit_failed: Static[bool] = Field(True, description="Whether a failure of theirs is this task's.")
    inherit_labels: Static[bool] = Field(False, description="Whether they take over this execution's labels.")
    schedule_date: str | None = Field(None, description="When to start them, in ISO 8601.")
    restart_behavior: Static[Literal["NEW_EXECUTION", "RETRY_FAILED"]] = Field(
        "RETRY_FAILED", description="What a restart of this execution does to the failed ones."
    )


class ForEachItem(FlowControl[ForEachItemParams, BaseOutput]):
    """Split a file of items into batches, and run a flow for each of them."""

    task_types = ("io.kestra.plugin.core.flow.ForEachItem", "io.kestra.core.tasks.flows.ForEachItem")
    catalog_differences: ClassVar[Mapping[str, str]] = {
        "inputs": "rendered for each batch, by the orchestrator"
    }


class ForEachItemSplitParams(BaseParams):
    items: str = Field(description="URI of the file with the items.")
    batch: Batch = Field(Batch(), description="How the items are put together.")


class ForEachItemSplitOutput(BaseOutput):
    splits: str = Field(description="URI of a file that names the batches, one URI a line.")


class ForEachItemSplit(BasePlugin[ForEachItemSplitParams, ForEachItemSplitOutput]):
    """Split the items of a ForEachItem into batches."""

    task_types = ("io.kestra.plugin.core.flow.ForEachItem$ForEachItemSplit",)

    def run(self, params: ForEachItemSplitParams, context: ExecutionContext) -> PluginOutput:
        batch = params.batch
        how = SplitParams.model_validate({"from": params.items, **batch.model_dump(by_alias=True)})
        uris = split(how, context)
        context.log.info(f"{len(uris)} batches")
        names = "".join(f"{uri}\n" for uri in uris).encode()
        return success(ForEachItemSplitOutput(splits=context.upload(names, "splits.txt")))


class ForEachItemExecutableParams(BaseParams):
    splits: str = Field("", description="URIs of the batches, one a line.")
    namespace: str = Field("", description="Namespace of the flow to run.")
    flow_id: str = Field("", description="Id of the flow to run.")


class ForEachItemExecutableOutput(BaseOutput):
    number_of_batches: int = Field(description="How many batches there are.")
    iterations: JsonObject = Field(description="How many of their executions are in which state.")


class ForEachItemExecutable(FlowControl[ForEachItemExecutableParams, ForEachItemExecutableOutput]):
    """Start the flow of a ForEachItem for each batch, and wait for all of them."""

    task_types = ("io.kestra.plugin.core.flow.ForEachItem$ForEachItemExecutable",)


class ForEachItemMergeOutputsOutput(BaseOutput):
    subflow_outputs: str | None = Field(
        None, description="URI of their outputs in Ion, one execution a line."
    )


class ForEachItemMergeOutputs(FlowControl[BaseParams, ForEachItemMergeOutputsOutput]):
    """Bring together what the executions of a ForEachItem gave."""

    task_types = ("io.kestra.plugin.core.flow.ForEachItem$ForEachItemMergeOutputs",)
