"""Give a value the type that an input or output declares, as JSON; dates and durations as ISO text."""

import json
import math
import re
import struct
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from typing import Any

from tiercel.flows.durations import format_duration, parse_duration
from tiercel.flows.values import as_text
from tiercel.flows.yaml_tree import parse, plain


class Refused(ValueError):
    """The value is not of the type."""


def coerce(kind: str, value: Any, item_type: str | None = None) -> Any:
    """Give a value its type; `Refused` says what it is instead.

    FILE, SECRET and FORM are given back as they are: what they need is not a matter of the value alone.
    """
    reader = READERS.get(kind)
    if reader is None or value is None:
        return value
    try:
        typed = reader(value)
    except Refused:
        raise
    except (ValueError, TypeError, OverflowError) as error:
        raise Refused(
            f"Expected `{kind}` but received `{as_text(value)}`: {REMEDIES.get(kind, error)}"
        ) from error
    if item_type and kind in ("ARRAY", "MULTISELECT"):
        return [_item(item_type, item) for item in typed]
    return typed


def _item(kind: str, item: Any) -> Any:
    try:
        return coerce(kind, item)
    except Refused as error:
        raise Refused(f"Unable to parse array element as `{kind}` on `{as_text(item)}`") from error


def _integer(value: Any) -> int:
    if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
        raise ValueError("not an integer")
    return int(value)


def _float(value: Any) -> float:
    """Read a number with the precision of 32 bits, which is what Kestra keeps of a FLOAT."""
    if isinstance(value, bool) or not math.isfinite(float(value)):
        raise ValueError("not a number")
    number = _single(float(value))
    shortest = (float(f"{number:.{digits}g}") for digits in range(1, 10))
    return next((short for short in shortest if _single(short) == number), number)


def _single(number: float) -> float:
    rounded: float = struct.unpack("<f", struct.pack("<f", number))[0]
    return rounded


def _boolean(value: Any) -> bool:
    text = str(value).strip().lower()
    if text not in ("true", "false"):
        raise ValueError("neither true nor false")
    return text == "true"


def moment(value: Any) -> datetime:
    """Read an ISO moment with a zone."""
    read = value if isinstance(value, datetime) else datetime.fromisoformat(_iso(value))
    if read.tzinfo is None:
        raise ValueError("no time zone")
    return read.astimezone(UTC)


def _iso(value: Any) -> str:
    # Python reads at most six digits of a second, Java nine
    return re.sub(r"(\.\d{6})\d+", r"\1", str(value).strip())


def _datetime(value: Any) -> str:
    read = moment(value)
    text = read.strftime("%Y-%m-%dT%H:%M:%S").rjust(19, "0")
    return f"{text}{_fraction(read.microsecond)}Z"


def _fraction(microsecond: int) -> str:
    if not microsecond:
        return ""
    return f".{microsecond // 1000:03d}" if microsecond % 1000 == 0 else f".{microsecond:06d}"


def _date(value: Any) -> str:
    text = str(value).strip()
    if not re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        raise ValueError("not a date")
    return date.fromisoformat(text).isoformat()


def clock_time(value: Any) -> time:
    """Read an ISO time of day without a zone."""
    text = _iso(value)
    if not re.fullmatch(r"\d{2}:\d{2}(:\d{2}(\.\d+)?)?", text):
        raise ValueError("not a time")
    return time.fromisoformat(text)


def _time(value: Any) -> str:
    read = clock_time(value)
    return f"{read:%H:%M:%S}{_fraction(read.microsecond)}"


def _duration(value: Any) -> str:
    return format_duration(parse_duration(str(value)))


def _json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def _yaml(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    tree, problems = parse(value)
    if problems:
        raise ValueError(str(problems[0]))
    return plain(tree)


def _list(value: Any) -> list[Any]:
    read = _json(value)
    if not isinstance(read, list):
        raise ValueError("not a list")
    return read


URI = re.compile(
    r"[a-z]+://(?:www\.)?[-a-zA-Z0-9@:%._+~#=]{1,256}\.[a-zA-Z0-9()]{1,6}\b[-a-zA-Z0-9()@:%_+.~#?&/=]*"
)
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")


def _uri(value: Any) -> str:
    if not URI.fullmatch(text := as_text(value)):
        # the whole sentence is Kestra's, and its clients look for it
        raise Refused(f"Expected `URI` but received `{text}`")
    return text


def _email(value: Any) -> str:
    if not EMAIL.fullmatch(text := as_text(value).strip()):
        raise ValueError("not an email address")
    return text


READERS: Mapping[str, Callable[[Any], Any]] = {
    "STRING": as_text,
    "ENUM": as_text,
    "SELECT": as_text,
    "INT": _integer,
    "FLOAT": _float,
    "BOOLEAN": _boolean,
    "BOOL": _boolean,
    "DATETIME": _datetime,
    "DATE": _date,
    "TIME": _time,
    "DURATION": _duration,
    "JSON": _json,
    "YAML": _yaml,
    "URI": _uri,
    "EMAIL": _email,
    "ARRAY": _list,
    "MULTISELECT": _list,
}

REMEDIES = {
    "INT": "write digits only, such as 42",
    "FLOAT": "write a number such as 42.5",
    "BOOLEAN": "write true or false",
    "BOOL": "write true or false",
    "DATETIME": "write an ISO 8601 moment with its zone, such as 2024-12-31T23:59:59Z",
    "DATE": "write a date such as 2024-12-31",
    "TIME": "write a time such as 23:59:59",
    "DURATION": "write an ISO 8601 duration such as PT30S or P1D",
    "EMAIL": "write an address such as name@example.com",
    "ARRAY": "write a JSON list such as [1, 2]",
    "MULTISELECT": 'write a JSON list such as ["a", "b"]',
}
