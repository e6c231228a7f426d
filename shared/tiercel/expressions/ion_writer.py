"""Values to Ion text, with the annotations Kestra gives to dates."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from decimal import Decimal
from math import isinf, isnan
from typing import TYPE_CHECKING, Any

from tiercel.errors import ExpressionError
from tiercel.expressions.moments import iso_text
from tiercel.expressions.values import DEEPEST, is_list, text_of

if TYPE_CHECKING:
    from tiercel.expressions.values import Reader

KEYWORDS = frozenset(("null", "true", "false", "nan"))
_ESCAPES = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", "\b": "\\b", "\f": "\\f"}


def ion_text(value: Any, run: Reader) -> str:
    """Write one value as Ion text, without spaces."""
    parts: list[str] = []
    _write(value, parts, run, DEEPEST)
    return "".join(parts)


def _write(value: Any, parts: list[str], run: Reader, depth: int) -> None:
    run.budget.spend()
    if depth < 0:
        raise ExpressionError(f"The value is nested more than {DEEPEST} levels deep")
    value = run.follow(value)
    if isinstance(value, dict):
        before = "{"
        for key, item in value.items():
            parts.append(f"{before}{_symbol(text_of(key, run))}:")
            _write(item, parts, run, depth - 1)
            before = ","
        parts.append("}" if value else "{}")
    elif is_list(value):
        before = "["
        for item in value:
            parts.append(before)
            _write(item, parts, run, depth - 1)
            before = ","
        parts.append("]" if value else "[]")
    else:
        text = _scalar(value)
        run.budget.build(len(text))
        parts.append(text)


def _quoted(text: str, quote: str) -> str:
    return quote + "".join(_escaped(letter, quote) for letter in text) + quote


def _escaped(letter: str, quote: str) -> str:
    if letter == quote:
        return "\\" + quote
    return _ESCAPES.get(letter) or (f"\\x{ord(letter):02x}" if letter < " " else letter)


def _symbol(name: str) -> str:
    plain = name.isascii() and name.replace("$", "_").isidentifier() and name not in KEYWORDS
    return name if plain and not (name[0] == "$" and name[1:].isdigit()) else _quoted(name, "'")


def _scalar(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _quoted(value, '"')
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, float):
        return _float(float(value))
    if isinstance(value, Decimal):
        text = str(value).replace("E", "d").replace("+", "")
        return text if "." in text or "d" in text else f"{text}."
    return f'{_annotation(value)}::"{iso_text(value)}"'


def _float(value: float) -> str:
    if isnan(value):
        return "nan"
    if isinf(value):
        return "+inf" if value > 0 else "-inf"
    text = repr(value)
    return text.replace("e+", "e") if "e" in text else f"{text}e0"


def _annotation(value: Any) -> str:
    if isinstance(value, datetime):
        return "LocalDateTime" if value.tzinfo is None else "ZonedDateTime"
    if isinstance(value, date):
        return "LocalDate"
    if isinstance(value, time):
        return "LocalTime"
    if isinstance(value, timedelta):
        return "Duration"
    raise ExpressionError(f"A value of type {type(value).__name__} is not plain data and cannot be written")
