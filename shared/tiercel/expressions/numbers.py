"""Numbers as Java has them: their text, and their arithmetic.

An int stands for Integer, Long and BigInteger, a float for Double, Float32 for Float, Decimal for BigDecimal.
"""

import struct
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Context, Decimal
from math import copysign, fmod, isfinite, isinf, isnan
from typing import Any, TypeAlias

from tiercel.errors import ExpressionError

MOST_BITS = 8192
MOST_DECIMAL_EXPONENT = 1000
DECIMAL128 = Context(prec=34, rounding=ROUND_HALF_EVEN)
EXACT = Context(prec=2000)


class Float32(float):
    """A Java float: rounded to 32 bits, and written with the fewest digits that give it back."""

    __slots__ = ()

    def __new__(cls, value: float | str) -> "Float32":
        """Round a number to 32 bits."""
        number = float(value)
        if isfinite(number):
            try:
                number = struct.unpack("f", struct.pack("f", number))[0]
            except OverflowError:
                number = copysign(float("inf"), number)
        return super().__new__(cls, number)


Number: TypeAlias = int | float | Decimal
NUMBERS = (int, float, Decimal)


def is_number(value: Any) -> bool:
    """Say whether the value is a number; true and false are none."""
    return isinstance(value, NUMBERS) and value is not True and value is not False


def number_text(value: Number) -> str:
    """Write a number as Java prints it; a BigDecimal without an exponent."""
    if isinstance(value, int):
        return str(int(value))
    if isinstance(value, Decimal):
        return plain_decimal(value)
    return _float_text(value)


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
    if left.bit_length() + right.bit_length() > MOST_BITS:
        raise ExpressionError("The numbers are too large to calculate with")
    if operator == "+":
        return left + right
    if operator == "-":
        return left - right
    if operator == "*":
        return left * right
    quotient = _truncated(left, right)
    return quotient if operator == "/" else left - quotient * right


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


def compare_numbers(left: Number, right: Number) -> int:
    """Give -1, 0 or 1; 0 also where one is no number at all."""
    if isnan(left) or isnan(right):
        return 0
    if isinstance(left, float) and isinstance(right, Decimal):
        left = _as_decimal(left)
    elif isinstance(right, float) and isinstance(left, Decimal):
        right = _as_decimal(right)
    return (left > right) - (left < right)


def parse_number(text: str) -> Number | None:
    """Read a text as a number; None when it is none."""
    stripped = text.strip()
    if len(stripped) > 400 or "_" in stripped:
        return None
    try:
        return int(stripped)
    except ValueError:
        pass
    try:
        number = float(stripped)
    except ValueError:
        return None
    return number if isfinite(number) else None


def whole(value: Any, what: str) -> int:
    """Give a whole number where one is needed; a text that reads as one will do."""
    if isinstance(value, str):
        value = parse_number(value)
    if not is_number(value) or not isfinite(value) or int(value) != value:
        raise ExpressionError(f"{what} must be a whole number")
    return int(value)
