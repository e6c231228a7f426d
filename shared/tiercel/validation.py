"""Validate a task's parameters, and word what is wrong with them for the author of the flow."""

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from tiercel.errors import InvalidParameters, Problem
from tiercel.plugin import BaseParams, BasePlugin
from tiercel.rendering import Shape, shape_of

Location = tuple[int | str, ...]

TAKEN = {
    "string": "a text",
    "list": "a list",
    "tuple": "a list",
    "set": "a list",
    "dict": "a map",
    "mapping": "a map",
    "model": "a map",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "finite": "a number",
    "decimal": "a number",
    "time_delta": "a duration such as PT30S or P1D",
    "datetime": "a moment such as 2024-12-31T23:59:59Z",
    "date": "a date such as 2024-12-31",
    "time": "a time such as 23:59:59",
}
"""What a property takes, by how the type of pydantic's error begins."""
UNFIT = (
    "type",
    "parsing",
    "parsing_size",
    "from_float",
    "attributes_type",
    "number",
    "from_datetime_parsing",
)
"""How the type of an error goes on that says no more than that a value is none of these."""
WRITE = "is wrong: write "


def validate(plugin: type[BasePlugin[Any, Any]], params: Mapping[str, Any], task_type: str) -> BaseParams:
    """Make the parameters of a plugin; `InvalidParameters` says of each bad property why, and what to do."""
    try:
        return plugin.params_type.model_validate(params)
    except ValidationError as error:
        problems = problems_of(error, shape_of(plugin))
        listed = "; ".join(f"`{problem.path}` {problem.message}" for problem in problems)
        end = "" if listed.endswith("?") else "."
        # not `from error`: pydantic's text holds the values, and a value may be a secret
        raise InvalidParameters(
            f"The properties of {task_type} do not fit: {listed}{end}", problems
        ) from None


def problems_of(error: ValidationError, shape: Shape) -> tuple[Problem, ...]:
    """Word pydantic's errors, one problem per property: a union of types gives one error per member."""
    reasons: dict[str, list[str]] = {}
    for details in error.errors(include_url=False, include_input=False, include_context=False):
        path, reason = reason_of(details["type"], details["loc"], details["msg"], shape)
        reasons.setdefault(path, []).append(reason)
    return tuple(Problem(one_of(found), path) for path, found in reasons.items())


def one_of(reasons: list[str]) -> str:
    """Word the reasons of one property as alternatives."""
    first, *others = dict.fromkeys(reasons)
    return " or ".join([first, *(other.removeprefix(WRITE) for other in others)])


def reason_of(kind: str, location: Location, message: str, shape: Shape) -> tuple[str, str]:
    """Give the property path and the reason of one error, without the value, which may be secret."""
    if kind == "extra_forbidden":
        path, holder = follow(shape, location[:-1])
        name = str(location[-1])
        return join(path, name), unknown_property(name, holder)
    path, _ = follow(shape, location)
    if kind == "missing":
        return path, "is required: add it"
    return path, remedy_of(kind, message)


def remedy_of(kind: str, message: str) -> str:
    """Say what to write instead, or what is wrong in the words of who found it."""
    taken = next((words for start, words in TAKEN.items() if kind.removeprefix(f"{start}_") in UNFIT), None)
    if taken:
        return f"{WRITE}{taken}"
    if kind.startswith("union_tag"):
        return f"{WRITE}a map whose `type` is one of those there are"
    text = message.removeprefix("Value error, ").rstrip(".")
    if kind in ("literal_error", "enum"):
        return f"{WRITE}{text.removeprefix('Input should be ')}"
    for theirs, ours in (
        ("Input should", "it has to"),
        ("String should", "it has to"),
        ("List should", "it has to"),
    ):
        text = text.replace(theirs, ours)
    return f"is wrong: {text[:1].lower()}{text[1:]}"


def unknown_property(name: str, shape: Shape) -> str:
    """Say that a property does not exist, and which one was probably meant."""
    import difflib

    close = difflib.get_close_matches(name, shape.properties, n=1, cutoff=0.5)
    if close:
        return f"is unknown: did you mean `{close[0]}`?"
    known = ", ".join(f"`{one}`" for one in sorted(shape.properties))
    return f"is unknown: remove it, or write one of {known}" if known else "is unknown: remove it"


def follow(shape: Shape, location: Location) -> tuple[str, Shape]:
    """Follow a location; give its path as an author writes it (`tasks[0].message`), and the shape there.

    Parts by which pydantic names the member of a union stand for nothing in the flow and are passed over.
    """
    path = ""
    for part in location:
        if isinstance(part, int):
            path, shape = f"{path}[{part}]", shape.items or shape
            continue
        inner = shape.properties.get(part) or shape.values
        if inner:
            path, shape = join(path, part), inner
    return path, shape


def join(path: str, name: str) -> str:
    """Write the path of a property of `path`."""
    return f"{path}.{name}" if path else name
