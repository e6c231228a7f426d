"""Filters of lists and maps."""

from __future__ import annotations

from tiercel.errors import ExpressionError
from tiercel.expressions.numbers import is_number, whole
from tiercel.expressions.operators import compare
from tiercel.expressions.tests import empty
from tiercel.expressions.values import contained, is_list, java_text, kind

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tiercel.expressions.runtime import Run


def _list(run: Run, value: Any, title: str) -> list[Any]:
    if not is_list(value):
        raise ExpressionError(f"`{title}` works on a list, not on {kind(value)}")
    run.budget.spend(len(value) >> 3)
    return list(value)


def default(run: Run, value: Any, default: Any) -> Any:
    """Give another value where this one is missing or empty."""
    return default if empty(run, value) else value


def first(run: Run, value: Any) -> Any:
    """Give the first item of a list, or the first letter of a text; null where there is none."""
    if value is None or isinstance(value, str):
        return value[:1] if value else value
    items = list(value.values()) if isinstance(value, dict) else _list(run, value, "first")
    return run.follow(items[0]) if items else None


def last(run: Run, value: Any) -> Any:
    """Give the last item of a list, or the last letter of a text; null where there is none."""
    if value is None or isinstance(value, str):
        return value[-1:] if value else value
    items = _list(run, value, "last")
    return run.follow(items[-1]) if items else None


def join(run: Run, value: Any, separator: Any = "") -> str | None:
    """Put the items of a list together in one text."""
    if value is None:
        return None
    items = (run.follow(item) for item in _list(run, value, "join"))
    texts = ["null" if item is None else java_text(item, run) for item in items]
    between = java_text(separator, run)
    run.budget.build(sum(map(len, texts)) + len(between) * len(texts))
    return between.join(texts)


def length(run: Run, value: Any) -> int:
    """Count the items of a list or map, or the letters of a text; anything else has none, as in Pebble."""
    if isinstance(value, str):
        # Java counts UTF-16 units: a letter outside the basic plane is two
        return len(value) + sum(letter > "\uffff" for letter in value) if not value.isascii() else len(value)
    if isinstance(value, dict) or is_list(value):
        return len(value)
    return 0


def slice(run: Run, value: Any, from_index: Any = 0, to_index: Any = None) -> Any:
    """Give the items, or letters, from one index up to another, that one not included."""
    if value is None:
        return None
    items = value if isinstance(value, str) else _list(run, value, "slice")
    start = whole(from_index, "fromIndex")
    end = len(items) if to_index is None else whole(to_index, "toIndex")
    if not 0 <= start <= end <= len(items):
        raise ExpressionError(f"`slice` cannot go from {start} to {end}: there are {len(items)} items")
    return items[start:end]


def sort(run: Run, value: Any) -> list[Any] | None:
    """Put a list in ascending order."""
    return None if value is None else _sorted(run, value, 1)


def rsort(run: Run, value: Any) -> list[Any] | None:
    """Put a list in descending order."""
    return None if value is None else _sorted(run, value, -1)


def _sorted(run: Run, value: Any, direction: int) -> list[Any]:
    items = _list(run, value, "sort")
    run.budget.spend(len(items))
    if all(isinstance(item, str) for item in items) or all(isinstance(item, bool) for item in items):
        return sorted(items, reverse=direction < 0)
    if all(type(item) in (int, float) and item == item for item in items):
        return sorted(items, reverse=direction < 0)

    from functools import cmp_to_key

    def order(left: Any, right: Any) -> int:
        run.budget.spend()
        return direction * compare("sort", left, right)

    return sorted(items, key=cmp_to_key(order))


def reverse(run: Run, value: Any) -> Any:
    """Turn a list, or a text, around."""
    if value is None:
        return None
    return value[::-1] if isinstance(value, str) else _list(run, value, "reverse")[::-1]


def merge(run: Run, value: Any, items: Any) -> Any:
    """Put two lists, or two maps, together; the second map wins."""
    if isinstance(value, dict):
        added = items if isinstance(items, dict) else {item: item for item in _list(run, items, "merge")}
        run.budget.build(len(value) + len(added))
        return {**value, **added}
    if isinstance(items, dict):
        return [
            *_list(run, value or [], "merge"),
            *({"key": key, "value": item} for key, item in items.items()),
        ]
    left, right = _list(run, value or [], "merge"), _list(run, items or [], "merge")
    run.budget.build(len(left) + len(right))
    return [*left, *right]


def chunk(run: Run, value: Any, size: Any) -> list[Any] | None:
    """Cut a list into lists of a size."""
    if value is None:
        return None
    items, most = _list(run, value, "chunk"), whole(size, "The size of `chunk`")
    if most < 1:
        raise ExpressionError("The size of `chunk` must be at least 1")
    return [items[start : start + most] for start in range(0, len(items), most)]


def distinct(run: Run, value: Any) -> list[Any] | None:
    """Leave out what a list already held."""
    if value is None:
        return None
    kept: list[Any] = []
    seen: set[Any] = set()
    others: list[Any] = []
    for item in _list(run, value, "distinct"):
        if isinstance(item, str) or (is_number(item) and item == item):
            key = item if isinstance(item, str) else (type(item), item)
            if key not in seen:
                seen.add(key)
                kept.append(item)
        elif not contained(item, others, run):
            others.append(item)
            kept.append(item)
    return kept


def flatten(run: Run, value: Any) -> list[Any] | None:
    """Take away one level of lists in a list."""
    if value is None:
        return None
    flat: list[Any] = []
    for item in _list(run, value, "flatten"):
        run.budget.spend(1 + (len(item) >> 3) if is_list(item) else 1)
        flat.extend(item if is_list(item) else [item])
        run.budget.build(len(flat))
    return flat


def keys(run: Run, value: Any) -> list[Any] | None:
    """List the keys of a map, or the indexes of a list."""
    if value is None:
        return None
    if isinstance(value, dict):
        return list(value)
    return list(range(len(_list(run, value, "keys"))))


def values(run: Run, value: Any) -> list[Any] | None:
    """List the values of a map."""
    if value is None:
        return None
    return list(value.values()) if isinstance(value, dict) else _list(run, value, "values")
