"""The values of an each: read, de-duplicated and shown as `taskrun.value` shows them."""

import json
from collections.abc import Mapping
from typing import Any

from tiercel.errors import TaskFailed
from tiercel.flows.values import as_text


def each_values(written: Any, name: str) -> tuple[list[Any], tuple[str, ...]]:
    """Give the distinct values in order, and the same as text; `TaskFailed` if it is no list or holds a null.

    `written`: a list, or the text of a JSON list; `name`: the property, for the sentence.
    """
    values = _listed(written, name)
    first: dict[str, Any] = {}
    for value in values:
        first.setdefault(_identity(value), value)
    distinct = list(first.values())
    if None in distinct:
        # clients know this sentence by heart: it is Kestra's, Java notation included
        raise TaskFailed(f"Found '1' null values on Each, with values={java_text(values)}")
    return distinct, tuple(as_text(value) for value in distinct)


def iteration_values(written: Any, name: str) -> tuple[tuple[str, ...], tuple[str, ...] | None]:
    """Give the values of a Loop as text, equal ones too, and their keys where they come from a map.

    `written`: a list or a map, or the JSON text of one; `name`: the property, for the sentence.
    """
    if isinstance(written, str):
        try:
            written = json.loads(written)
        except ValueError as error:
            raise TaskFailed(
                f"`{name}` is {_shortened(written)}, which is neither a JSON list or map nor the URI of a "
                "file; write one of these, or an expression that gives one."
            ) from error
    keys = tuple(str(key) for key in written) if isinstance(written, Mapping) else None
    values = list(written.values()) if isinstance(written, Mapping) else written
    if not isinstance(values, list):
        raise TaskFailed(f"`{name}` is {_shortened(as_text(values))}; write a list or a map.")
    if None in values:
        raise TaskFailed(f"`{name}` holds a null, at position {values.index(None)}: leave it out.")
    return tuple(as_text(value) for value in values), keys


def _listed(written: Any, name: str) -> list[Any]:
    if isinstance(written, str):
        try:
            written = json.loads(written)
        except ValueError as error:
            raise TaskFailed(
                f"`{name}` is {_shortened(written)}, which is not a JSON list; "
                "write a list, or an expression that gives one."
            ) from error
    if not isinstance(written, list):
        raise TaskFailed(
            f"`{name}` is {_shortened(as_text(written))}, which is not a JSON list; "
            "write a list, or an expression that gives one."
        )
    return written


def _shortened(text: str) -> str:
    return repr(text if len(text) <= 80 else text[:77] + "...")


def _identity(value: Any) -> str:
    # 1, 1.0, true and "1" are four values, and the order of a map's keys does not matter
    return json.dumps(value, sort_keys=True, default=str)


def java_text(value: Any) -> str:
    """Show a value as Java's `toString` does: `[1, null, {key=my-key}]`."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{key}={java_text(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(java_text(part) for part in value) + "]"
    return str(value)
