"""Arithmetic as Java has it, and the text of fractions; loaded for more than small whole numbers.

A float stands for Double, Float32 for Float, Decimal for BigDecimal.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from math import copysign, fmod, isfinite, isinf, isnan
from typing import TYPE_CHECKING

from tiercel.errors import ExpressionError
from tiercel.expressions.numbers import number_text

if TYPE_CHECKING:
    from tiercel.expressions.numbers import Number

MOST_BITS = 8192
LONG = 1 << 63
MOST_DECIMAL_EXPONENT = 1000
DECIMAL128 = Context(prec=34, rounding=ROUND_HALF_EVEN)
EXACT = Context(prec=2000)


class Float32(float):
    """A Java float: rounded to 32 bits, and written with the fewest digits that give it back."""

    __slots__ = ()

    def __new__(cls, value: float | str) -> Float32:
        """Round a number to 32 bits."""
        number = float(value)
        if isfinite(number):
            try:
                number = struct.unpack("f", struct.pack("f", number))[0]
            except OverflowError:
                number = copysign(float("inf"), number)
        return super().__new__(cls, number)


def fraction_text(value: float | Decimal) -> str:
    """Write a float as Java prints it, a BigDecimal without an exponent."""
    return plain_decimal(value) if isinstance(value, Decimal) else _float_text(value)


def plain_decimal(value: Decimal) -> str:
    """Write a BigDecimal without an exponent."""
    if value.is_finite() and abs(value.adjusted()) > MOST_DECIMAL_EXPONENT:
        return str(value)
    return format(value, "f")


def _shortest32(value: float) -> str:
    for digits in range(1, 10):
        text = f"{value:.{digits}g}"
        if struct.pack("f", float(text)) == struct.pack("f", value):
            return repr(float(text))
    return repr(float(value))


def _float_text(value: float) -> str:
    if isnan(value):
        return "NaN"
    if isinf(value):
        return "Infinity" if value > 0 else "-Infinity"
    text = _shortest32(value) if isinstance(value, Float32) else float.__repr__(value)
    if value == 0.0 or 1e-3 <= abs(value) < 1e7:
        return text
    return _scientific(text)


def _scientific(text: str) -> str:
    """Turn Python's digits into Java's form: one digit, a point, the rest, and E with the exponent."""
    sign, digits, exponent = Decimal(text).as_tuple()
    mantissa = "".join(map(str, digits)).rstrip("0")
    power = int(exponent) + len(digits) - 1
    return f"{'-' if sign else ''}{mantissa[0]}.{mantissa[1:] or '0'}E{power}"


def _rank(value: Number) -> int:
    if isinstance(value, Decimal):
        return 3
    if isinstance(value, Float32):
        return 1
    return 2 if isinstance(value, float) else 0


def _as_decimal(value: Number) -> Decimal:
    if isinstance(value, Decimal):
        return value
    return Decimal(value if isinstance(value, int) else _float_text(value))


def _truncated(left: int, right: int) -> int:
    quotient = abs(left) // abs(right)
    return quotient if (left < 0) == (right < 0) else -quotient


def _integer(operator: str, left: int, right: int) -> int:
    if operator in "/%":
        quotient = _truncated(left, right)
        return _wrapped(quotient if operator == "/" else left - quotient * right, left, right)
    if left.bit_length() + right.bit_length() > MOST_BITS:
        raise ExpressionError("The numbers are too large to calculate with")
    result = left + right if operator == "+" else left - right if operator == "-" else left * right
    return _wrapped(result, left, right)


def _wrapped(result: int, left: int, right: int) -> int:
    """Give what is left of a result in a Long's 64 bits; what is no Long to begin with is a BigInteger."""
    if -LONG <= result < LONG or not (-LONG <= left < LONG and -LONG <= right < LONG):
        return result
    return (result + LONG) % (2 * LONG) - LONG


_FLOAT: dict[str, Callable[[float, float], float]] = {
    "+": lambda left, right: left + right,
    "-": lambda left, right: left - right,
    "*": lambda left, right: left * right,
    "/": lambda left, right: left / right,
    "%": fmod,
}
_DECIMAL: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": EXACT.add,
    "-": EXACT.subtract,
    "*": EXACT.multiply,
    "/": DECIMAL128.divide,
    "%": EXACT.remainder,
}


def calculate(operator: str, left: Number, right: Number) -> Number:
    """Apply `+ - * / %` with Java's widening: whole numbers divide to a whole number."""
    if operator in "/%" and right == 0:
        if isinstance(left, float) or isinstance(right, float):
            return _by_zero(operator, float(left))
        raise ExpressionError(f"Division by zero: {number_text(left)} {operator} {number_text(right)}")
    rank = max(_rank(left), _rank(right))
    try:
        if rank == 0:
            return _integer(operator, int(left), int(right))
        if rank == 3:
            return _DECIMAL[operator](_as_decimal(left), _as_decimal(right))
        result = _FLOAT[operator](float(left), float(right))
        return Float32(result) if rank == 1 else result
    except (ArithmeticError, ValueError) as error:
        raise ExpressionError(f"The numbers do not allow `{operator}`: the result is out of range") from error


def _by_zero(operator: str, left: float) -> float:
    """Divide a float by zero as Java does."""
    if operator == "%" or left == 0 or isnan(left):
        return float("nan")
    return copysign(float("inf"), left)


def compare_mixed(left: Number, right: Number) -> int:
    """Compare a BigDecimal with any number; a float counts as what it is written as."""
    one, two = (_as_decimal(value) if isinstance(value, float) else value for value in (left, right))
    return (one > two) - (one < two)
