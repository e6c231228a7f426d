"""Check one scalar against a JSON schema: its type, bounds, lengths, pattern and format."""

import re
from collections.abc import Callable, Mapping
from datetime import datetime, time
from typing import Any

from tiercel.flows.durations import parse_duration
from tiercel.flows.yaml_tree import Scalar

NAMES = {
    "string": "a text",
    "integer": "an integer",
    "number": "a number",
    "boolean": "true or false",
    "object": "a map",
    "array": "a list",
    "null": "empty",
}


def quoted(value: Any) -> str:
    """Show a value inside a sentence, shortened."""
    if value is None:
        return "null"
    text = value if isinstance(value, str) else str(value).lower() if isinstance(value, bool) else str(value)
    return f'"{text if len(text) <= 80 else text[:77] + "..."}"'


def _text(node: Scalar) -> str | int | float:
    if node.value is None:
        raise ValueError
    return node.text


def _integer(node: Scalar) -> int:
    if isinstance(node.value, bool) or node.value is None:
        raise ValueError
    if isinstance(node.value, float) and not node.value.is_integer():
        raise ValueError
    return int(node.value)


def _float(node: Scalar) -> int | float:
    if isinstance(node.value, bool) or node.value is None:
        raise ValueError
    return float(node.value) if isinstance(node.value, str) else node.value


def _boolean(node: Scalar) -> bool:
    if isinstance(node.value, bool):
        return node.value
    text = str(node.value).strip().lower()
    if text not in ("true", "false"):
        raise ValueError
    return text == "true"


def _null(node: Scalar) -> None:
    if node.value is not None:
        raise ValueError


READERS: Mapping[str, Callable[[Scalar], Any]] = {
    "string": _text,
    "integer": _integer,
    "number": _float,
    "boolean": _boolean,
    "null": _null,
}
"""Scalars as Jackson takes them: a text from any scalar, a number or a boolean from a text that holds one."""

BOUNDS: tuple[tuple[str, Callable[[Any, Any], bool], str], ...] = (
    ("minimum", lambda value, bound: value >= bound, "must be greater than or equal to {}"),
    ("maximum", lambda value, bound: value <= bound, "must be less than or equal to {}"),
    ("exclusiveMinimum", lambda value, bound: value > bound, "must be greater than {}"),
    ("exclusiveMaximum", lambda value, bound: value < bound, "must be less than {}"),
)


def _time(value: str) -> None:
    try:
        time.fromisoformat(value)
    except ValueError:
        raise ValueError(
            f"{quoted(value)} is no time of the day: write one such as 08:30 or 08:30:00+02:00"
        ) from None


def _moment(value: str) -> None:
    try:
        datetime.fromisoformat(value)
    except ValueError:
        raise ValueError(
            f"{quoted(value)} is no moment: write one in ISO 8601, such as 2026-01-31T08:30:00Z"
        ) from None


FORMS: Mapping[str, Callable[[str], object]] = {
    "duration": parse_duration,
    "time": _time,
    "date-time": _moment,
}
"""What reads a text of a form; ValueError says what to write."""


def complaints(value: Any, schema: Mapping[str, Any]) -> list[str]:
    """Say what a scalar breaks of a schema's bounds, lengths, pattern and format."""
    if isinstance(value, str):
        return _text_complaints(value, schema)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return []
    return [
        f"{said.format(schema[name])}, but is {value}"
        for name, holds, said in BOUNDS
        if name in schema and not holds(value, schema[name])
    ]


def _text_complaints(value: str, schema: Mapping[str, Any]) -> list[str]:
    found = []
    if len(value) < schema.get("minLength", 0):
        found.append(f"must have at least {schema['minLength']} character(s)")
    if len(value) > schema.get("maxLength", len(value)):
        found.append(f"must have at most {schema['maxLength']} characters, but has {len(value)}")
    pattern = schema.get("pattern")
    if pattern and not re.search(pattern, value):
        remedy = f": {schema['x-remedy']}" if "x-remedy" in schema else ""
        found.append(f'must match "{pattern}", but is {quoted(value)}{remedy}')
    form = FORMS.get(schema.get("format", ""))
    if form is not None and not re.fullmatch(r"-?\d+(\.\d+)?", value):
        try:
            form(value)
        except ValueError as error:
            found.append(str(error))
    return found
