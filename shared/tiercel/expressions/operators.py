"""What the operators between two values do."""

from __future__ import annotations

import operator

from tiercel.errors import ExpressionError
from tiercel.expressions.numbers import compare_numbers, is_number, is_whole, parse_number
from tiercel.expressions.values import contained, equal, is_list, java_text, kind, text_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tiercel.expressions.numbers import Number
    from tiercel.expressions.runtime import Run

LONGEST_RANGE = 1_000_000


def boolean(value: Any) -> bool:
    """Give the truth of a condition: numbers but 0, texts but the empty one are true; null is false."""
    if value is True or value is False:
        return bool(value)
    if value is None:
        return False
    if isinstance(value, str):
        return value != ""
    if is_number(value):
        return bool(value != 0)
    raise ExpressionError(
        f"A condition needs a boolean, a text or a number, not {kind(value)}: "
        "compare it, or test it with `is empty`"
    )


def add(left: Any, right: Any, run: Run) -> Any:
    """Add numbers, put texts together, append to a list."""
    if is_number(left) and is_number(right):
        return calculate("+", left, right)
    if isinstance(left, str) or isinstance(right, str):
        # Java's String.valueOf: beside `+` null is a word, beside `~` it is nothing
        return concatenate(tuple("null" if value is None else value for value in (left, right)), run)
    if is_list(left):
        added = list(right) if is_list(right) else [right]
        run.budget.build(len(left) + len(added))
        run.budget.spend((len(left) + len(added)) >> 4)
        return [*left, *added]
    return _calculated("+", left, right)


def subtract(left: Any, right: Any, run: Run) -> Any:
    """Subtract numbers, or take items out of a list."""
    if is_list(left):
        removed = right if is_list(right) else [right]
        return [item for item in left if not contained(item, removed, run)]
    return _calculated("-", left, right)


def _operand(value: Any) -> Any:
    """Give the number that a text stands for, as Pebble does since 4.1.2; any other value as it is."""
    number = parse_number(value) if isinstance(value, str) else value
    return value if number is None else number


def _short_of_a_number(value: Any) -> str:
    return "a text that is no number" if isinstance(_operand(value), str) else kind(value)


def _calculated(sign: str, left: Any, right: Any) -> Any:
    one, two = _operand(left), _operand(right)
    if is_number(one) and is_number(two):
        return calculate(sign, one, two)
    raise ExpressionError(
        f"`{sign}` needs two numbers, not {_short_of_a_number(left)} and {_short_of_a_number(right)}"
    )


def calculate(sign: str, left: Number, right: Number) -> Number:
    """Apply `+ - * / %` with Java's widening."""
    from tiercel.expressions import arithmetic

    return arithmetic.calculate(sign, left, right)


def concatenate(values: tuple[Any, ...], run: Run) -> str:
    """Put the texts of values together; null is nothing."""
    texts = [value if type(value) is str else java_text(value, run) for value in values]
    run.budget.build(sum(map(len, texts)))
    return "".join(texts)


def compare(sign: str, left: Any, right: Any) -> int:
    """Give -1, 0 or 1 for two numbers, texts or dates; a text beside a number is refused, as in Pebble."""
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    if is_number(left) and is_number(right):
        return compare_numbers(left, right)
    if type(left) is type(right) and (order := _order_of_dates(left, right)) is not None:
        return order
    hint = "; `| number` reads a text as one" if isinstance(left, str) or isinstance(right, str) else ""
    raise ExpressionError(f"`{sign}` cannot compare {kind(left)} with {kind(right)}{hint}")


def _order_of_dates(left: Any, right: Any) -> int | None:
    from datetime import date, datetime

    if isinstance(left, datetime) and bool(left.tzinfo) != bool(right.tzinfo):
        return None
    return (left > right) - (left < right) if isinstance(left, date) else None


def contains(left: Any, right: Any, run: Run) -> bool:
    """Say whether a list holds an item, a map a key, a text a text; of a list on the right, all of them."""
    if left is None:
        return False
    if isinstance(left, str):
        wanted = right if is_list(right) else [right]
        return all(item is not None and text_of(item, run) in left for item in wanted)
    if isinstance(left, dict):
        return all(contained(item, left, run) for item in (right if is_list(right) else [right]))
    if is_list(left):
        return all(contained(item, left, run) for item in (right if is_list(right) else [right]))
    raise ExpressionError(f"`contains` looks into a list, a map or a text, not into {kind(left)}")


def is_in(left: Any, right: Any, run: Run) -> bool:
    """Say whether a value is an item of a list, a key or a value of a map, a part of a text."""
    if right is None:
        return False
    if isinstance(right, dict):
        return contained(left, right, run) or contained(left, right.values(), run)
    if isinstance(right, str):
        return left is not None and text_of(left, run) in right
    if is_list(right):
        return contained(left, right, run)
    raise ExpressionError(f"`isIn` looks into a list, a map or a text, not into {kind(right)}")


def span(first: Any, last: Any, step: Any, run: Run) -> list[Any]:
    """Give the numbers, or the letters, from one to another, both included."""
    if isinstance(first, str) and isinstance(last, str) and len(first) == len(last) == 1:
        return [chr(code) for code in span(ord(first), ord(last), step, run)]
    for value in (first, last, 1 if step is None else step):
        if not is_whole(value):
            raise ExpressionError(
                f"A range goes between two whole numbers or two letters, not to {kind(value)}"
            )
    first, last = int(first), int(last)
    step = 1 if step is None else int(step)
    if step == 0:
        raise ExpressionError("A range cannot go by steps of 0")
    size = (last - first) // step + 1
    if size > LONGEST_RANGE:
        raise ExpressionError(f"A range cannot produce more than {LONGEST_RANGE} items; this one has {size}")
    run.budget.spend(max(size, 0))
    return list(range(first, last + (1 if step > 0 else -1), step))


def matches(left: Any, right: Any, run: Run) -> bool:
    """Say whether a regular expression matches the whole text."""
    from tiercel.expressions.regexes import regex

    if left is None:
        return False
    return regex(run.text(right, "The pattern of `matches`"), run.budget).whole(text_of(left, run))


def starts_with(left: Any, right: Any, run: Run) -> bool:
    """Say whether a text begins with another."""
    return left is not None and right is not None and text_of(left, run).startswith(text_of(right, run))


def ends_with(left: Any, right: Any, run: Run) -> bool:
    """Say whether a text ends with another."""
    return left is not None and right is not None and text_of(left, run).endswith(text_of(right, run))


def negate(value: Any) -> Any:
    """Give the opposite of a number."""
    value = _operand(value)
    if not is_number(value):
        raise ExpressionError(f"`-` needs a number, not {_short_of_a_number(value)}")
    return calculate("*", value, -1)


BINARY: dict[str, Callable[[Any, Any, Run], Any]] = {
    "==": equal,
    "equals": equal,
    "!=": lambda left, right, run: not equal(left, right, run),
    "<": lambda left, right, run: left is not None and right is not None and compare("<", left, right) < 0,
    ">": lambda left, right, run: left is not None and right is not None and compare(">", left, right) > 0,
    "<=": lambda left, right, run: left is not None and right is not None and compare("<=", left, right) <= 0,
    ">=": lambda left, right, run: left is not None and right is not None and compare(">=", left, right) >= 0,
    "+": add,
    "-": subtract,
    "*": lambda left, right, run: _calculated("*", left, right),
    "/": lambda left, right, run: _calculated("/", left, right),
    "%": lambda left, right, run: _calculated("%", left, right),
    "..": lambda left, right, run: span(left, right, None, run),
    "contains": contains,
    "isIn": is_in,
    "matches": matches,
    "starts with": starts_with,
    "ends with": ends_with,
}


UNARY: dict[str, Callable[[Any], Any]] = {
    "not": lambda value: not boolean(value),
    "-": negate,
    "+": lambda value: value,
}
SMALL = 1 << 31
# for two small whole numbers; to divide, the left one must not be negative and the right one positive
DIVISIONS = ("/", "%")
QUICK: dict[str, Callable[[Any, Any], Any]] = {
    "==": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    ">": operator.gt,
    "<=": operator.le,
    ">=": operator.ge,
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.floordiv,
    "%": operator.mod,
}
