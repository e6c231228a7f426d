"""What a flow declares about itself and its tasks: inputs, labels, retries."""

from collections.abc import Mapping

from tiercel.errors import Problem
from tiercel.flows.coercion import Refused, coerce
from tiercel.flows.durations import parse_duration
from tiercel.flows.flow_schema import (
    INPUT,
    INPUT_PROPERTIES,
    INPUT_REQUIRED,
    INPUT_TYPES,
    RETRY_SCHEMA,
    a_map,
)
from tiercel.flows.models import Input, Retry
from tiercel.flows.patterns import java_pattern
from tiercel.flows.report import Report, join, suggestion
from tiercel.flows.schema_check import Check, Hook
from tiercel.flows.updates import SYSTEM_PREFIX
from tiercel.flows.yaml_tree import ListNode, MapNode, Node, Scalar, is_null


def untyped(report: Report, node: MapNode, path: str, group: str, remedy: str) -> None:
    """Add the problems of a part without a `type`: two, for so many Kestra reports, and its clients count."""
    report.add(f"Invalid type: null; {remedy}", node, join(path, "type"))
    report.add(f"missing type id property 'type' (for POJO property '{group}')", node, path, echo=True)


class Declarations:
    """Reads declarations; `hooks` gives each mark of a schema its reader."""

    def __init__(self, report: Report) -> None:
        self.report = report
        self.hooks: Mapping[str, Hook] = {
            "x-input": self.input,
            "x-labels": self.labels,
            "x-retry": self.retry,
            "x-worker-group": self.worker_group,
        }

    def input(self, node: Node, path: str) -> Input | None:
        """Read one input of a flow, a form or a Pause; `name` is an old word for `id`."""
        if not isinstance(node, MapNode):
            self.report.add("must be an input: a map with at least `id` and `type`", node, path)
            return None
        kind_node = node.get("type")
        if is_null(kind_node):
            untyped(self.report, node, path, "inputs", f"add `type:` with one of {', '.join(INPUT_TYPES)}")
            return None
        kind = kind_node.text if isinstance(kind_node, Scalar) else ""
        if kind not in INPUT_TYPES:
            shown = kind or "a list or a map"
            self.report.add(
                f"Invalid type: {shown}; {suggestion(kind, INPUT_TYPES)}",
                kind_node or node,
                join(path, "type"),
            )
            return None
        named = "name" if is_null(node.get("id")) and not is_null(node.get("name")) else "id"
        properties = {**INPUT, **INPUT_PROPERTIES.get(kind, {}), "name": INPUT["id"]}
        schema = a_map([named, "type", *INPUT_REQUIRED.get(kind, ())], properties)
        values = Check(self.report, schema, self.hooks, f"input of type {kind}").properties(
            node, schema, path
        )
        self._validator(node, path)
        self._default(node, kind, path)
        self._combined(node, kind, path)
        return Input(values.get(named, ""), kind, values.get("required", True), values)

    def inputs(self, node: Node | None, path: str) -> None:
        for index, item in enumerate(node.items if isinstance(node, ListNode) else ()):
            self.input(item, f"{path}[{index}]")

    def _validator(self, node: MapNode, path: str) -> None:
        validator = node.get("validator")
        if not isinstance(validator, Scalar) or validator.value is None:
            return
        try:
            java_pattern(validator.text)
        except ValueError as error:
            self.report.add(
                f"invalid pattern [{validator.text}]: {error}", validator, join(path, "validator")
            )

    def _default(self, node: MapNode, kind: str, path: str) -> None:
        default = node.get("defaults")
        if not isinstance(default, Scalar) or default.value is None or "{{" in default.text:
            return
        if kind in ("INT", "FLOAT", "BOOLEAN", "BOOL", "DATETIME", "DATE", "TIME", "DURATION"):
            try:
                coerce(kind, default.value)
            except Refused as error:
                self.report.add(f"{error}: write a default of type {kind}", default, join(path, "defaults"))

    def _combined(self, node: MapNode, kind: str, path: str) -> None:
        """Refuse what contradicts itself; an optional default was allowed once, and is always applied."""
        default = node.get("defaults")
        if not is_null(default) and not is_null(node.get("prefill")):
            message = "an input has `defaults` or `prefill`, not both: a prefill is one that people may clear"
            self.report.when_put(message, node, join(path, "prefill"))
        required = node.get("required")
        if not is_null(default) and isinstance(required, Scalar) and required.value is False:
            message = "Inputs with a default value must be required, since the default is always applied"
            self.report.warnings.append(
                Problem(f"{message}: use `prefill`", join(path, "required"), required.line, required.column)
            )
        if kind == "ARRAY" and node.text("itemType") == "ARRAY":
            self.report.when_put(
                "`itemType` cannot be `ARRAY`: use JSON for lists of lists", node, join(path, "itemType")
            )

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
            nameless = f"the label `{key}` must have a name, and a text as its value"
            if not isinstance(value, Scalar) or value.value is None:
                self.report.add(nameless, value, at)
                continue
            if not key or not value.text:
                self.report.when_put(nameless, value, at)
            if key.startswith(SYSTEM_PREFIX) and (key != "system.readOnly" or path != "labels"):
                message = (
                    f"System labels can only be set by Kestra itself, offending label: {key}={value.text}."
                )
                self.report.when_put(f"{message} Choose a name that does not begin with `system.`", value, at)
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
        if retry.max_duration is not None and retry.interval >= retry.max_duration:
            name = "interval" if "interval" in values else "minInterval"
            message = (
                f"'{name}' must be less than 'maxDuration' but is '{shortest}', so there would be no retry"
            )
            self.report.when_put(message, node, join(path, name))
        return retry

    def worker_group(self, node: Node, path: str) -> None:
        """Refuse worker groups: they are not part of Kestra's open-source edition."""
        if not is_null(node):
            self.report.add(
                "Worker Group is an Enterprise Edition functionality: remove `workerGroup`", node, path
            )
