"""JSON texts to values; in a module of its own because json is only needed where a text is read."""

import json
from typing import Any, NoReturn

from tiercel.errors import ExpressionError


def _constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def read_json(text: str) -> Any:
    """Read one JSON value; an ExpressionError says where the text stops being JSON."""
    try:
        return json.loads(text, parse_constant=_constant)
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno} of the text"
        raise ExpressionError(f"This is not JSON: {error.msg} at {place}") from error
    except (ValueError, RecursionError) as error:
        raise ExpressionError(
            "This is not JSON that can be read: a number or its nesting is out of bounds"
        ) from error
