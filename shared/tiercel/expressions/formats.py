"""Java's String.format; DecimalFormat stands in `decimal_formats`."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from tiercel.errors import ExpressionError
from tiercel.expressions.arithmetic import EXACT
from tiercel.expressions.numbers import is_number, number_text
from tiercel.expressions.operators import boolean
from tiercel.expressions.runtime import Run
from tiercel.expressions.values import java_text, kind

WIDEST = 1000
_SPECIFIER = re.compile(r"%(?:(\d+)\$)?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([a-zA-Z%])")


def java_format(pattern: str, arguments: tuple[Any, ...], run: Run) -> str:
    """Fill the specifiers of a text: %s %S %d %x %o %f %e %b %c %n %%."""
    next_argument = iter(arguments)

    def fill(match: re.Match[str]) -> str:
        index, flags, width, precision, conversion = match.groups()
        if conversion in "n%":
            return "\n" if conversion == "n" else "%"
        if int(width or 0) > WIDEST or int(precision or 0) > WIDEST:
            raise ExpressionError(f"`format` pads to {WIDEST} characters at most")
        value = _argument(arguments, int(index)) if index else next(next_argument, _NOT_GIVEN)
        if value is _NOT_GIVEN:
            raise ExpressionError(f"`format` has no argument for `{match[0]}`")
        text = _converted(value, conversion, flags, precision, run)
        if "-" in flags:
            return text.ljust(int(width or 0))
        if "0" in flags and text.startswith("("):
            return "(" + text[1:].zfill(int(width or 0) - 1)
        return text.zfill(int(width or 0)) if "0" in flags else text.rjust(int(width or 0))

    return _SPECIFIER.sub(fill, pattern)


_NOT_GIVEN: Any = object()


def _argument(arguments: tuple[Any, ...], index: int) -> Any:
    return arguments[index - 1] if 1 <= index <= len(arguments) else _NOT_GIVEN


def _converted(value: Any, conversion: str, flags: str, precision: str | None, run: Run) -> str:
    """Write a value by its conversion; `(` puts parentheses in the place of a minus."""
    text = _signed(value, conversion, flags, precision, run)
    return f"({text[1:]})" if "(" in flags and text.startswith("-") and is_number(value) else text


def _signed(value: Any, conversion: str, flags: str, precision: str | None, run: Run) -> str:
    lower = conversion.lower()
    if lower in "sbc":
        text = "null" if value is None and lower != "b" else java_text(value, run)
        if lower == "b":
            text = (
                "true" if value is not None and (not isinstance(value, bool) or boolean(value)) else "false"
            )
        text = text[: int(precision)] if precision else text
        return text.upper() if conversion.isupper() else text
    if value is None:
        return "null"
    if not is_number(value) or lower not in "dxofe":
        raise ExpressionError(f"`format` cannot write {kind(value)} as `%{conversion}`")
    sign = "+" if "+" in flags else " " if " " in flags else ""
    comma = "," if "," in flags else ""
    if lower in "fe":
        digits = int(precision or 6)
        exact = Decimal(number_text(value))
        if lower == "f":
            # Java's Formatter takes halves up, away from zero
            exact = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, EXACT)
        # a Decimal's exponent has one digit where Java writes two
        text = format(exact if lower == "f" else float(exact), f"{sign}{comma}.{digits}{lower}")
        return text.upper() if conversion.isupper() else text
    if int(value) != value:
        raise ExpressionError(f"`format` writes only whole numbers as `%{conversion}`")
    return format(int(value), f"{sign}{comma}{conversion}")
