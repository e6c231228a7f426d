"""Run a block again and again: for each value, or until a condition holds."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, ClassVar, Literal

from pydantic import Field

from tiercel.plugin import BaseOutput, BaseParams, Static
from tiercel_core.flow.children import FlowableParams, Tasks
from tiercel_core.flow.control import FlowControl

ITEMS = {"items": "the values one by one, as the plan carries them"}


class EachOutput(BaseOutput):
    items: list[Any] = Field(description="The values, in their order.")


class ForEachParams(FlowableParams):
    tasks: Static[Tasks] = Field(description="Tasks to run for each value; they see it as `taskrun.value`.")
    values: str | list[Any] = Field(description="The values: a list, or a text that holds a JSON list.")
    concurrency_limit: Static[int] = Field(1, ge=0, description="How many values run at once; 0 means all.")


class ForEach(FlowControl[ForEachParams, EachOutput]):
    """Run a block of tasks once for each value of a list."""

    task_types = ("io.kestra.plugin.core.flow.ForEach",)
    catalog_differences = ITEMS


class EachSequentialParams(FlowableParams):
    tasks: Static[Tasks] = Field(description="Tasks to run for each value.")
    value: str | list[Any] = Field(description="The values: a list, or a text that holds a JSON list.")


class EachSequential(FlowControl[EachSequentialParams, EachOutput]):
    """Run a block once for each value, one value after another (deprecated: use `flow.ForEach`)."""

    task_types = ("io.kestra.plugin.core.flow.EachSequential", "io.kestra.core.tasks.flows.EachSequential")
    catalog_differences = ITEMS


class EachParallelParams(FlowableParams):
    tasks: Static[Tasks] = Field(description="Tasks to run for each value.")
    concurrent: int = Field(0, description="How many values run at once; 0 means all.")
    value: str | list[Any] = Field(description="The values: a list, or a text that holds a JSON list.")


class EachParallel(FlowControl[EachParallelParams, EachOutput]):
    """Run a block once for each value, all of them side by side (deprecated: use `flow.ForEach`)."""

    task_types = ("io.kestra.plugin.core.flow.EachParallel", "io.kestra.core.tasks.flows.EachParallel")
    catalog_differences = ITEMS


class CheckFrequency(BaseParams):
    max_iterations: int | None = Field(None, description="How often the block runs at most.")
    max_duration: timedelta | None = Field(None, description="How long the loop lasts at most.")
    interval: timedelta = Field(timedelta(minutes=1), description="How long to wait between two rounds.")


class LoopUntilParams(FlowableParams):
    tasks: Static[Tasks] = Field(description="Tasks of one round.")
    condition: Static[str] = Field(
        description="Tested after each round with the outputs of its tasks; true ends the loop."
    )
    fail_on_max_reached: bool = Field(False, description="Whether reaching a maximum is a failure.")
    check_frequency: CheckFrequency | None = Field(None, description="How often, and for how long, to try.")


class LoopUntilOutput(BaseOutput):
    iteration_count: int = Field(description="How many rounds have run.")


class LoopUntil(FlowControl[LoopUntilParams, LoopUntilOutput]):
    """Run a block of tasks again and again until a condition holds or a maximum is reached."""

    task_types = ("io.kestra.plugin.core.flow.LoopUntil", "io.kestra.plugin.core.flow.WaitFor")
    catalog_differences: ClassVar[Mapping[str, str]] = {
        "condition": "rendered after each round, by the orchestrator, and not before the first"
    }


class LoopOutputDeclaration(BaseParams):
    id: Static[str] = Field(description="Name of the output.")
    value: Static[Any] = Field(description="Its value, as a rule an expression over the iteration's tasks.")
    type: Static[str | None] = Field(None, description="Its type, as an input's.")
    description: Static[str | None] = Field(None, description="What it is.")
    display_name: Static[str | None] = Field(None, description="What it is called where people see it.")
    required: Static[bool | None] = Field(None, description="Whether an iteration without it fails.")


class LoopParams(FlowableParams):
    tasks: Static[Tasks] = Field(description="Tasks of one iteration; they see it as `item`.")
    values: str | list[Any] | dict[str, Any] = Field(
        description="The values: a list, a map, a JSON text of one, or the URI of a file, line by line."
    )
    concurrency_limit: Static[int] = Field(1, ge=0, description="How many run at once; 0 means all.")
    transmit_failed: Static[bool] = Field(True, description="Whether an iteration's failure is the loop's.")
    outputs: Static[list[LoopOutputDeclaration] | None] = Field(
        None, description="What each iteration gives; nothing else of it is seen outside."
    )
    fetch_type: Static[Literal["AUTO", "FETCH", "STORE"]] = Field(
        "AUTO",
        description="Where the outputs are kept: with the execution, in a file, or by their size.",
    )


class LoopOutput(BaseOutput):
    iteration_count: int = Field(description="How many values there are.")
    running_iterations: int | None = Field(None, description="How many still run.")
    terminated_iterations: int | None = Field(None, description="How many have ended.")
    outputs: list[Any] | None = Field(None, description="What each iteration gave, with its index and state.")


class Loop(FlowControl[LoopParams, LoopOutput]):
    """Run a block of tasks once for each value, each time with outputs of its own."""

    task_types = ("io.kestra.plugin.core.flow.Loop",)
    catalog_differences: ClassVar[Mapping[str, str]] = {
        "values": "a map is taken, too, as Kestra's own description says",
        "outputs": "rendered at the end of each iteration, by the orchestrator",
    }
