"""The tests of `is` and `is not`."""

from __future__ import annotations

from tiercel.errors import ExpressionError
from tiercel.expressions.numbers import is_whole
from tiercel.expressions.values import is_list, kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tiercel.expressions.runtime import Run


def null(run: Run, value: Any) -> bool:
    """Say whether a value is null."""
    return value is None


def defined(run: Run, value: Any) -> bool:
    """Say whether a value is there; null is not, as in Pebble."""
    return value is not None


def empty(run: Run, value: Any) -> bool:
    """Say whether a value is null, a blank text, or a list or map without items."""
    if isinstance(value, str):
        return not value.strip()
    return value is None or ((is_list(value) or isinstance(value, dict)) and not value)


def _whole(value: Any, test: str) -> int:
    if not is_whole(value):
        raise ExpressionError(f"`is {test}` needs a whole number, not {kind(value)}")
    return int(value)


def even(run: Run, value: Any) -> bool:
    """Say whether a number is even."""
    return (value if type(value) is int else _whole(value, "even")) % 2 == 0


def odd(run: Run, value: Any) -> bool:
    """Say whether a number is odd."""
    return (value if type(value) is int else _whole(value, "odd")) % 2 == 1


def iterable(run: Run, value: Any) -> bool:
    """Say whether a value is a list."""
    return is_list(value)


def map_(run: Run, value: Any) -> bool:
    """Say whether a value is a map."""
    return isinstance(value, dict)


def json(run: Run, value: Any) -> bool:
    """Say whether a text is valid JSON."""
    from tiercel.expressions.json_reader import read_json

    if not isinstance(value, str):
        return False
    try:
        read_json(value)
    except ExpressionError:
        return False
    return True
