"""What `outputs[]` asserts: where to look, and what must be there."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, TypeAlias

from tests.conformance.placeholders import agrees, includes, same
from tests.conformance.view import Absent, View, look_up, shown
from tests.conformance.vocabulary import SELECTORS

Matcher: TypeAlias = Mapping[str, Any]
Test: TypeAlias = Callable[[Any, Any, View], bool]
MISSING = object()


def mismatches(view: View, matcher: Matcher) -> Iterator[str]:
    """Say what an output is not; nothing if it is all that the matcher wants."""
    wanted = {key: value for key, value in matcher.items() if key not in SELECTORS}
    where = place_of(matcher)
    if not wanted:
        yield f"{where}: the matcher asserts nothing"
    value = MISSING
    for name, expected in wanted.items():
        test = TESTS.get(name)
        if test is None:
            yield f"unknown matcher `{name}`"
            continue
        try:
            value = found(view, matcher) if value is MISSING else value
            if not test(value, expected, view):
                yield f"{where}: {name} {shown(expected)}, got {shown(value)}"
        except Absent as error:
            if not (name == "is_null" and expected):
                yield f"{where}: {name} {shown(expected)}, but {error}"


def place_of(matcher: Matcher) -> str:
    """Name the place that a matcher looks at."""
    selected = ", ".join(f"{key} {matcher[key]}" for key in sorted(SELECTORS & matcher.keys()))
    return f"outputs ({selected})"


def found(view: View, selector: Matcher) -> Any:
    """Give the value that a selector names: of a task run, or of the tree that expressions see."""
    if "execution_outputs_path" in selector:
        return look_up(view.outputs_tree(), selector["execution_outputs_path"])
    if "taskrun_index" in selector:
        run = view.at(int(selector["taskrun_index"]))
    elif "task" in selector:
        task = selector["task"]
        run = view.with_values(task, selector["values"]) if "values" in selector else view.first_of(task)
    else:
        raise Absent("the matcher names neither taskrun_index nor task nor execution_outputs_path")
    outputs = run.get("outputs") or {}
    return look_up(outputs, selector["path"]) if "path" in selector else outputs


def of_another(view: View, other: Any) -> str:
    """Give the output that a matcher compares with: a selector, or `task` or `task.path`, or an index."""
    if isinstance(other, Mapping):
        selector = {key: value for key, value in other.items() if key in SELECTORS}
        return str(found(view, selector))
    if isinstance(other, int):
        return str(found(view, {"taskrun_index": other, "path": "value"}))
    task, _, path = str(other).partition(".")
    return str(found(view, {"task": task, "path": path or "value"}))


def with_prefix(view: View, other: Any) -> str:
    """Give another output behind its prefix."""
    if not isinstance(other, Mapping) or "prefix" not in other:
        raise Absent("contains_prefixed_output_of needs a prefix and a selector")
    return str(other["prefix"]) + of_another(view, other)


def within_seconds(value: Any, seconds: Any, view: View) -> bool:
    """Say whether a date with a zone lies this close to now."""
    try:
        moment = datetime.fromisoformat(re.sub(r"\[.*\]$", "", str(value)))
    except ValueError:
        return False
    return moment.tzinfo is not None and abs((datetime.now(UTC) - moment).total_seconds()) <= float(seconds)


def text(view: View, uri: Any) -> str:
    """Read a file of internal storage."""
    return view.read(str(uri)).decode("utf-8")


def size_of(value: Any) -> int:
    """Count the items of a list or map, or the characters of a text."""
    if not isinstance(value, Sequence | Mapping):
        raise Absent(f"{shown(value)} has no size")
    return len(value)


def has_keys(value: Any, keys: Any, view: View) -> bool:
    """Say whether a map has these keys."""
    return isinstance(value, Mapping) and all(key in value for key in as_list(keys))


def greater(value: Any, limit: Any, view: View) -> bool:
    """Compare numbers."""
    return isinstance(value, int | float) and not isinstance(value, bool) and value > limit


def as_list(value: Any) -> list[Any]:
    """Take one thing as a list of one."""
    return value if isinstance(value, list) else [value]


TESTS: Mapping[str, Test] = {
    "equals": lambda value, wanted, view: agrees(wanted, value),
    "not_equals": lambda value, wanted, view: not same(wanted, value),
    "contains": lambda value, wanted, view: includes(wanted, value),
    "includes": lambda value, wanted, view: includes(wanted, value),
    "contains_output_of": lambda value, wanted, view: of_another(view, wanted) in str(value),
    "contains_prefixed_output_of": lambda value, wanted, view: with_prefix(view, wanted) in str(value),
    "startswith": lambda value, wanted, view: isinstance(value, str) and value.startswith(wanted),
    "endswith": lambda value, wanted, view: isinstance(value, str) and value.endswith(wanted),
    "regex": lambda value, wanted, view: re.search(wanted, str(value)) is not None,
    "size": lambda value, wanted, view: size_of(value) == wanted,
    "greater_than": greater,
    "has_key": has_keys,
    "excludes_keys": lambda value, wanted, view: not any(key in value for key in as_list(wanted)),
    "is_null": lambda value, wanted, view: (value is None) == wanted,
    "not_null": lambda value, wanted, view: (value is not None) == wanted,
    "not_blank": lambda value, wanted, view: bool(str(value or "").strip()) == wanted,
    "storage_content": lambda value, wanted, view: text(view, value) == wanted,
    "storage_file_line_count": lambda value, wanted, view: len(text(view, value).splitlines()) == wanted,
    "zoned_datetime_within_seconds_of_now": within_seconds,
}
