"""Flow outputs take their types."""

import pytest

from tiercel.errors import InvalidFlow
from tiercel.flows.models import Output
from tiercel.flows.outputs import type_outputs


def test_outputs_take_their_types() -> None:
    declared = (
        Output("a", None, "INT"),
        Output("b", None, "STRING"),
        Output("c", None),
        Output("d", None, "ARRAY"),
    )
    rendered = {"a": "42", "b": {"x": 1}, "c": [1], "d": ["x"]}
    assert type_outputs(declared, rendered) == {"a": 42, "b": '{"x":1}', "c": [1], "d": ["x"]}


def test_an_optional_output_may_be_null() -> None:
    assert type_outputs((Output("a", None, "INT", required=False),), {"a": None}) == {"a": None}


def test_all_outputs_that_are_not_of_their_types_are_named() -> None:
    declared = (Output("a", None, "INT"), Output("b", None, "JSON"), Output("c", None, "STRING"))
    with pytest.raises(InvalidFlow) as caught:
        type_outputs(declared, {"a": "x", "b": "{", "c": None})
    said = [str(problem) for problem in caught.value.problems]
    assert len(said) == 3
    assert "a: Invalid output for `a`, Expected `INT` but received `x`" in said[0]
