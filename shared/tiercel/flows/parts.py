"""The parts of a flow that have a shape of their own: tasks, inputs, triggers, conditions, labels, retries."""

from collections.abc import Mapping
from typing import Any

from tiercel.errors import Problem
from tiercel.flows import rules
from tiercel.flows.catalog import Catalog, PluginSchema
from tiercel.flows.coercion import Refused, coerce
from tiercel.flows.durations import parse_duration
from tiercel.flows.flow_schema import (
    INPUT,
    INPUT_PROPERTIES,
    INPUT_REQUIRED,
    INPUT_TYPES,
    RETRY_SCHEMA,
    TASK,
    TRIGGER,
    Properties,
    a_map,
)
from tiercel.flows.models import Input, Retry, Task, Trigger
from tiercel.flows.patterns import java_pattern
from tiercel.flows.report import Report, join, suggestion
from tiercel.flows.schema_check import Check, Hook
from tiercel.flows.values import as_text
from tiercel.flows.yaml_tree import ListNode, MapNode, Node, Scalar, is_null, plain

TASK_MODEL, TRIGGER_MODEL = "io.kestra.core.models.tasks.Task", "io.kestra.core.models.triggers.AbstractTrigger"


class Parts:
    """Reads the parts of one flow; `hooks` gives each mark of a schema its reader."""

    def __init__(self, catalog: Catalog, report: Report) -> None:
        self.catalog = catalog
        self.report = report
        self.task_ids: list[Scalar] = []
        """Every task's id with its place, in the order of the text."""
        self.hooks: Mapping[str, Hook] = {
            "x-task": self.task,
            "x-input": self.input,
            "x-trigger": self.trigger,
            "x-condition": self.condition,
            "x-labels": self.labels,
            "x-retry": self.retry,
            "x-worker-group": self.worker_group,
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
            self._only_common(node, TASK, path)
            return None
        own: Mapping[str, Any] = schema.parameters.get("properties", {})
        ruled = rules.required_by_rule(kind)
        required = [name for name in schema.parameters.get("required", ()) if name not in ruled]
        whole = {
            **schema.parameters,
            "properties": {**own, **{name: TASK[name] for name in TASK if name not in own}},
            "required": ["id", "type", *required],
            "additionalProperties": schema.parameters.get("additionalProperties", False),
        }
        check = Check(self.report, whole, self.hooks, f"class {kind}")
        values = check.properties(node, whole, path)
        if rules.declares_inputs(kind, "onResume"):
            self._inputs_inside(node.get("onResume"), join(path, "onResume"))
        task = _task(kind, node, values, own, check)
        rules.check_task(self.report, task, node, path)
        return task

    def _schema(
        self, node: MapNode, path: str, group: str, model: str, kind: str
    ) -> tuple[str, PluginSchema | None]:
        type_node = node.get("type")
        if is_null(type_node):
            self._untyped(node, path, group, "add `type:`, the full name of a plugin")
            return "", None
        if not isinstance(type_node, Scalar):
            self.report.add("must be a text: the full name of a plugin", type_node or node, join(path, "type"))
            return "", None
        schema = self.catalog.schema_of(type_node.text)
        if schema is not None and schema.kind != kind:
            self.report.add(f"{type_node.text} is a {schema.kind}, not a {kind}", type_node, join(path, "type"))
            return type_node.text, None
        if schema is None and kind == "task":
            self._unknown_type(type_node, path, group, model)
        return type_node.text, schema

    def _untyped(self, node: MapNode, path: str, group: str, remedy: str) -> None:
        # two problems for one mistake: so does Kestra, and its clients count them
        self.report.add("Invalid type: null", node, join(path, "type"))
        self.report.add(f"missing type id property 'type' (for POJO property '{group}'): {remedy}", node, path)

    def _unknown_type(self, node: Scalar, path: str, group: str, model: str) -> None:
        near = self.catalog.nearest(node.text)
        remedy = f"did you mean {near}?" if near else "is the family that holds it installed? See `tiercel plugins`"
        self.report.add(f"Invalid type: {node.text}; no installed family has this type", node, join(path, "type"))
        self.report.add(
            f"Could not resolve type id '{node.text}' as a subtype of `{model}`: no such class found "
            f"(for POJO property '{group}'): {remedy}",
            node,
            path,
        )

    def _only_common(self, node: MapNode, common: Properties, path: str) -> None:
        """Check what can be checked where the type is not known."""
        schema = {"type": "object", "required": ["id"], "properties": common, "additionalProperties": True}
        Check(self.report, schema, self.hooks).properties(node, schema, path)

    def trigger(self, node: Node, path: str) -> Trigger | None:
        """Read one trigger; one of an unknown type is kept, with a warning that it will not fire."""
        if not isinstance(node, MapNode):
            self.report.add("must be a trigger: a map with at least `id` and `type`", node, path)
            return None
        kind, schema = self._schema(node, path, "triggers", TRIGGER_MODEL, "trigger")
        self._plugin(node, path, kind, schema, TRIGGER, ["id", "type"], "it will not fire")
        return Trigger(node.text("id") or "", kind, plain(node))

    def condition(self, node: Node, path: str) -> Any:
        """Check one condition of a trigger or listener."""
        if not isinstance(node, MapNode):
            self.report.add("must be a condition: a map with at least `type`", node, path)
            return None
        kind, schema = self._schema(node, path, "conditions", "Condition", "condition")
        self._plugin(node, path, kind, schema, {"type": {"type": "string"}}, ["type"], "it will not hold")
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
            self._only_common(node, {name: common[name] for name in common if name != "id"} | _id_of(common), path)
            return
        own = schema.parameters
        whole = {
            **own,
            "properties": {**common, **own.get("properties", {})},
            "required": [*required, *own.get("required", ())],
            "additionalProperties": own.get("additionalProperties", False),
        }
        Check(self.report, whole, self.hooks, f"class {kind}").properties(node, whole, path)

    def input(self, node: Node, path: str) -> Input | None:
        """Read one input of a flow, a form or a Pause; `name` is an old word for `id`."""
        if not isinstance(node, MapNode):
            self.report.add("must be an input: a map with at least `id` and `type`", node, path)
            return None
        kind_node = node.get("type")
        if is_null(kind_node):
            self._untyped(node, path, "inputs", f"add `type:` with one of {', '.join(INPUT_TYPES)}")
            return None
        kind = kind_node.text if isinstance(kind_node, Scalar) else ""
        if kind not in INPUT_TYPES:
            shown = kind or "a list or a map"
            self.report.add(f"Invalid type: {shown}; {suggestion(kind, INPUT_TYPES)}", kind_node or node, join(path, "type"))
            return None
        named = "name" if is_null(node.get("id")) and not is_null(node.get("name")) else "id"
        properties = {**INPUT, **INPUT_PROPERTIES.get(kind, {}), "name": INPUT["id"]}
        schema = a_map([named, "type", *INPUT_REQUIRED.get(kind, ())], properties)
        values = Check(self.report, schema, self.hooks, f"input of type {kind}").properties(node, schema, path)
        self._validator(node, path)
        self._default(node, kind, path)
        return Input(values.get(named, ""), kind, values.get("required", True), values)

    def _inputs_inside(self, node: Node | None, path: str) -> None:
        for index, item in enumerate(node.items if isinstance(node, ListNode) else ()):
            self.input(item, f"{path}[{index}]")

    def _validator(self, node: MapNode, path: str) -> None:
        validator = node.get("validator")
        if not isinstance(validator, Scalar) or validator.value is None:
            return
        try:
            java_pattern(validator.text)
        except ValueError as error:
            self.report.add(f"invalid pattern [{validator.text}]: {error}", validator, join(path, "validator"))

    def _default(self, node: MapNode, kind: str, path: str) -> None:
        default = node.get("defaults")
        if not isinstance(default, Scalar) or default.value is None or "{{" in default.text:
            return
        if kind in ("INT", "FLOAT", "BOOLEAN", "BOOL", "DATETIME", "DATE", "TIME", "DURATION"):
            try:
                coerce(kind, default.value)
            except Refused as error:
                self.report.add(f"{error}: write a default of type {kind}", default, join(path, "defaults"))

    def labels(self, node: Node, path: str) -> dict[str, str]:
        """Read labels: a map, or a list of {key, value}."""
        if is_null(node):
            return {}
        if isinstance(node, MapNode):
            pairs = [(key.text, value, join(path, key.text)) for key, value in node.entries.values()]
        elif isinstance(node, ListNode):
            pairs = list(self._listed_labels(node, path))
        else:
            self.report.add("must be a map of labels, or a list of {key, value}", node, path)
            return {}
        labels = {}
        for key, value, at in pairs:
            if not isinstance(value, Scalar) or value.value is None:
                self.report.add(f"the label `{key}` must have a text as its value", value, at)
            elif key.startswith("system.") and key != "system.readOnly" and path == "labels":
                message = f"System labels can only be set by Kestra itself, offending label: {key}={value.text}."
                self.report.add(f"{message} Choose a name that does not begin with `system.`", value, at)
            else:
                labels[key] = value.text
        return labels

    def _listed_labels(self, node: ListNode, path: str) -> list[tuple[str, Node, str]]:
        found: list[tuple[str, Node, str]] = []
        for index, item in enumerate(node.items):
            key = item.text("key") if isinstance(item, MapNode) else None
            value = item.get("value") if isinstance(item, MapNode) else None
            if key is None or value is None:
                self.report.add("a label is a map with `key` and `value`", item, f"{path}[{index}]")
            else:
                found.append((key, value, f"{path}[{index}]"))
        return found

    def retry(self, node: Node, path: str) -> Retry | None:
        """Read when to try again."""
        if is_null(node):
            return None
        before = len(self.report.problems)
        values = Check(self.report, RETRY_SCHEMA, {}, "retry").value(node, RETRY_SCHEMA, path)
        if len(self.report.problems) > before:
            return None
        shortest = values.get("interval") or values.get("minInterval")
        retry = Retry(
            kind=values["type"],
            interval=parse_duration(shortest),
            max_interval=parse_duration(values["maxInterval"]) if "maxInterval" in values else None,
            delay_factor=float(values.get("delayFactor", 2.0)),
            max_attempts=values.get("maxAttempts", values.get("maxAttempt")),
            max_duration=parse_duration(values["maxDuration"]) if "maxDuration" in values else None,
            warning_on_retry=values.get("warningOnRetry", False),
            new_execution=values.get("behavior") == "CREATE_NEW_EXECUTION",
        )
        if retry.max_interval is not None and retry.interval >= retry.max_interval:
            name = "interval" if "interval" in values else "minInterval"
            message = f"'{name}' must be less than 'maxInterval' but is '{shortest}'"
            self.report.add(message, node, join(path, name))
        return retry

    def worker_group(self, node: Node, path: str) -> None:
        """Refuse worker groups: they are not part of Kestra's open-source edition."""
        if not is_null(node):
            self.report.add("Worker Group is an Enterprise Edition functionality: remove `workerGroup`", node, path)


def _id_of(common: Properties) -> Properties:
    return {"id": common["id"]} if "id" in common else {}


def _task(kind: str, node: MapNode, values: dict[str, Any], own: Mapping[str, Any], check: Check) -> Task:
    holders = {name for name in own if name in values and check.holds(own[name], "x-task")}
    params = {name: values[name] for name in own if name in values and name not in holders and name not in ("id", "type")}
    blocks: dict[str, tuple[Task, ...]] = {}
    for name in (name for name in values if name in holders):
        held = values[name]
        if isinstance(held, Task):
            blocks[name] = (held,)
        elif isinstance(held, Mapping):
            blocks.update({f"{name}.{case}": _present(tasks) for case, tasks in held.items()})
        elif isinstance(held, list):
            wrapped = [item for item in held if isinstance(item, Mapping)]
            blocks[name] = _present([item.get("task") for item in wrapped] if wrapped else held)
            if wrapped:
                params["dependsOn"] = {
                    item["task"].id: tuple(item.get("dependsOn") or ()) for item in wrapped if item.get("task")
                }
    timeout = values.get("timeout")
    return Task(
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


def _present(tasks: Any) -> tuple[Task, ...]:
    return tuple(task for task in tasks or () if isinstance(task, Task))
