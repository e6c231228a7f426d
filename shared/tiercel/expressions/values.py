"""Plain values: their text, truth and equality; walked with a budget, since a value may hold itself."""

from __future__ import annotations

from tiercel.errors import ExpressionError
from tiercel.expressions.numbers import compare_numbers, is_number, number_text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, Protocol

    from tiercel.expressions.budget import Budget

    class Reader(Protocol):
        """What walking a value needs: a budget, and a way to follow references into storage."""

        budget: Budget

        def follow(self, value: Any) -> Any:
            """Give the value that a reference stands for, or the value itself."""


DEEPEST = 200
LISTS = (list, tuple, set, frozenset)


def truthy(rendered: str | None) -> bool:
    """Say whether a rendered condition holds: "", "false", "0", "-0" and None do not, all else does."""
    return rendered is not None and rendered.strip().lower() not in ("", "false", "0", "-0")


def is_list(value: Any) -> bool:
    """Say whether the value is a list; tuples and sets count."""
    return isinstance(value, LISTS)


def is_reference(value: Any) -> bool:
    """Say whether the value stands for one kept in internal storage: exactly `$ref`, `size` and `sha256`."""
    return (
        type(value) is dict and len(value) == 3 and "$ref" in value and "size" in value and "sha256" in value
    )


def kind(value: Any) -> str:
    """Name the kind of a value in a sentence."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "a boolean"
    if isinstance(value, str):
        return "a text"
    if is_number(value):
        return "a number"
    if isinstance(value, dict):
        return "a map"
    if is_list(value):
        return "a list"
    from datetime import timedelta

    return "a duration" if isinstance(value, timedelta) else "a date"


def text_of(value: Any, run: Reader) -> str:
    """Write a value as output does: null as nothing, lists and maps as JSON."""
    if isinstance(value, str):
        return value if type(value) is str else str.__str__(value)
    if value is None:
        return ""
    if value is True or value is False:
        return "true" if value else "false"
    if is_number(value):
        return number_text(value)
    if isinstance(value, dict) or is_list(value):
        from tiercel.expressions.json_writer import json_text

        return json_text(value, run)
    from tiercel.expressions.moments import shown_text

    return shown_text(value)


def java_text(value: Any, run: Reader) -> str:
    """Write a value as Java's toString does, which is what `~` and `join` use: `[a, b]`, `{k=v}`."""
    if type(value) is int:
        return str(value)
    if not isinstance(value, (*LISTS, dict)):
        return text_of(value, run)
    parts: list[str] = []
    _java(value, parts, run, DEEPEST)
    return "".join(parts)


def _java(value: Any, parts: list[str], run: Reader, depth: int) -> None:
    run.budget.spend()
    if depth < 0:
        raise ExpressionError(f"The value is nested more than {DEEPEST} levels deep")
    value = run.follow(value)
    if isinstance(value, dict):
        opening, separator = "{", ""
        for key, item in value.items():
            parts.append(f"{opening}{separator}{key}=")
            _java(item, parts, run, depth - 1)
            opening, separator = "", ", "
        parts.append("}" if value else "{}")
    elif is_list(value):
        separator = "["
        for item in value:
            parts.append(separator)
            _java(item, parts, run, depth - 1)
            separator = ", "
        parts.append("]" if value else "[]")
    else:
        text = "null" if value is None else text_of(value, run)
        run.budget.build(len(text))
        parts.append(text)


def equal(left: Any, right: Any, run: Reader, depth: int = DEEPEST) -> bool:
    """Say whether two values are the same: numbers by value, a text never equals a number."""
    if isinstance(left, str) and isinstance(right, str):
        return left == right
    if is_number(left) and is_number(right):
        return compare_numbers(left, right) == 0 and left == left and right == right
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if left is None or right is None:
        return left is right
    return _equal_structures(run.follow(left), run.follow(right), run, depth)


def _equal_structures(left: Any, right: Any, run: Reader, depth: int) -> bool:
    run.budget.spend(3)
    if depth < 0:
        raise ExpressionError(f"The value is nested more than {DEEPEST} levels deep")
    if isinstance(left, dict) and isinstance(right, dict):
        return len(left) == len(right) and all(
            key in right and equal(item, right[key], run, depth - 1) for key, item in left.items()
        )
    if is_list(left) and is_list(right):
        pairs = zip(left, right, strict=False)
        return len(left) == len(right) and all(equal(one, two, run, depth - 1) for one, two in pairs)
    from tiercel.expressions.moments import DATES

    return type(left) is type(right) and isinstance(left, DATES) and bool(left == right)


def contained(item: Any, items: Any, run: Reader) -> bool:
    """Say whether a list holds an item."""
    run.budget.spend(len(items))
    return any(equal(item, other, run) for other in items)
