"""Values to JSON in Jackson's form; in a module of its own because most templates write texts and numbers."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from tiercel.errors import ExpressionError
from tiercel.expressions.arithmetic import Float32
from tiercel.expressions.moments import iso_text
from tiercel.expressions.numbers import is_number, number_text
from tiercel.expressions.values import DEEPEST, is_list, text_of

if TYPE_CHECKING:
    from tiercel.expressions.values import Reader

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
        if isinstance(value, dict):
            self._map(value, depth - 1)
        elif is_list(value):
            self._list(value, depth - 1)
        else:
            self._add(_other_scalar(value))

    def _charge(self, items: int) -> None:
        self._run.budget.spend(items + 1)
        if self._size > self._run.budget.largest:
            self._run.budget.build(self._size)

    def _map(self, value: dict[Any, Any], depth: int) -> None:
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
    return f'"{iso_text(value)}"'


def json_text(value: Any, run: Reader) -> str:
    """Write a value as compact JSON in Jackson's form."""
    return JsonWriter(run).text(value)
