"""The choices of SELECT, MULTISELECT and ENUM inputs, and the bounds of the other types."""

import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tiercel.flows.coercion import Refused, clock_time, coerce, moment
from tiercel.flows.durations import format_duration, parse_duration
from tiercel.flows.each import java_text
from tiercel.flows.models import Input
from tiercel.flows.patterns import java_pattern


def options_of(declared: Input, render: Callable[[str], str]) -> list[str] | None:
    """Give the values that may be chosen, `expression` rendered; None where any value will do."""
    if declared.type not in ("ENUM", "SELECT", "MULTISELECT"):
        return None
    written = declared.properties.get("values") or declared.properties.get("options")
    expression = declared.properties.get("expression")
    if written is None and expression is None:
        return None
    if written is None:
        rendered = render(str(expression))
        try:
            written = json.loads(rendered)
        except ValueError as error:
            raise Refused(f"its `expression` gives no JSON list, but {rendered!r}") from error
        if not isinstance(written, list):
            raise Refused(f"Invalid expression result. Expected a list of strings, but received {rendered!r}")
    return [value if isinstance(value, str) else java_text(value) for value in written if value is not None]


def check_options(declared: Input, value: Any, options: list[str] | None) -> None:
    """Refuse a value that is none of the options, unless custom values are allowed."""
    if options is None or declared.properties.get("allowCustomValue"):
        return
    chosen = value if declared.type == "MULTISELECT" else [value]
    if any(java_text(one) not in options for one in chosen):
        raise Refused(f"it must match the values `{java_text(options)}`")


def check_bounds(declared: Input, value: Any) -> None:
    """Refuse a value that breaks the declared pattern or bounds; the wording is Kestra's."""
    for complaint in CHECKS.get(declared.type, _nothing)(declared.properties, value):
        raise Refused(complaint)


def _nothing(declared: Mapping[str, Any], value: Any) -> Iterator[str]:
    yield from ()


def _pattern(declared: Mapping[str, Any], value: Any) -> Iterator[str]:
    validator = declared.get("validator")
    if validator is not None and not java_pattern(str(validator)).fullmatch(str(value)):
        yield f"it must match the pattern `{validator}`"


def _numbers(declared: Mapping[str, Any], value: Any) -> Iterator[str]:
    least, most = declared.get("min"), declared.get("max")
    if least is not None and value < least:
        yield f"it must be more than `{least}`"
    if most is not None and value > most:
        yield f"it must be less than `{most}`"


def _durations(declared: Mapping[str, Any], value: Any) -> Iterator[str]:
    least, most = declared.get("min"), declared.get("max")
    if least is not None and parse_duration(value) < parse_duration(least):
        yield f"It must be more than `{format_duration(parse_duration(least))}`"
    if most is not None and parse_duration(value) > parse_duration(most):
        yield f"It must be less than `{format_duration(parse_duration(most))}`"


def _moments(kind: str, read: Callable[[Any], Any]) -> Callable[[Mapping[str, Any], Any], Iterator[str]]:
    def check(declared: Mapping[str, Any], value: Any) -> Iterator[str]:
        after, before = declared.get("after"), declared.get("before")
        if after is not None and read(value) < read(after):
            yield f"it must be after `{_shown(kind, after)}`"
        if before is not None and read(value) > read(before):
            yield f"it must be before `{_shown(kind, before)}`"

    return check


def _shown(kind: str, bound: Any) -> str:
    text = str(coerce(kind, bound))
    # Java leaves out seconds that are zero
    return text.removesuffix(":00") if kind == "TIME" and len(text) == len("00:00:00") else text


CHECKS: Mapping[str, Callable[[Mapping[str, Any], Any], Iterator[str]]] = {
    "STRING": _pattern,
    "SECRET": _pattern,
    "INT": _numbers,
    "FLOAT": _numbers,
    "DURATION": _durations,
    "DATETIME": _moments("DATETIME", moment),
    "DATE": _moments("DATE", str),
    "TIME": _moments("TIME", clock_time),
}
