"""The parts of a flow that a plugin's type gives their shape: tasks, triggers, conditions."""

from collections.abc import Mapping
from typing import Any

from tiercel.errors import Problem
from tiercel.flows import items, rules
from tiercel.flows.catalog import Catalog, PluginSchema
from tiercel.flows.declarations import Declarations, untyped
from tiercel.flows.flow_schema import CONDITION, TASK, TRIGGER, Properties
from tiercel.flows.models import Task, Trigger
from tiercel.flows.report import Report, join
from tiercel.flows.schema_check import Check, Hook
from tiercel.flows.values import as_text
from tiercel.flows.yaml_tree import MapNode, Node, Scalar, is_null, plain

TASK_MODEL = "io.kestra.core.models.tasks.Task"
TRIGGER_MODEL = "io.kestra.core.models.triggers.AbstractTrigger"
CONDITION_MODEL = "io.kestra.core.models.conditions.Condition"


class Parts:
    """Reads the parts of one flow; `hooks` gives each mark of a schema its reader."""

    def __init__(self, catalog: Catalog, report: Report) -> None:
        self.catalog = catalog
        self.report = report
        self.task_ids: list[Scalar] = []
        """Every task's id with its place, in the order of the text."""
        self.declarations = Declarations(report)
        self.hooks: Mapping[str, Hook] = {
            "x-task": self.task,
            "x-trigger": self.trigger,
            "x-condition": self.condition,
            **self.declarations.hooks,
        }

    def task(self, node: Node, path: str) -> Task | None:
        """Read one task and all below it; None where it is too broken to go on with."""
        if not isinstance(node, MapNode):
            self.report.add("must be a task: a map with at least `id` and `type`", node, path)
            return None
        name = node.get("id")
        if isinstance(name, Scalar) and name.value is not None:
            self.task_ids.append(name)
        kind, schema = self._schema(node, path, "tasks", TASK_MODEL, "task")
        if schema is None:
            self._only_common(node, TASK, ["id"], path)
            return None
        own: Mapping[str, Any] = schema.parameters.get("properties", {})
        ruled = rules.required_by_rule(kind)
        required = [name for name in schema.parameters.get("required", ()) if name not in ruled]
        whole = {
            **schema.parameters,
            "properties": {**own, **{name: TASK[name] for name in TASK if name not in own}},
            "required": ["id", *required],
            "additionalProperties": schema.parameters.get("additionalProperties", False),
        }
        check = Check(self.report, whole, self.hooks, f"class {kind}")
        values = check.properties(node, whole, path)
        if rules.declares_inputs(kind, "onResume"):
            self.declarations.inputs(node.get("onResume"), join(path, "onResume"))
        task = _task(kind, node, values, own, check)
        rules.check_task(self.report, task, node, path)
        return task

    def _schema(
        self, node: MapNode, path: str, group: str, model: str, kind: str
    ) -> tuple[str, PluginSchema | None]:
        type_node = node.get("type")
        if is_null(type_node):
            untyped(self.report, node, path, group, "add `type:`, the full name of a plugin")
            return "", None
        if not isinstance(type_node, Scalar):
            self.report.add(
                "must be a text: the full name of a plugin", type_node or node, join(path, "type")
            )
            return "", None
        schema = self.catalog.schema_of(type_node.text)
        if schema is not None and schema.kind != kind:
            self.report.add(
                f"{type_node.text} is a {schema.kind}, not a {kind}", type_node, join(path, "type")
            )
            return "", None
        if schema is None and kind == "task":
            self._unknown_type(type_node, path, group, model)
        return type_node.text, schema

    def _unknown_type(self, node: Scalar, path: str, group: str, model: str) -> None:
        near = self.catalog.nearest(node.text)
        remedy = f"did you mean {near}?" if near else "`tiercel plugins` lists those that are"
        self.report.add(
            f"Invalid type: {node.text} is in no installed family; {remedy}", node, join(path, "type")
        )
        reason = f"Could not resolve type id '{node.text}' as a subtype of `{model}`"
        self.report.add(f"{reason}: no such class found (for POJO property '{group}')", node, path, echo=True)

    def _only_common(self, node: MapNode, common: Properties, required: list[str], path: str) -> None:
        """Check what can be checked where the type is not known."""
        schema = {"properties": common, "required": required, "additionalProperties": True}
        Check(self.report, schema, self.hooks).properties(node, schema, path)

    def trigger(self, node: Node, path: str) -> Trigger | None:
        """Read one trigger; one of an unknown type is kept, with a warning that it will not fire."""
        if not isinstance(node, MapNode):
            self.report.add("must be a trigger: a map with at least `id` and `type`", node, path)
            return None
        kind, schema = self._schema(node, path, "triggers", TRIGGER_MODEL, "trigger")
        self._plugin(node, path, kind, schema, TRIGGER, ["id"], "it will not fire")
        rules.check_trigger(self.report, kind, node, path)
        return Trigger(node.text("id") or "", kind, plain(node))

    def condition(self, node: Node, path: str) -> Any:
        """Check one condition of a trigger or listener."""
        if not isinstance(node, MapNode):
            self.report.add("must be a condition: a map with at least `type`", node, path)
            return None
        kind, schema = self._schema(node, path, "conditions", CONDITION_MODEL, "condition")
        self._plugin(node, path, kind, schema, CONDITION, [], "it will never hold")
        return plain(node)

    def _plugin(
        self,
        node: MapNode,
        path: str,
        kind: str,
        schema: PluginSchema | None,
        common: Properties,
        required: list[str],
        consequence: str,
    ) -> None:
        if schema is None:
            if kind:
                near = self.catalog.nearest(kind)
                meant = f" (did you mean {near}?)" if near else ""
                message = f"no installed family has the type {kind}{meant}: {consequence}"
                self.report.warnings.append(Problem(message, path, node.line, node.column))
            self._only_common(node, common, required, path)
            return
        own = schema.parameters
        whole = {
            **own,
            "properties": {**common, **own.get("properties", {})},
            "required": [*required, *own.get("required", ())],
            "additionalProperties": own.get("additionalProperties", False),
        }
        Check(self.report, whole, self.hooks, f"class {kind}").properties(node, whole, path)


def _task(kind: str, node: MapNode, values: dict[str, Any], own: Mapping[str, Any], check: Check) -> Task:
    holders = {name for name in own if name in values and check.holds(own[name], "x-task")}
    params = {
        name: values[name]
        for name in own
        if name in values and name not in holders and name not in ("id", "type")
    }
    blocks: dict[str, tuple[Task, ...]] = {}
    for name in (name for name in values if name in holders):
        held = values[name]
        if isinstance(held, Task):
            blocks[name] = (held,)
        elif isinstance(held, Mapping):
            blocks.update({f"{name}.{case}": _present(tasks) for case, tasks in held.items()})
        elif isinstance(held, list):
            wrapped = [entry for entry in held if isinstance(entry, Mapping)]
            blocks[name] = _present([entry.get("task") for entry in wrapped] if wrapped else held)
            if wrapped:
                params["dependsOn"] = {
                    entry["task"].id: tuple(entry.get("dependsOn") or ())
                    for entry in wrapped
                    if entry.get("task")
                }
    timeout = values.get("timeout")
    task = Task(
        id=values.get("id") or "",
        type=kind,
        properties=plain(node),
        params=params,
        blocks=blocks,
        retry=values.get("retry"),
        timeout=None if timeout is None else as_text(timeout),
        disabled=values.get("disabled", False),
        run_if=values.get("runIf", "true"),
        allow_failure=values.get("allowFailure", False),
        allow_warning=values.get("allowWarning", False),
        log_level=values.get("logLevel"),
    )
    return items.with_steps(task) if items.is_for_each_item(kind) else task


def _present(tasks: Any) -> tuple[Task, ...]:
    return tuple(task for task in tasks or () if isinstance(task, Task))
