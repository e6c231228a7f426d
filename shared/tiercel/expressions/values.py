"""Plain values: their text, truth and equality; walked with a budget, since a value may hold itself."""

import re
from collections.abc import Callable, Mapping
from datetime import date, time, timedelta
from decimal import Decimal
from typing import Any, Protocol

from tiercel.errors import ExpressionError
from tiercel.expressions.budget import Budget
from tiercel.expressions.moments import iso_text, shown_text
from tiercel.expressions.numbers import Float32, compare_numbers, is_number, number_text

DEEPEST = 200
LISTS = (list, tuple, set, frozenset)
DATES = (date, time, timedelta)


class Reader(Protocol):
    """What walking a value needs: a budget, and a way to follow references into storage."""

    budget: Budget

    def follow(self, value: Any) -> Any:
        """Give the value that a reference stands for, or the value itself."""


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
    if isinstance(value, Mapping):
        return "a map"
    if is_list(value):
        return "a list"
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
    if isinstance(value, DATES):
        return shown_text(value)
    return json_text(value, run)


def java_text(value: Any, run: Reader) -> str:
    """Write a value as Java's toString does, which is what `~` and `join` use: `[a, b]`, `{k=v}`."""
    if type(value) is int:
        return str(value)
    if not isinstance(value, LISTS) and not isinstance(value, Mapping):
        return text_of(value, run)
    parts: list[str] = []
    _java(value, parts, run, DEEPEST)
    return "".join(parts)


def _java(value: Any, parts: list[str], run: Reader, depth: int) -> None:
    run.budget.spend()
    if depth < 0:
        raise ExpressionError(f"The value is nested more than {DEEPEST} levels deep")
    value = run.follow(value)
    if isinstance(value, Mapping):
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


_UNSAFE = re.compile(r'["\\\x00-\x1f]')
_SHORT = {'"': '\\"', "\\": "\\\\", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r"}


def json_string(text: str) -> str:
    """Quote a text as Jackson does: nothing but quotes, backslashes and control characters is escaped."""
    if _UNSAFE.search(text) is None:
        return f'"{text}"'
    return '"' + _UNSAFE.sub(lambda match: _SHORT.get(match[0]) or f"\\u{ord(match[0]):04X}", text) + '"'


def _json_float(value: float) -> str:
    text = number_text(value)
    return f'"{text}"' if text[-1] in "Ny" else text


_JSON_SCALARS: dict[type, Callable[[Any], str]] = {
    str: json_string,
    int: str,
    float: _json_float,
    Float32: _json_float,
    bool: lambda value: "true" if value else "false",
    type(None): lambda value: "null",
    Decimal: str,
}


class JsonWriter:
    """Write one value as compact JSON."""

    def __init__(self, run: Reader) -> None:
        self._run = run
        self._parts: list[str] = []
        self._size = 0
        self._add = self._parts.append

    def text(self, value: Any) -> str:
        """Give the JSON of a value."""
        self._write(value, DEEPEST)
        return "".join(self._parts)

    def _write(self, value: Any, depth: int) -> None:
        scalar = _JSON_SCALARS.get(type(value))
        if scalar is not None:
            text = scalar(value)
            self._size += len(text)
            self._add(text)
            return
        if depth < 0:
            raise ExpressionError(f"The value is nested more than {DEEPEST} levels deep")
        value = self._run.follow(value)
        if isinstance(value, Mapping):
            self._map(value, depth - 1)
        elif is_list(value):
            self._list(value, depth - 1)
        else:
            self._add(_other_scalar(value))

    def _charge(self, items: int) -> None:
        self._run.budget.spend(items + 1)
        if self._size > self._run.budget.largest:
            self._run.budget.build(self._size)

    def _map(self, value: Mapping[Any, Any], depth: int) -> None:
        self._charge(len(value))
        before = "{"
        for key, item in value.items():
            name = key if isinstance(key, str) else text_of(key, self._run)
            quoted = json_string(name)
            self._size += len(quoted) + 2
            self._add(f"{before}{quoted}:")
            self._write(item, depth)
            before = ","
        self._add("}" if value else "{}")

    def _list(self, value: Any, depth: int) -> None:
        self._charge(len(value))
        before = "["
        for item in value:
            self._add(before)
            self._write(item, depth)
            before = ","
        self._add("]" if value else "[]")


def _other_scalar(value: Any) -> str:
    if isinstance(value, str):
        return json_string(str.__str__(value))
    if is_number(value):
        return number_text(value)
    if isinstance(value, DATES):
        return f'"{iso_text(value)}"'
    raise ExpressionError(f"A value of type {type(value).__name__} is not plain data and cannot be written")


def json_text(value: Any, run: Reader) -> str:
    """Write a value as compact JSON in Jackson's form."""
    return JsonWriter(run).text(value)


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
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        return len(left) == len(right) and all(
            key in right and equal(item, right[key], run, depth - 1) for key, item in left.items()
        )
    if is_list(left) and is_list(right):
        pairs = zip(left, right, strict=False)
        return len(left) == len(right) and all(equal(one, two, run, depth - 1) for one, two in pairs)
    return type(left) is type(right) and isinstance(left, DATES) and bool(left == right)


def contained(item: Any, items: Any, run: Reader) -> bool:
    """Say whether a list holds an item."""
    run.budget.spend(len(items))
    return any(equal(item, other, run) for other in items)
