"""Run tasks that are kept apart from the flow: Template."""

from typing import Any

from pydantic import Field

from tiercel.plugin import BaseOutput, Static
from tiercel_core.flow.children import FlowableParams
from tiercel_core.flow.control import FlowControl


class TemplateParams(FlowableParams):
    namespace: Static[str] = Field(description="Namespace of the template.")
    template_id: Static[str] = Field(description="Id of the template.")
    args: dict[str, str] | None = Field(
        None, description="What its tasks read as `parent.outputs.args.<name>`."
    )


class TemplateOutput(BaseOutput):
    args: dict[str, Any] | None = Field(None, description="What was given to its tasks.")


class Template(FlowControl[TemplateParams, TemplateOutput]):
    """Run the tasks of a template one after another (deprecated: use `flow.Subflow`)."""

    task_types = ("io.kestra.plugin.core.flow.Template", "io.kestra.core.tasks.flows.Template")
