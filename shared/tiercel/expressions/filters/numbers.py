"""Filters of numbers."""

from decimal import Decimal, InvalidOperation
from typing import Any

from tiercel.errors import ExpressionError
from tiercel.expressions.arithmetic import MOST_BITS, Float32
from tiercel.expressions.numbers import is_number, parse_number
from tiercel.expressions.runtime import Run
from tiercel.expressions.values import kind

MOST_DIGITS = 2000
WHOLE_BITS = {"INT": 31, "LONG": 63, "BIGINTEGER": MOST_BITS}


def abs_(run: Run, value: Any) -> Any:
    """Give a number without its sign."""
    if value is None:
        return None
    if not is_number(value):
        raise ExpressionError(f"`abs` works on a number, not on {kind(value)}")
    return Float32(abs(value)) if isinstance(value, Float32) else abs(value)


def number(run: Run, value: Any, type: Any = None) -> Any:
    """Read a text as a number: INT, LONG, BIGINTEGER, FLOAT, DOUBLE or BIGDECIMAL, or what it looks like."""
    if value is None or (is_number(value) and type is None):
        return value
    text = run.text(value, "What `number` reads").strip()
    if len(text) > MOST_DIGITS or "_" in text:
        raise ExpressionError("This text is not a number")
    wanted = run.text(type, "The type of `number`").upper() if type is not None else None
    try:
        return _guessed(text) if wanted is None else _read(text, wanted)
    except (ValueError, InvalidOperation, OverflowError) as error:
        raise ExpressionError(f"This text is not a number{f' of type {wanted}' if wanted else ''}") from error


def _guessed(text: str) -> Any:
    found = parse_number(text)
    if found is None:
        raise ValueError(text)
    # Kestra's guess for a fraction is a Float
    return found if isinstance(found, int) else Float32(float(found))


def _read(text: str, wanted: str) -> Any:
    if wanted in WHOLE_BITS:
        whole = int(text)
        if whole.bit_length() > WHOLE_BITS[wanted]:
            raise ValueError(text)
        return whole
    if wanted == "FLOAT":
        return Float32(text)
    if wanted == "DOUBLE":
        return float(text)
    if wanted == "BIGDECIMAL":
        return Decimal(text)
    known = "INT, LONG, FLOAT, DOUBLE, BIGDECIMAL, BIGINTEGER"
    raise ExpressionError(f"Unknown type `{wanted[:40]}` for `number`; known: {known}")


def number_format(run: Run, value: Any, format: Any = None, locale: Any = None) -> str | None:
    """Write a number by a Java DecimalFormat pattern: `#,##0.00`."""
    from tiercel.expressions.decimal_formats import decimal_format

    if value is None:
        return None
    found: Any = parse_number(value) if isinstance(value, str) else value
    if not is_number(found):
        raise ExpressionError(f"`numberFormat` works on a number, not on {kind(value)}")
    pattern = "#,##0.###" if format is None else run.text(format, "The pattern of `numberFormat`")
    return decimal_format(found, pattern, None if locale is None else run.text(locale, "The locale"))
