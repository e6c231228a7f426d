"""Java's DecimalFormat: patterns like `#,##0.00`, `0.0%` and `0.###E0`."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Context, Decimal
from math import isfinite
from typing import TYPE_CHECKING

from tiercel.errors import ExpressionError
from tiercel.expressions.arithmetic import EXACT
from tiercel.expressions.numbers import number_text

if TYPE_CHECKING:
    from tiercel.expressions.numbers import Number


class _Pattern:
    """What a DecimalFormat pattern says about one number."""

    def __init__(self, pattern: str) -> None:
        positive, _, negative = pattern.partition(";")
        # of the second part only what stands around the digits counts
        around = re.fullmatch(r"((?:[^#0.,']|'[^']*')*)[#0.,]*((?:[^#0.,']|'[^']*')*)", negative)
        self.negative = (around[1], around[2]) if negative and around else None
        match = re.fullmatch(
            r"((?:[^#0.,']|'[^']*')*)([#0,]*)(?:\.([0#]*))?(?:E(0+))?((?:[^#0.,']|'[^']*')*)", positive
        )
        if match is None or len(pattern) > 200:
            raise ExpressionError(f"`{pattern[:60]}` is not a DecimalFormat pattern: use one like #,##0.00")
        self.prefix, whole, fraction, exponent, self.suffix = (part or "" for part in match.groups())
        self.most_whole, self.exponent = len(whole), len(exponent)
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
    exact, ties = _decimal(value, shape.factor)
    point, comma = _separators(locale)
    text = (
        _scientific(abs(exact), ties, shape, point)
        if shape.exponent
        else _plain(abs(exact), ties, shape, point, comma)
    )
    before, after = shape.prefix, shape.suffix
    # a double's -0.0, and what is rounded to nothing, keep their sign, as in Java
    sign = "-" if exact < 0 or (isinstance(value, float) and exact.is_signed()) else ""
    if sign and shape.negative:
        sign, (before, after) = "", shape.negative
    return f"{sign}{_unquoted(before)}{text}{_unquoted(after)}"


def _decimal(value: Number, factor: int) -> tuple[Decimal, str]:
    """Give the digits of a number, and how a tie among them is to be rounded.

    Behind 2.345 stands a double that is a little more, behind 2.355 one that is a little less.
    """
    if not isinstance(value, float):
        return EXACT.multiply(Decimal(number_text(value)), Decimal(factor)), ROUND_HALF_EVEN
    number = float(value) * factor
    digits, held = Decimal(repr(number)), abs(Decimal(number))
    if held == abs(digits):
        return digits, ROUND_HALF_EVEN
    return digits, ROUND_HALF_UP if held > abs(digits) else ROUND_HALF_DOWN


def _plain(value: Decimal, ties: str, shape: _Pattern, point: str, comma: str) -> str:
    digits = format(value.quantize(Decimal(1).scaleb(-shape.most), ties, EXACT), "f")
    whole, _, fraction = digits.partition(".")
    whole = ("" if whole == "0" and shape.least_whole == 0 else whole).zfill(shape.least_whole)
    fraction = fraction.rstrip("0").ljust(shape.least, "0")
    return _grouped(whole, shape.group, comma) + (point + fraction if fraction else "") or "0"


def _scientific(value: Decimal, ties: str, shape: _Pattern, point: str) -> str:
    """Write a mantissa and an exponent, which goes by steps where the pattern has `#` before its `0`."""
    rounded = Context(shape.most_whole + shape.most or 1, ties).plus(value)
    digits = "".join(map(str, rounded.as_tuple().digits)).rstrip("0")
    # the number is 0.DIGITS times ten to this power
    power = rounded.adjusted() + 1 if digits else 0
    if 1 < shape.most_whole > shape.least_whole:
        exponent, least = (power - 1) // shape.most_whole * shape.most_whole, 1
    else:
        exponent, least = power - shape.least_whole, shape.least_whole
    exponent = exponent if digits else 0
    whole = power - exponent if digits else least
    digits = digits.ljust(max(whole, shape.least_whole + shape.least), "0")
    fraction = digits[whole:]
    sign = "-" if exponent < 0 else ""
    return f"{digits[:whole]}{point + fraction if fraction else ''}E{sign}{abs(exponent):0{shape.exponent}d}"


def _grouped(whole: str, size: int, comma: str) -> str:
    if not size:
        return whole
    first = len(whole) % size or size
    return comma.join([whole[:first], *(whole[at : at + size] for at in range(first, len(whole), size))])


def _unquoted(text: str) -> str:
    # Kestra's image speaks the English of the United States
    return text.replace("''", "\0").replace("'", "").replace("\0", "'").replace("\u00a4", "$")


def _separators(locale: str | None) -> tuple[str, str]:
    if locale is None or locale.lower().startswith("en"):
        return ".", ","
    from tiercel.expressions.number_locales import separators

    return separators(locale)
