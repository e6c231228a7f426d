"""Render a task's properties as written, and convert them to the declared types."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tiercel.errors import ExpressionError, InvalidParameters, Problem
from tiercel.expressions import is_template
from tiercel.plugin import STATIC_KEY, TYPED_KEY, BaseParams, BasePlugin

Render = Callable[[str], str]
Evaluate = Callable[[str], Any]
T = TypeVar("T")
SCALARS = {"integer", "number", "boolean"}


class Absent:
    """What a property becomes that rendered to nothing: it counts as not written."""


ABSENT = Absent()


@dataclass
class Shape:
    """What a property takes, read from its JSON schema once per plugin.

    `kinds`: JSON types, and `format` for texts of a form (a duration, one of an enum), which are never empty.
    """

    static: bool = False
    typed: bool = False
    secret: bool = False
    kinds: set[str] = field(default_factory=set)
    anything: bool = False
    default: Any = None
    properties: dict[str, "Shape"] = field(default_factory=dict)
    items: "Shape | None" = None
    values: "Shape | None" = None

    def takes(self, kind: str) -> bool:
        """Say whether a value of a JSON type fits."""
        return self.anything or kind in self.kinds


FREE = Shape(anything=True)


class Shapes:
    """Read the shapes of one schema; a model that contains itself is read once."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self.models = root.get("$defs", {})
        self.read: dict[str, Shape] = {}

    def of(self, schema: Any) -> Shape:
        """Give the shape of one schema."""
        shape = Shape()
        self.fill(shape, schema)
        return shape

    def fill(self, shape: Shape, schema: Any) -> None:
        """Add to a shape what a schema says."""
        if not isinstance(schema, dict):
            shape.anything = True
            return
        shape.static |= bool(schema.get(STATIC_KEY))
        shape.typed |= bool(schema.get(TYPED_KEY))
        shape.secret |= bool(schema.get("writeOnly"))
        shape.default = schema.get("default", shape.default)
        if "$ref" in schema:
            self.merge(shape, self.model(schema["$ref"].rpartition("/")[2]))
            return
        choices = [*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())]
        for choice in choices:
            self.fill(shape, choice)
        if not choices:
            self.fill_plain(shape, schema)

    def fill_plain(self, shape: Shape, schema: Mapping[str, Any]) -> None:
        """Add what a schema without choices says."""
        kinds = schema.get("type")
        if kinds is None:
            shape.kinds |= {json_kind(value) for value in constants(schema)}
            shape.anything |= not shape.kinds
            return  # an enum of several types, or Any
        formed = "enum" in schema or "const" in schema or schema.get("format", "password") != "password"
        for kind in [kinds] if isinstance(kinds, str) else kinds:
            shape.kinds.add("format" if kind == "string" and formed else kind)
        for name, property_schema in schema.get("properties", {}).items():
            shape.properties[name] = self.of(property_schema)
        if "items" in schema:
            shape.items = self.of(schema["items"])
        if isinstance(schema.get("additionalProperties"), dict):
            shape.values = self.of(schema["additionalProperties"])

    def model(self, name: str) -> Shape:
        """Give the shape of a nested model."""
        if name not in self.read:
            self.read[name] = Shape()  # entered first: the model may contain itself
            self.fill(self.read[name], self.models[name])
        return self.read[name]

    def merge(self, shape: Shape, other: Shape) -> None:
        """Add one shape to another."""
        shape.static |= other.static
        shape.secret |= other.secret
        shape.kinds |= other.kinds
        shape.anything |= other.anything
        shape.properties = shape.properties | other.properties if shape.properties else other.properties
        shape.items = shape.items or other.items
        shape.values = shape.values or other.values


def constants(schema: Mapping[str, Any]) -> list[Any]:
    """Give the only values that a schema without a type lets through."""
    return [schema["const"]] if "const" in schema else list(schema.get("enum", ()))


def json_kind(value: Any) -> str:
    """Name the JSON type of a value."""
    if isinstance(value, bool):
        return "boolean"
    names: dict[type, str] = {str: "string", int: "integer", float: "number", list: "array", dict: "object"}
    return names.get(type(value), "null")


_SHAPES: dict[type[BaseParams], Shape] = {}


def shape_of(plugin: type[BasePlugin[Any, Any]]) -> Shape:
    """Give the shape of a plugin's parameters, read once per process."""
    if plugin.params_type not in _SHAPES:
        schema = plugin.parameter_schema()
        _SHAPES[plugin.params_type] = Shapes(schema).of(schema)
    return _SHAPES[plugin.params_type]


def has_template(value: Any) -> bool:
    """Say whether an expression stands anywhere in a value."""
    if isinstance(value, str):
        return is_template(value)
    if isinstance(value, Mapping):
        return any(has_template(key) or has_template(item) for key, item in value.items())
    return isinstance(value, list | tuple) and any(map(has_template, value))


def render_params(
    shape: Shape, params: Mapping[str, Any], render: Render, evaluate: Evaluate | None = None
) -> dict[str, Any]:
    """Render a task's properties and convert them to the JSON types its schema names.

    A default that holds an expression is rendered like a property that was written. `evaluate`: gives the
    value of a text that is one expression, for properties that keep its type.
    """
    typed = {
        name for name, one in shape.properties.items() if one.typed and isinstance(params.get(name), str)
    }
    rendered = render_object(shape, {name: params[name] for name in params if name not in typed}, render, "")
    rendered |= {name: render_text(params[name], evaluate or render, name) for name in typed}
    for name, property_shape in shape.properties.items():
        if name not in params and not property_shape.static and has_template(property_shape.default):
            rendered[name] = render_value(property_shape, property_shape.default, render, name)
    return {name: value for name, value in rendered.items() if value is not ABSENT}


def render_value(shape: Shape, value: Any, render: Render, path: str) -> Any:
    """Render one value as its shape says."""
    if shape.static:
        return value
    if isinstance(value, str):
        return convert(shape, render_text(value, render, path), path)
    if isinstance(value, Mapping):
        nested = render_object(shape, value, render, path)
        return {name: None if item is ABSENT else item for name, item in nested.items()}
    if isinstance(value, list | tuple):
        items = (
            render_value(shape.items or FREE, item, render, f"{path}[{i}]") for i, item in enumerate(value)
        )
        return [None if item is ABSENT else item for item in items]
    return as_text(value) if only_text(shape) and isinstance(value, int | float) else value


def render_text(text: str, render: Callable[[str], T], path: str) -> T | str:
    """Render a text; an error names the property that it stands in."""
    if not has_template(text):
        return text
    try:
        return render(text)
    except ExpressionError as error:
        error.problems = (Problem(error.message, path, error.line, error.column),)
        raise


def render_object(shape: Shape, value: Mapping[str, Any], render: Render, path: str) -> dict[str, Any]:
    """Render a map or a nested model; the keys of a map are rendered too."""
    rendered = {}
    for key, item in value.items():
        name = str(key)
        known = shape.properties.get(name)
        if known is None and has_template(name):
            name = render_text(name, render, path)
        inner = known or shape.values or FREE
        rendered[name] = render_value(inner, item, render, f"{path}.{name}" if path else name)
    return rendered


def convert(shape: Shape, text: str, path: str) -> Any:
    """Convert a text to what the property takes: JSON for lists and maps, nothing for what is empty.

    Numbers and booleans stay text: pydantic reads them, and words the error where they are none.
    """
    if shape.takes("string"):
        return text
    if not text.strip():
        return ABSENT
    wanted = [kind for kind in ("array", "object") if kind in shape.kinds]
    if not wanted or (shape.kinds & SCALARS and not text.lstrip().startswith(("[", "{"))):
        return text.strip()
    return parsed(wanted, text, path)


def parsed(wanted: Sequence[str], text: str, path: str) -> Any:
    """Read a JSON list or map."""
    try:
        value = json.loads(text)
    except ValueError:
        value = None
    if json_kind(value) not in wanted:
        names = " or ".join("a list" if kind == "array" else "a map" for kind in wanted)
        reason = f"takes {names}: write one, or an expression that renders to one as JSON"
        raise InvalidParameters(f"`{path}` {reason}.", (Problem(reason, path),))
    return value


def only_text(shape: Shape) -> bool:
    """Say whether a property takes text and no other scalar."""
    return "string" in shape.kinds and not shape.kinds & SCALARS


def as_text(value: float | bool) -> str:
    """Write a scalar as YAML would have it."""
    return json.dumps(value)


def secrets_in(shape: Shape, value: Any) -> Iterator[str]:
    """Give the texts of properties that are declared secret."""
    if shape.secret and isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from secrets_in(shape.properties.get(name) or shape.values or FREE, item)
    elif isinstance(value, list):
        for item in value:
            yield from secrets_in(shape.items or FREE, item)
