"""The methods that flows call on plain values, `rows.size()`, in a closed table: no attribute is looked up.

Java's String, List, Map and Number have many more; these read, and every one of them is written out here.
"""

from collections.abc import Callable, Mapping
from typing import Any

from tiercel.errors import ExpressionError
from tiercel.expressions.arithmetic import calculate
from tiercel.expressions.numbers import compare_numbers, is_number, whole
from tiercel.expressions.operators import concatenate
from tiercel.expressions.problems import known_instead
from tiercel.expressions.regexes import regex
from tiercel.expressions.runtime import NOTHING, Run
from tiercel.expressions.values import contained, equal, is_list, java_text, kind, text_of

JAVA_SPACE = "".join(map(chr, range(33)))
Method = Callable[..., Any]


def called(run: Run, holder: Any, name: str, given: list[Any]) -> Any:
    """Call a method of a value."""
    if holder is None:
        raise ExpressionError(
            f"`.{name}(…)` cannot be called on null: test it with `is not null`, or use `??`"
        )
    methods = _methods_of(holder)
    method = methods.get(name)
    if method is None:
        raise ExpressionError(f"There is no method `{name}` of {kind(holder)}{known_instead(name, methods)}")
    code = method.__code__
    most = code.co_argcount - 2
    least = most - len(method.__defaults__ or ())
    if not least <= len(given) <= most:
        raise ExpressionError(
            f"The method `{name}` takes {_counted(least, most)}, but {len(given)} are given"
        )
    run.budget.spend(1 + (len(holder) >> 6 if isinstance(holder, str | list | dict) else 0))
    return method(run, holder, *given)


def property_of(run: Run, holder: Any, name: str) -> Any:
    """Give what a method without arguments gives where a template leaves the parentheses out."""
    method = _methods_of(holder).get(name)
    if method is None or method.__code__.co_argcount != 2:
        return NOTHING
    return method(run, holder)


def _counted(least: int, most: int) -> str:
    if least == most:
        return f"{least} argument{'' if least == 1 else 's'}"
    return f"{least} to {most} arguments"


def _methods_of(holder: Any) -> Mapping[str, Method]:
    if isinstance(holder, str):
        return TEXT
    if isinstance(holder, dict):
        return MAP
    if is_list(holder):
        return LIST
    return NUMBER if is_number(holder) else ANY


def _index(value: Any, most: int) -> int:
    found = whole(value, "An index")
    if not 0 <= found <= most:
        raise ExpressionError(f"The index {found} is out of bounds: it goes from 0 to {most}")
    return found


def _text(run: Run, value: Any) -> str:
    return run.text(value, "The argument")


def _substring(run: Run, text: str, start: Any, end: Any = None) -> str:
    last = len(text) if end is None else _index(end, len(text))
    return text[_index(start, last) : last]


def _replace(run: Run, text: str, old: Any, new: Any) -> str:
    before, after = _text(run, old), _text(run, new)
    run.budget.build(len(text) + text.count(before) * max(0, len(after) - len(before)))
    return text.replace(before, after)


def _replace_all(run: Run, text: str, pattern: Any, new: Any) -> str:
    return regex(_text(run, pattern), run.budget).replaced(text, _text(run, new))


def _split(run: Run, text: str, pattern: Any, limit: Any = 0) -> list[str]:
    return regex(_text(run, pattern), run.budget).split(text, whole(limit, "The limit"))


def _repeat(run: Run, text: str, times: Any) -> str:
    count = whole(times, "The count of `repeat`")
    if count < 0:
        raise ExpressionError("The count of `repeat` cannot be negative")
    run.budget.build(len(text) * count)
    return text * count


def _compare_texts(run: Run, text: str, other: Any) -> int:
    right = _text(run, other)
    pairs = zip(text, right, strict=False)
    return next((ord(a) - ord(b) for a, b in pairs if a != b), len(text) - len(right))


def _place(items: list[Any], value: Any, run: Run) -> int:
    run.budget.spend(len(items))
    return next((index for index, item in enumerate(items) if equal(item, value, run)), -1)


def _last_place(run: Run, items: Any, value: Any) -> int:
    found = _place(list(items)[::-1], value, run)
    return -1 if found < 0 else len(items) - 1 - found


def _item(run: Run, items: Any, index: Any) -> Any:
    return run.follow(list(items)[_index(index, len(items) - 1)])


def _part(run: Run, items: Any, start: Any, end: Any) -> list[Any]:
    last = _index(end, len(items))
    return list(items)[_index(start, last) : last]


def _value(run: Run, items: Mapping[Any, Any], key: Any, default: Any = None) -> Any:
    try:
        return run.follow(items.get(key, default))
    except TypeError:
        raise ExpressionError("A map or list cannot be the key of a map") from None


ANY: dict[str, Method] = {
    "equals": lambda run, value, other: equal(value, other, run),
    "toString": lambda run, value: java_text(value, run),
}
TEXT: dict[str, Method] = {
    **ANY,
    "charAt": lambda run, text, index: text[_index(index, len(text) - 1)],
    "compareTo": _compare_texts,
    "concat": lambda run, text, other: concatenate((text, _text(run, other)), run),
    "contains": lambda run, text, part: _text(run, part) in text,
    "endsWith": lambda run, text, end: text.endswith(_text(run, end)),
    "equalsIgnoreCase": lambda run, text, other: (
        other is not None and text.lower() == text_of(other, run).lower()
    ),
    "indexOf": lambda run, text, part: text.find(_text(run, part)),
    "isBlank": lambda run, text: not text.strip(),
    "isEmpty": lambda run, text: text == "",
    "lastIndexOf": lambda run, text, part: text.rfind(_text(run, part)),
    "length": lambda run, text: len(text) + sum(letter > "\uffff" for letter in text),
    "matches": lambda run, text, pattern: regex(_text(run, pattern), run.budget).whole(text),
    "repeat": _repeat,
    "replace": _replace,
    "replaceAll": _replace_all,
    "split": _split,
    "startsWith": lambda run, text, start: text.startswith(_text(run, start)),
    "strip": lambda run, text: text.strip(),
    "substring": _substring,
    "toLowerCase": lambda run, text: text.lower(),
    "toUpperCase": lambda run, text: text.upper(),
    "trim": lambda run, text: text.strip(JAVA_SPACE),
}
LIST: dict[str, Method] = {
    **ANY,
    "contains": lambda run, items, item: contained(item, items, run),
    "containsAll": lambda run, items, others: all(contained(item, items, run) for item in list(others)),
    "get": _item,
    "getFirst": lambda run, items: _item(run, items, 0),
    "getLast": lambda run, items: _item(run, items, len(items) - 1),
    "indexOf": lambda run, items, item: _place(list(items), item, run),
    "isEmpty": lambda run, items: not items,
    "lastIndexOf": _last_place,
    "size": lambda run, items: len(items),
    "subList": _part,
}
MAP: dict[str, Method] = {
    **ANY,
    "containsKey": lambda run, items, key: contained(key, list(items), run),
    "containsValue": lambda run, items, value: contained(value, list(items.values()), run),
    "entrySet": lambda run, items: [{"key": key, "value": value} for key, value in items.items()],
    "get": lambda run, items, key: _value(run, items, key),
    "getOrDefault": lambda run, items, key, default: _value(run, items, key, default),
    "isEmpty": lambda run, items: not items,
    "keySet": lambda run, items: list(items),
    "size": lambda run, items: len(items),
    "values": lambda run, items: list(items.values()),
}
NUMBER: dict[str, Method] = {
    **ANY,
    "compareTo": lambda run, number, other: compare_numbers(number, other) if is_number(other) else 1,
    "doubleValue": lambda run, number: float(number),
    "intValue": lambda run, number: int(number),
    "longValue": lambda run, number: int(number),
    "negate": lambda run, number: calculate("*", number, -1),
}
