"""Tasks of `io.kestra.plugin.core.templating`: a task whose definition is itself a template."""

from typing import Any

import yaml
from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.errors import InvalidParameters
from tiercel.flows.control import control_of
from tiercel.flows.flow_schema import TASK
from tiercel.flows.plans import Delegate
from tiercel.plugin import BaseParams, BasePlugin, PluginOutput, success


class TemplatedTaskParams(BaseParams):
    spec: str = Field(description="The YAML of the task to run: its `id`, its `type` and its properties.")


class TemplatedTask(BasePlugin[TemplatedTaskParams]):
    """Render the definition of a task, then run that task in place of this one."""

    task_types = (
        "io.kestra.plugin.core.templating.TemplatedTask",
        "io.kestra.core.tasks.templating.TemplatedTask",
    )

    async def run(self, params: TemplatedTaskParams, context: ExecutionContext) -> PluginOutput:
        definition = read_task(params.spec)
        type_id = str(definition["type"])
        if type_id in self.task_types or control_of(type_id):
            raise InvalidParameters(
                f"`spec` is a {type_id}, which runs other tasks: write one that does its own work."
            )
        own = {name: value for name, value in definition.items() if name not in TASK}
        return success(plan=Delegate(type_id, own))


def read_task(spec: str) -> dict[str, Any]:
    """Read the rendered definition of a task."""
    try:
        definition = yaml.safe_load(spec)
    except yaml.YAMLError as error:
        place = getattr(error, "problem_mark", None)
        where = f" (line {place.line + 1})" if place else ""
        raise InvalidParameters(
            f"`spec` is no YAML once it is rendered{where}: correct it, and indent what an expression gives."
        ) from error
    if not isinstance(definition, dict) or not isinstance(definition.get("type"), str):
        raise InvalidParameters("`spec` is no task once it is rendered: write at least its `id` and `type`.")
    return definition
