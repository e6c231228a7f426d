"""Choose one of several blocks: If and Switch."""

from pydantic import Field

from tiercel.plugin import BaseOutput, Static
from tiercel_core.flow.children import FlowableParams, Tasks
from tiercel_core.flow.control import FlowControl

BRANCH = {"branch": "the plain name of the block that runs, which the plan carries too"}


class IfParams(FlowableParams):
    condition: str | None = Field(
        None, description="What decides; empty, `false`, `0` and null mean no, everything else means yes."
    )
    then: Static[Tasks] = Field(description="Tasks to run if the condition holds.")
    else_: Static[Tasks | None] = Field(None, alias="else", description="Tasks to run if it does not.")


class IfOutput(BaseOutput):
    evaluation_result: bool = Field(description="Whether the condition held.")
    branch: str | None = Field(
        None, description="Block that was chosen; absent where the task has no such block."
    )


class If(FlowControl[IfParams, IfOutput]):
    """Run one block of tasks if a condition holds, and another one if not."""

    task_types = ("io.kestra.plugin.core.flow.If", "io.kestra.core.tasks.flows.If")
    catalog_differences = BRANCH


class SwitchParams(FlowableParams):
    value: str = Field(description="The text that is looked up among the cases.")
    cases: Static[dict[str, Tasks] | None] = Field(
        None, description="Tasks to run, by the value that selects them."
    )
    defaults: Static[Tasks | None] = Field(None, description="Tasks to run if no case has the value.")


class SwitchOutput(BaseOutput):
    value: str = Field(description="The value that was looked up.")
    defaults: bool = Field(description="Whether the default block was taken.")
    branch: str = Field(description="Block that was chosen.")


class Switch(FlowControl[SwitchParams, SwitchOutput]):
    """Run the block of tasks that a value selects; fail if neither a case nor a default takes it."""

    task_types = ("io.kestra.plugin.core.flow.Switch", "io.kestra.core.tasks.flows.Switch")
    catalog_differences = BRANCH
