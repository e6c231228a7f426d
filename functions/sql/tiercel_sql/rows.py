"""Rows as JSON: what a database gives, in the form in which Kestra shows it."""

import base64
import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from tiercel.flows.durations import format_duration
from tiercel.plugin import JsonObject

NO_NUMBERS = {"nan": "NaN", "inf": "Infinity", "-inf": "-Infinity"}


@dataclass(frozen=True, slots=True)
class Rows:
    """The answer to a statement. `fetch`: gives up to so many rows, and none at the end."""

    columns: tuple[str, ...]
    fetch: Callable[[int], Sequence[Sequence[Any]]]

    def batches(self, size: int) -> Iterator[list[JsonObject]]:
        """Give the rows in batches, one dict per row, keys in column order."""
        while batch := self.fetch(size):
            yield [dict(zip(self.columns, map(as_json, row), strict=True)) for row in batch]


def as_json(value: Any) -> Any:
    """Give the JSON value for a database value.

    Dates and times become ISO 8601, intervals ISO durations, bytes base64, UUIDs text. A decimal becomes a
    number where a double holds it exactly as written, and text where it would lose digits.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else NO_NUMBERS[str(value)]
    if isinstance(value, Decimal):
        return as_number(value)
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return format_duration(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(value).decode("ascii")
    if isinstance(value, Mapping):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list | tuple | set):
        return [as_json(item) for item in value]
    return str(value)


def as_number(value: Decimal) -> float | str:
    """Give a decimal as a number if that loses nothing."""
    number = float(value)
    return number if math.isfinite(number) and Decimal(repr(number)) == value else str(value)


def as_sentence(message: str) -> str:
    """End what a database said as a sentence."""
    text = message.strip().replace("\n", " ")
    return text if text.endswith((".", "?", "!")) else f"{text}."


def write_rows(rows: Rows, path: Path, batch_size: int) -> int:
    """Write rows to a file, one JSON object per line (which is Ion text too), and count them."""
    count = 0
    with path.open("w", encoding="utf-8") as file:
        for batch in rows.batches(batch_size):
            count += len(batch)
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in batch)
    return count
