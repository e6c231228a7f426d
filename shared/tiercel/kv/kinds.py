"""The text of a value, read as its kind says."""

import json
from collections.abc import Callable
from datetime import date, datetime
from typing import Any, Literal, TypeAlias, get_args

from pydantic import TypeAdapter, ValidationError

from tiercel.errors import TaskFailed
from tiercel.flows.durations import parse_duration

Kind: TypeAlias = Literal["STRING", "NUMBER", "BOOLEAN", "DATETIME", "DATE", "DURATION", "JSON"]
KINDS: tuple[str, ...] = get_args(Kind)
READERS: dict[str, Callable[[str], Any]] = {
    "STRING": str,
    "NUMBER": TypeAdapter(int | float).validate_python,
    "BOOLEAN": TypeAdapter(bool).validate_python,
    # not pydantic's: to it `5` is a date, five seconds after 1970 began
    "DATETIME": datetime.fromisoformat,
    "DATE": date.fromisoformat,
    "DURATION": parse_duration,
    "JSON": json.loads,
}
KEPT_AS_TEXT = ("DATETIME", "DATE", "DURATION")


def read_value(text: str, kind: str) -> Any:
    """Read the text of a value as its kind says; dates and durations are checked, and kept as text."""
    written = text if kind == "STRING" else text.strip()
    try:
        value = READERS[kind](written)
    except (ValidationError, ValueError) as error:
        raise TaskFailed(f"The value `{text}` is no {kind}: change it, or the property `kvType`.") from error
    return written if kind in KEPT_AS_TEXT else value
