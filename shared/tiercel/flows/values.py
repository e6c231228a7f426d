"""Text, numbers, booleans, durations and labels, as flow control reads them from what was rendered."""

import json
from collections.abc import Mapping
from typing import Any, TypeVar

from tiercel.errors import TaskFailed
from tiercel.flows.durations import parse_duration

Default = TypeVar("Default", int, None)


def compact_json(value: Any) -> str:
    """Write a value as JSON without spaces, as Kestra's expressions show maps and lists."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=str)


def as_text(value: Any) -> str:
    """Show a value as an expression would: null as nothing, maps and lists as JSON."""
    if isinstance(value, str):
        return value
    return "" if value is None else compact_json(value)


def as_int(values: Mapping[str, Any], name: str, default: Default) -> int | Default:
    """Read an integer property; `TaskFailed` says what it is instead."""
    value = values.get(name)
    if value is None or value == "":
        return default
    try:
        return int(value.strip() if isinstance(value, str) else value)
    except (TypeError, ValueError) as error:
        raise TaskFailed(f"`{name}` is {as_text(value)!r}; it must be an integer.") from error


def as_bool(values: Mapping[str, Any], name: str, default: bool) -> bool:
    """Read a boolean property; `TaskFailed` says what it is instead."""
    value = values.get(name)
    if value is None or value == "":
        return default
    if isinstance(value, bool):
        return value
    text = as_text(value).strip().lower()
    if text not in ("true", "false"):
        raise TaskFailed(f"`{name}` is {as_text(value)!r}; it must be true or false.")
    return text == "true"


def as_seconds(values: Mapping[str, Any], name: str, default: str | None = None) -> float | None:
    """Read a duration property, in seconds; `TaskFailed` says what it is instead."""
    value = values.get(name)
    if value is None or value == "":
        value = default
    if value is None:
        return None
    try:
        return parse_duration(as_text(value)).total_seconds()
    except ValueError as error:
        raise TaskFailed(f"`{name}`: {error}.") from error


def labels_of(value: Any, name: str) -> dict[str, str]:
    """Read labels: a map, a list of {key, value}, or a JSON text of either; values become text."""
    if isinstance(value, str) and value.strip():
        try:
            value = json.loads(value)
        except ValueError as error:
            raise TaskFailed(
                f"`{name}` is {as_text(value)[:60]!r}, which is no JSON map of labels ({error}); "
                "write a map, for example `team: data`."
            ) from error
    if not value:
        return {}
    if isinstance(value, list) and all(isinstance(item, Mapping) and "key" in item for item in value):
        value = {as_text(item["key"]): item.get("value") for item in value}
    if not isinstance(value, Mapping):
        raise TaskFailed(
            f"`{name}` is neither a map of labels nor a list of {{key, value}}: {as_text(value)[:60]}; "
            "write a map, for example `team: data`."
        )
    return {str(key): as_text(text) for key, text in value.items()}


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """Lay one map over another; maps inside are merged too, anything else is replaced."""
    result = dict(base)
    for key, value in over.items():
        below = result.get(key)
        both = isinstance(below, Mapping) and isinstance(value, Mapping)
        result[key] = merged(below, value) if both else value  # type: ignore[arg-type]  # both are maps
    return result
