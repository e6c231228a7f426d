"""Numbers: which values are some, their text and their order; what Java calculates stands in `arithmetic`.

An int stands for Integer, Long and BigInteger, a float for Double, a Decimal for BigDecimal.
"""

from __future__ import annotations

from tiercel.errors import ExpressionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from decimal import Decimal
    from typing import Any, TypeAlias

    Number: TypeAlias = int | float | Decimal

INFINITY = float("inf")
COMMON = (int, float)
NO_NUMBERS = (str, dict, list, tuple, type(None))


def is_number(value: Any) -> bool:
    """Say whether the value is a number; true and false are none."""
    if isinstance(value, COMMON):
        return value is not True and value is not False
    if isinstance(value, NO_NUMBERS):
        return False
    from decimal import Decimal

    return isinstance(value, Decimal)


def is_whole(value: Any) -> bool:
    """Say whether the value is a number without a fraction."""
    return is_number(value) and -INFINITY < value < INFINITY and int(value) == value


def number_text(value: Number) -> str:
    """Write a number as Java prints it; a BigDecimal without an exponent."""
    if isinstance(value, int):
        return str(int(value))
    from tiercel.expressions.arithmetic import fraction_text

    return fraction_text(value)


def compare_numbers(left: Number, right: Number) -> int:
    """Give -1, 0 or 1; 0 also where one is no number at all."""
    if left != left or right != right:
        return 0
    if isinstance(left, COMMON) and isinstance(right, COMMON):
        return (left > right) - (left < right)
    from tiercel.expressions.arithmetic import compare_mixed

    return compare_mixed(left, right)


def parse_number(text: str) -> int | float | None:
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
    return number if -INFINITY < number < INFINITY else None


def whole(value: Any, what: str) -> int:
    """Give a whole number where one is needed; a text that reads as one will do."""
    if isinstance(value, str):
        value = parse_number(value)
    if not is_whole(value):
        raise ExpressionError(f"{what} must be a whole number")
    return int(value)
