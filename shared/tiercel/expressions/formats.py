"""Java's two little languages of output: String.format and DecimalFormat."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from math import isfinite
from typing import TYPE_CHECKING, Any

from tiercel.errors import ExpressionError
from tiercel.expressions.arithmetic import EXACT
from tiercel.expressions.numbers import is_number, number_text
from tiercel.expressions.operators import boolean
from tiercel.expressions.runtime import Run
from tiercel.expressions.values import java_text, kind

if TYPE_CHECKING:
    from tiercel.expressions.numbers import Number

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
        return text.zfill(int(width or 0)) if "0" in flags else text.rjust(int(width or 0))

    return _SPECIFIER.sub(fill, pattern)


_NOT_GIVEN: Any = object()


def _argument(arguments: tuple[Any, ...], index: int) -> Any:
    return arguments[index - 1] if 1 <= index <= len(arguments) else _NOT_GIVEN


def _converted(value: Any, conversion: str, flags: str, precision: str | None, run: Run) -> str:
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


class _Pattern:
    """What a DecimalFormat pattern says about one number."""

    def __init__(self, pattern: str) -> None:
        positive, _, negative = pattern.partition(";")
        # of the second part only what stands around the digits counts
        around = re.fullmatch(r"((?:[^#0.,']|'[^']*')*)[#0.,]*((?:[^#0.,']|'[^']*')*)", negative)
        self.negative = (around[1], around[2]) if negative and around else None
        match = re.fullmatch(
            r"((?:[^#0.,']|'[^']*')*)([#0,]*)(?:\.([0#]*))?((?:[^#0.,']|'[^']*')*)", positive
        )
        if match is None or len(pattern) > 200:
            raise ExpressionError(f"`{pattern[:60]}` is not a DecimalFormat pattern: use one like #,##0.00")
        self.prefix, whole, fraction, self.suffix = (part or "" for part in match.groups())
        self.group = len(whole) - whole.rfind(",") - 1 if "," in whole else 0
        self.least_whole = whole.count("0")
        self.least, self.most = fraction.count("0"), len(fraction)
        if match[3] is not None and "0" not in whole + fraction:
            # Java takes the `#` beside the point as a `0`: #.## writes 0.5, .## writes .5 and 2.0
            self.least_whole, self.least = (1, 0) if "#" in whole else (0, min(1, self.most))
        self.factor = 100 if "%" in self.suffix + self.prefix else 1000 if "\u2030" in self.suffix else 1


def decimal_format(value: Number, pattern: str, locale: str | None) -> str:
    """Write a number by a DecimalFormat pattern; halves go to the even neighbour, as in Java."""
    if isinstance(value, float) and not isfinite(value):
        return "NaN" if value != value else "∞" if value > 0 else "-∞"
    shape = _Pattern(pattern)
    exact = EXACT.multiply(Decimal(number_text(value)), Decimal(shape.factor))
    rounded = exact.quantize(Decimal(1).scaleb(-shape.most), ROUND_HALF_EVEN, EXACT)
    sign, digits = ("-" if rounded < 0 else ""), format(abs(rounded), "f")
    whole, _, fraction = digits.partition(".")
    whole = ("" if whole == "0" and shape.least_whole == 0 else whole).zfill(shape.least_whole)
    fraction = fraction.rstrip("0").ljust(shape.least, "0")
    point, comma = _separators(locale)
    text = _grouped(whole, shape.group, comma) + (point + fraction if fraction else "")
    before, after = shape.prefix, shape.suffix
    if sign and shape.negative:
        sign, (before, after) = "", shape.negative
    return f"{sign}{_unquoted(before)}{text or '0'}{_unquoted(after)}"


def _grouped(whole: str, size: int, comma: str) -> str:
    if not size:
        return whole
    first = len(whole) % size or size
    return comma.join([whole[:first], *(whole[at : at + size] for at in range(first, len(whole), size))])


def _unquoted(text: str) -> str:
    return text.replace("''", "\0").replace("'", "").replace("\0", "'")


def _separators(locale: str | None) -> tuple[str, str]:
    if locale is None or locale.lower().startswith("en"):
        return ".", ","
    from tiercel.expressions.number_locales import separators

    return separators(locale)
