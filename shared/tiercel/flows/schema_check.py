"""Check a YAML tree against a JSON schema as pydantic emits it, and give the values as it means them."""

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from tiercel.flows.expression_check import check_expression, check_expressions, is_template
from tiercel.flows.report import Report, join
from tiercel.flows.scalar_check import NAMES, READERS, complaints, quoted
from tiercel.flows.yaml_tree import ListNode, MapNode, Node, Scalar, is_null, plain

Schema: TypeAlias = Mapping[str, Any]
Hook: TypeAlias = Callable[[Node, str], Any]


@dataclass
class Check:
    """One schema at work. `hooks`: for a subschema's mark (`x-task`), what reads the value instead."""

    report: Report
    root: Schema
    hooks: Mapping[str, Hook] = field(default_factory=dict)
    owner: str = ""

    def value(self, node: Node, schema: Schema, path: str, dynamic: bool = True) -> Any:
        """Check a value and give it as its schema means it: `message: 1.10` is the text 1.10."""
        schema = self._resolved(schema)
        dynamic = dynamic and not schema.get("x-static")
        for mark, hook in self.hooks.items():
            if schema.get(mark):
                return hook(node, path)
        if dynamic and not schema.get("x-whole") and isinstance(node, Scalar) and is_template(node.value):
            check_expression(self.report, node, path)
            return node.value
        options = schema.get("anyOf") or schema.get("oneOf")
        if options:
            return self._any_of(node, options, schema, path, dynamic)
        if "enum" in schema or "const" in schema:
            return self._enum(node, schema.get("enum") or [schema["const"]], path)
        match schema.get("type"):
            case "object":
                return self._object(node, schema, path, dynamic)
            case "array":
                return self._array(node, schema, path, dynamic)
            case "string" | "integer" | "number" | "boolean" | "null" as kind:
                return self._scalar(node, kind, schema, path)
        return self._anything(node, path, dynamic)

    def holds(self, schema: Schema, mark: str, depth: int = 0) -> bool:
        """Say whether a mark stands anywhere inside a schema."""
        if schema.get(mark):
            return True
        if depth > 6:
            return False
        schema = self._resolved(schema)
        inner = [
            *schema.get("anyOf", ()),
            *schema.get("oneOf", ()),
            schema.get("items"),
            schema.get("additionalProperties"),
        ]
        inner += schema.get("properties", {}).values()
        return any(self.holds(part, mark, depth + 1) for part in inner if isinstance(part, Mapping))

    def properties(self, node: MapNode, schema: Schema, path: str, dynamic: bool = True) -> dict[str, Any]:
        """Check the properties of a map and give those that are there and not null."""
        schema = self._resolved(schema)
        known: Mapping[str, Schema] = schema.get("properties", {})
        others: Any = schema.get("additionalProperties", True)
        values: dict[str, Any] = {}
        for name, (key, value) in node.entries.items():
            inner: Any = known.get(name, others)
            if inner is False:
                self.report.unknown(name, known, self.owner, key, join(path, name))
            elif name not in known or not is_null(value) or self._takes_null(inner):
                values[name] = self.value(
                    value, inner if isinstance(inner, Mapping) else {}, join(path, name), dynamic
                )
        for name in schema.get("required", ()):
            if self.holds(known.get(name, {}), "x-task"):
                self._required_tasks(name, node, path)
            elif name not in node.entries or (
                is_null(node.get(name)) and not self._takes_null(known.get(name, {}))
            ):
                self.missing(name, node, path)
        return values

    def _required_tasks(self, name: str, node: MapNode, path: str) -> None:
        held = node.get(name)
        if is_null(held) or (isinstance(held, ListNode) and not held.items):
            message = f"must not be empty: The '{name}' property cannot be empty; list the tasks to run there"
            self.report.add(message, held or node, join(path, name))

    def missing(self, name: str, node: Node, path: str) -> None:
        """Add the problem of a required property that is not there."""
        of = f" of {self.owner}" if self.owner else ""
        self.report.add(f"must not be null: `{name}` is required{of}; add `{name}:`", node, join(path, name))

    def _resolved(self, schema: Schema) -> Schema:
        reference = schema.get("$ref")
        if not isinstance(reference, str):
            return schema
        target: Any = self.root
        for part in reference.removeprefix("#/").split("/"):
            target = target[part]
        return self._resolved({**target, **{key: value for key, value in schema.items() if key != "$ref"}})

    def _takes_null(self, schema: Any) -> bool:
        if not isinstance(schema, Mapping):
            return True
        schema = self._resolved(schema)
        options = schema.get("anyOf") or schema.get("oneOf")
        if options:
            return any(self._takes_null(option) for option in options)
        return not ({"type", "enum", "const", "properties"} & schema.keys()) or schema.get("type") == "null"

    def _anything(self, node: Node, path: str, dynamic: bool) -> Any:
        if dynamic:
            check_expressions(self.report, node, path)
        return plain(node)

    def _object(self, node: Node, schema: Schema, path: str, dynamic: bool) -> Any:
        if not isinstance(node, MapNode):
            return self._wrong(node, "a map (`name: value` lines)", path)
        return self.properties(node, schema, path, dynamic)

    def _array(self, node: Node, schema: Schema, path: str, dynamic: bool) -> Any:
        if not isinstance(node, ListNode):
            return self._wrong(node, "a list (lines that begin with `- `)", path)
        first = schema.get("prefixItems", ())
        rest = schema.get("items", {})
        rest = rest if isinstance(rest, Mapping) else {}
        values = [
            self.value(item, first[index] if index < len(first) else rest, f"{path}[{index}]", dynamic)
            for index, item in enumerate(node.items)
        ]
        if len(values) < schema.get("minItems", 0):
            self.report.add(f"must hold at least {schema['minItems']} item(s)", node, path)
        return values

    def _any_of(self, node: Node, options: list[Schema], schema: Schema, path: str, dynamic: bool) -> Any:
        if is_null(node) and any(self._resolved(option).get("type") == "null" for option in options):
            return None
        chosen = self._discriminated(node, schema)
        candidates = [chosen] if chosen else [option for option in options if self._fits(node, option)]
        if len(candidates) == 1:
            return self.value(node, candidates[0], path, dynamic)
        tried: list[Report] = []
        report = self.report
        for option in candidates:
            self.report = report.scratch()
            value = self.value(node, option, path, dynamic)
            tried.append(self.report)
            self.report = report
            if not tried[-1].problems:
                report.take(tried[-1])
                return value
        if tried:
            report.take(min(tried, key=lambda found: len(found.problems)))
            return plain(node)
        wanted = dict.fromkeys(NAMES.get(self._resolved(option).get("type", ""), "") for option in options)
        return self._wrong(node, " or ".join(name for name in wanted if name), path)

    def _discriminated(self, node: Node, schema: Schema) -> Schema | None:
        discriminator = schema.get("discriminator")
        if not discriminator or not isinstance(node, MapNode):
            return None
        name, mapping = discriminator["propertyName"], discriminator["mapping"]
        reference = mapping.get(node.text(name) or "")
        if reference:
            return {"$ref": reference} if isinstance(reference, str) else reference
        return {
            "type": "object",
            "required": [name],
            "properties": {name: {"enum": list(mapping), "x-static": True}},
        }

    def _fits(self, node: Node, option: Schema) -> bool:
        """Say whether a value has the outer shape of an option."""
        option = self._resolved(option)
        if any(option.get(mark) for mark in self.hooks) or "anyOf" in option or "oneOf" in option:
            return True
        kind = option.get("type")
        if kind is None and not {"enum", "const"} & option.keys():
            return True
        if isinstance(node, Scalar):
            return kind not in ("object", "array", "null")
        return kind == ("object" if isinstance(node, MapNode) else "array")

    def _enum(self, node: Node, allowed: list[Any], path: str) -> Any:
        if isinstance(node, Scalar):
            for value in allowed:
                if node.value == value or node.text == str(value):
                    return value
        shown = plain(node)
        near = difflib.get_close_matches(
            str(shown).upper(), [str(value) for value in allowed], n=1, cutoff=0.6
        )
        hint = f"; did you mean {near[0]}?" if near else ""
        accepted = ", ".join(str(value) for value in allowed)
        hint = "; an expression is not evaluated here" if is_template(shown) else hint
        self.report.add(f"{quoted(shown)} is not one of the values accepted: [{accepted}]{hint}", node, path)
        return shown

    def _scalar(self, node: Node, kind: str, schema: Schema, path: str) -> Any:
        if not isinstance(node, Scalar):
            return self._wrong(node, NAMES[kind], path)
        try:
            value = READERS[kind](node)
        except ValueError:
            return self._wrong(node, NAMES[kind], path)
        for complaint in complaints(value, schema):
            self.report.add(complaint, node, path)
        return value

    def _wrong(self, node: Node, wanted: str, path: str) -> Any:
        shown = (
            "a map"
            if isinstance(node, MapNode)
            else "a list"
            if isinstance(node, ListNode)
            else quoted(node.value)
        )
        static = isinstance(node, Scalar) and is_template(node.value)
        remedy = "; an expression is not evaluated here" if static else ""
        self.report.add(f"must be {wanted}, but is {shown}{remedy}", node, path)
        return plain(node)
