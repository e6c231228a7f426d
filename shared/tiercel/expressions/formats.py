"""Java's String.format; DecimalFormat stands in `decimal_formats`."""

from __future__ import annotations

import re
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

from tiercel.errors import ExpressionError
from tiercel.expressions.arithmetic import EXACT
from tiercel.expressions.numbers import is_number, is_whole, number_text
from tiercel.expressions.operators import boolean
from tiercel.expressions.runtime import Run
from tiercel.expressions.values import java_text, kind

WIDEST = 1000
_SPECIFIER = re.compile(r"%(?:(\d+)\$|(<))?([-#+ 0,(]*)(\d+)?(?:\.(\d+))?([tT][a-zA-Z]|[a-zA-Z%])")
# what `%tY` and its like write, as date patterns
_DATES = {
    "Y": "yyyy", "y": "yy", "m": "MM", "B": "MMMM", "b": "MMM", "h": "MMM", "d": "dd", "e": "d", "j": "DDD",
    "A": "EEEE", "a": "EEE", "H": "HH", "k": "H", "I": "hh", "l": "h", "M": "mm", "S": "ss", "L": "SSS",
    "N": "SSSSSSSSS", "z": "xx", "Z": "z", "F": "yyyy-MM-dd", "T": "HH:mm:ss", "R": "HH:mm",
    "D": "MM/dd/yy", "r": "hh:mm:ss a", "c": "EEE MMM dd HH:mm:ss z yyyy",
}  # fmt: skip
LONG_BITS = 64
_NOT_GIVEN: Any = object()


def java_format(pattern: str, arguments: tuple[Any, ...], run: Run) -> str:
    """Fill the specifiers of a text: %s %S %d %x %o %f %e %b %c %n %%."""
    next_argument, last = iter(arguments), _NOT_GIVEN

    def fill(match: re.Match[str]) -> str:
        nonlocal last
        index, again, flags, width, precision, conversion = match.groups()
        if conversion == "n":
            return "\n"
        if int(width or 0) > WIDEST or int(precision or 0) > WIDEST:
            raise ExpressionError(f"`format` pads to {WIDEST} characters at most")
        if conversion == "%":
            return "%".ljust(int(width or 0)) if "-" in flags else "%".rjust(int(width or 0))
        if not again:
            last = _argument(arguments, int(index)) if index else next(next_argument, _NOT_GIVEN)
        value = last
        if value is _NOT_GIVEN:
            raise ExpressionError(f"`format` has no argument for `{match[0]}`")
        text = _converted(value, conversion, flags, precision, run)
        if "-" in flags:
            return text.ljust(int(width or 0))
        if "0" in flags and text.startswith("("):
            return "(" + text[1:].zfill(int(width or 0) - 1)
        return text.zfill(int(width or 0)) if "0" in flags else text.rjust(int(width or 0))

    return _SPECIFIER.sub(fill, pattern)


def _argument(arguments: tuple[Any, ...], index: int) -> Any:
    return arguments[index - 1] if 1 <= index <= len(arguments) else _NOT_GIVEN


def _converted(value: Any, conversion: str, flags: str, precision: str | None, run: Run) -> str:
    """Write a value by its conversion; `(` puts parentheses in the place of a minus."""
    text = _signed(value, conversion, flags, precision, run)
    return f"({text[1:]})" if "(" in flags and text.startswith("-") and is_number(value) else text


def _signed(value: Any, conversion: str, flags: str, precision: str | None, run: Run) -> str:
    lower = conversion.lower()
    if lower[0] == "t" and value is not None:
        return _dated(value, conversion)
    if lower == "h" and isinstance(value, str):
        return f"{_hash_code(value):{conversion.replace('h', 'x').replace('H', 'X')}}"
    if lower == "c" and is_whole(value):
        value = chr(value)
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
    if not is_number(value) or lower not in "dxofeg":
        raise ExpressionError(f"`format` cannot write {kind(value)} as `%{conversion}`")
    sign = "+" if "+" in flags else " " if " " in flags else ""
    comma = "," if "," in flags else ""
    if lower in "feg":
        digits = int(precision or 6)
        exact = Decimal(number_text(value))
        if lower == "g":
            lower, digits = _general(exact, digits)
        if lower == "f":
            # Java's Formatter takes halves up, away from zero
            exact = exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, EXACT)
        # a Decimal's exponent has one digit where Java writes two
        text = format(exact if lower == "f" else float(exact), f"{sign}{comma}.{digits}{lower}")
        return text.upper() if conversion.isupper() else text
    if int(value) != value:
        raise ExpressionError(f"`format` writes only whole numbers as `%{conversion}`")
    if lower == "d":
        return format(int(value), f"{sign}{comma}d")
    # Java writes the 64 bits of a negative Long
    bits = int(value) % (1 << LONG_BITS) if value < 0 else int(value)
    prefix = {"x": "0x", "o": "0"}[lower] if "#" in flags else ""
    return f"{prefix}{bits:{lower}}".upper() if conversion.isupper() else f"{prefix}{bits:{lower}}"


def _general(value: Decimal, digits: int) -> tuple[str, int]:
    """Choose between `%f` and `%e` as `%g` does, with so many digits in all."""
    digits = max(digits, 1)
    rounded = Context(digits, ROUND_HALF_UP).plus(abs(value))
    if not rounded:
        return "f", digits - 1
    if Decimal("0.0001") <= rounded < Decimal(10) ** digits:
        return "f", max(digits - 1 - rounded.adjusted(), 0)
    return "e", digits - 1


def _hash_code(text: str) -> int:
    code = 0
    for letter in text:
        code = (31 * code + ord(letter)) & 0xFFFFFFFF
    return code


def _dated(value: Any, conversion: str) -> str:
    from tiercel.expressions.dates import moment, written

    if conversion[1] not in _DATES:
        raise ExpressionError(f"`format` knows no `%{conversion}`; known: {', '.join(_DATES)} after `%t`")
    text = written(moment(value, None), _DATES[conversion[1]], None)
    return text.upper() if conversion[0] == "T" else text
