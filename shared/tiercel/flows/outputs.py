"""Give the outputs of a flow the types that it declares."""

from collections.abc import Mapping, Sequence
from typing import Any

from tiercel.errors import InvalidFlow, Problem
from tiercel.flows.coercion import Refused, coerce
from tiercel.flows.models import Output
from tiercel.flows.values import as_text


def type_outputs(declared: Sequence[Output], rendered: Mapping[str, Any]) -> dict[str, Any]:
    """Give the typed outputs; `InvalidFlow` lists every one that is not of its type, or missing.

    `rendered`: values by id, after rendering. Without a type, a value stays as it is.
    """
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for output in declared:
        value = rendered.get(output.id)
        try:
            values[output.id] = coerce(output.type, value) if output.type else value
            if value is None and output.required and output.type:
                raise Refused("it is required, but there is no value")
        except Refused as error:
            message = f"Invalid output for `{output.id}`, {error}, but received `{as_text(value)}`"
            problems.append(Problem(message, output.id))
    if problems:
        raise InvalidFlow("\n".join(map(str, problems)), tuple(problems))
    return values
