"""How every flow-control task decides: it asks `tiercel.flows.control`, as the orchestrator does."""

from typing import Any, Generic

from tiercel.context import ExecutionContext
from tiercel.flows import control
from tiercel.flows.models import Task
from tiercel.plugin import BasePlugin, JsonObject, O, P, PluginOutput, success

BLOCKS = ("tasks", "then", "else", "defaults", "errors", "finally")


class FlowControl(BasePlugin[P, O], Generic[P, O]):
    """Decide what runs next, as a plan that the orchestrator carries out."""

    async def run(self, params: P, context: ExecutionContext) -> PluginOutput:
        task = task_of(params.model_dump(mode="json", by_alias=True, exclude_unset=True), context)
        execution_variables = context.variables.get("vars") or {}
        plan, outputs = control.plan(task, {}, execution_variables=execution_variables)
        return success(outputs, plan=plan)


def task_of(properties: JsonObject, context: ExecutionContext) -> Task:
    """Make a task's model of what `/execute` received: properties rendered, blocks as written."""
    blocks = {name: properties[name] for name in BLOCKS if properties.get(name)}
    blocks.update({f"cases.{case}": tasks for case, tasks in (properties.get("cases") or {}).items()})
    graph = {
        item["task"]["id"]: item["dependsOn"] or []
        for item in blocks.get("tasks", ())
        if "dependsOn" in item and "task" in item
    }
    params = {name: value for name, value in properties.items() if name not in (*BLOCKS, "cases")}
    seconds = context.run.timeout_seconds
    return Task(
        id=context.run.task_id,
        type=context.task_type,
        properties=properties,
        params={**params, "dependsOn": graph} if graph else params,
        blocks={name: tuple(map(child_of, tasks)) for name, tasks in blocks.items()},
        timeout=f"PT{seconds}S" if seconds is not None else None,
    )


def child_of(definition: dict[str, Any]) -> Task:
    """Make the model of a child, as far as a plan looks at it; a Dag wraps its children."""
    task = definition.get("task", definition)
    return Task(id=str(task.get("id", "")), type=str(task.get("type", "")), properties=task, params=task)
