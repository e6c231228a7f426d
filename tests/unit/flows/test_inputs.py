"""Inputs are typed, and everything that is wrong with them is said."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tiercel.errors import ExpressionError, InvalidFlow
from tiercel.flows.inputs import Upload, inputs_of, nested, read_inputs
from tiercel.flows.models import Input


def render(template: str, variables: Mapping[str, Any]) -> str:
    """Stand in for the expression language: `{{ inputs.x }}` only."""
    name = template.removeprefix("{{ inputs.").removesuffix(" }}")
    if name not in variables["inputs"]:
        raise ExpressionError(f"Unable to find `{name}`")
    return str(variables["inputs"][name])


def store(input_id: str, name: str, content: Path | bytes) -> str:
    size = len(content) if isinstance(content, bytes) else content.stat().st_size
    return f"kestra:///inputs/{input_id}/{name}?{size}"


def declare(*declared: dict[str, Any]) -> tuple[Input, ...]:
    return inputs_of([{"type": "STRING", **one} for one in declared])


def typed(*declared: dict[str, Any], given: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return read_inputs(declare(*declared), given or {}, render=render, store_file=store, **more)


def refused(*declared: dict[str, Any], given: dict[str, Any] | None = None, **more: Any) -> list[str]:
    with pytest.raises(InvalidFlow) as caught:
        typed(*declared, given=given, **more)
    return [str(problem) for problem in caught.value.problems]


def test_values_take_their_types_and_dotted_ids_nest() -> None:
    values = typed(
        {"id": "n", "type": "INT"},
        {"id": "a.b", "type": "BOOLEAN"},
        {"id": "a.c.d"},
        {"id": "list", "type": "ARRAY", "itemType": "INT"},
        given={"n": "42", "a.b": "true", "a": {"c": {"d": "x"}}, "list": "[1, 2]"},
    )
    assert values == {"n": 42, "a": {"b": True, "c": {"d": "x"}}, "list": [1, 2]}


def test_a_missing_required_input_is_refused() -> None:
    assert refused({"id": "s"}) == ["s: Invalid input for `s`, missing required input, but received `null`"]


def test_an_optional_input_without_value_is_null() -> None:
    assert typed({"id": "s", "required": False}) == {"s": None}


def test_an_empty_default_satisfies_a_required_input() -> None:
    assert typed({"id": "s", "defaults": ""}) == {"s": ""}


def test_a_default_may_use_other_inputs() -> None:
    declared = ({"id": "a"}, {"id": "b", "defaults": ["{{ inputs.a }}", 1], "type": "JSON"})
    assert typed(*declared, given={"a": "x"}) == {"a": "x", "b": ["x", 1]}


def test_prefill_is_for_forms_only() -> None:
    assert typed({"id": "s", "prefill": "x", "required": False}) == {"s": None}


def test_all_problems_are_said_in_one_go() -> None:
    said = refused(
        {"id": "a", "type": "INT"},
        {"id": "b", "type": "DATE"},
        {"id": "name"},
        given={"a": "x", "nam": "y", "b": "z", "other.thing": 1},
    )
    assert len(said) == 5
    assert "a: Invalid input for `a`, Expected `INT` but received `x`" in said[0]
    assert "nam: the flow has no input `nam`; did you mean `name`?" in said
    assert "other.thing: the flow has no input `other.thing`; its inputs are: a, b, name" in said


def test_unknown_values_may_be_ignored() -> None:
    assert typed({"id": "a"}, given={"a": "x", "b": "y"}, unknown="ignore") == {"a": "x"}


@pytest.mark.parametrize(
    ("declared", "value", "said"),
    [
        ({"validator": r"A\d+"}, "foo", r"it must match the pattern `A\d+`, but received `foo`"),
        ({"type": "INT", "min": 10}, "9", "it must be more than `10`, but received `9`"),
        ({"type": "INT", "max": 20}, "21", "it must be less than `20`, but received `21`"),
        ({"type": "FLOAT", "min": 0.1}, "0.01", "it must be more than `0.1`, but received `0.01`"),
        (
            {"type": "DATE", "after": "2023-01-01"},
            "2022-01-01",
            "it must be after `2023-01-01`, but received",
        ),
        (
            {"type": "DATE", "before": "2023-01-01"},
            "2024-01-01",
            "it must be before `2023-01-01`, but received",
        ),
        (
            {"type": "DATETIME", "after": "2023-01-01T00:00:00Z"},
            "2022-01-01T00:00:00Z",
            "it must be after `2023-01-01T00:00:00Z`",
        ),
        (
            {"type": "TIME", "after": "01:00:00"},
            "00:00:01",
            "it must be after `01:00`, but received `00:00:01`",
        ),
        ({"type": "TIME", "before": "11:59:59"}, "14:00:00", "it must be before `11:59:59`, but received"),
        ({"type": "DURATION", "min": "PT10S"}, "PT1S", "It must be more than `PT10S`, but received `PT1S`"),
        ({"type": "DURATION", "max": "PT10S"}, "PT1M", "It must be less than `PT10S`, but received `PT1M`"),
        ({"type": "ENUM", "values": ["A", "B"]}, "C", "it must match the values `[A, B]`, but received `C`"),
        ({"type": "SELECT", "values": ["A"]}, "C", "it must match the values `[A]`, but received `C`"),
        ({"type": "MULTISELECT", "values": ["A", "B"]}, '["A", "C"]', "it must match the values `[A, B]`"),
        ({"type": "MULTISELECT", "options": ["A"]}, '["C"]', "it must match the values `[A]`"),
        ({"type": "URI"}, "http:/bla", "Expected `URI` but received `http:/bla`, but received `http:/bla`"),
    ],
)
def test_what_breaks_a_bound_is_refused(declared: dict[str, Any], value: str, said: str) -> None:
    (problem,) = refused({"id": "x", **declared}, given={"x": value})
    assert f"x: Invalid input for `x`, {said}" in problem


@pytest.mark.parametrize(
    ("declared", "value", "expected"),
    [
        ({"validator": r"A\d+"}, "A1", "A1"),
        ({"type": "INT", "min": 10, "max": 10}, "10", 10),
        ({"type": "SELECT", "values": ["A"], "allowCustomValue": True}, "C", "C"),
        ({"type": "MULTISELECT", "values": ["A", "B"]}, ["B"], ["B"]),
        ({"type": "MULTISELECT", "values": ["1", "2"], "itemType": "INT"}, ["1"], [1]),
        ({"type": "SELECT", "values": ["A", "B"], "autoSelectFirst": True}, None, "A"),
        ({"type": "MULTISELECT", "values": ["A", "B"], "autoSelectFirst": True}, None, ["A"]),
        ({"type": "SELECT"}, "anything", "anything"),
    ],
)
def test_what_keeps_to_its_bounds_is_taken(declared: dict[str, Any], value: object, expected: object) -> None:
    assert typed({"id": "x", **declared}, given={"x": value}) == {"x": expected}


def test_options_may_come_from_an_expression() -> None:
    declared = ({"id": "all"}, {"id": "one", "type": "SELECT", "expression": "{{ inputs.all }}"})
    assert typed(*declared, given={"all": '["a", 1]', "one": "1"})["one"] == "1"
    assert "it must match the values `[a, 1]`" in refused(*declared, given={"all": '["a", 1]', "one": "b"})[0]
    assert "gives no JSON list" in refused(*declared, given={"all": "nothing", "one": "b"})[0]
    assert "Expected a list of strings" in refused(*declared, given={"all": "{}", "one": "b"})[0]


def test_an_input_whose_condition_fails_is_kept_out() -> None:
    declared = (
        {"id": "b", "dependsOn": {"inputs": ["a"], "condition": "{{ inputs.a }}"}},
        {"id": "c", "dependsOn": {"inputs": ["b"]}},
        {"id": "a", "type": "BOOL"},
    )
    assert typed(*declared, given={"a": "false"}) == {"a": False}
    assert typed(*declared, given={"a": "true", "b": "x", "c": "y"}) == {"b": "x", "c": "y", "a": True}


def test_a_broken_condition_is_a_problem() -> None:
    (said,) = refused({"id": "b", "dependsOn": {"inputs": [], "condition": "{{ inputs.z }}"}})
    assert "Invalid input for `b`, Unable to find `z`" in said
    (said,) = refused({"id": "b", "dependsOn": {"inputs": ["z"]}})
    assert "it depends on `z`, which is no input of the flow" in said


def test_inputs_that_depend_on_each_other_end() -> None:
    declared = ({"id": "a", "dependsOn": {"inputs": ["b"]}}, {"id": "b", "dependsOn": {"inputs": ["a"]}})
    assert typed(*declared, given={"a": "1", "b": "2"}) == {"a": "1", "b": "2"}


def test_files_go_to_storage(tmp_path: Path) -> None:
    path = tmp_path / "data.csv"
    path.write_bytes(b"abc")
    declared = {"id": "f", "type": "FILE"}
    assert typed(declared, given={"f": path}) == {"f": "kestra:///inputs/f/data.csv?3"}
    assert typed(declared, given={"f": Upload("x.txt", b"ab")}) == {"f": "kestra:///inputs/f/x.txt?2"}
    assert typed(declared, given={"f": b"a"}) == {"f": "kestra:///inputs/f/f?1"}
    by_map = {"name": "../../y.txt", "content": "abcd"}
    assert typed(declared, given={"f": by_map}) == {"f": "kestra:///inputs/f/y.txt?4"}
    assert typed(declared, given={"f": "kestra:///there"}) == {"f": "kestra:///there"}


def test_a_text_is_never_taken_for_a_path() -> None:
    (said,) = refused({"id": "f", "type": "FILE"}, given={"f": "/etc/passwd"})
    assert "Expected `FILE`: give a file, or the kestra:// URI of a stored one" in said


def test_a_missing_file_and_a_wrong_extension_are_refused(tmp_path: Path) -> None:
    declared = {"id": "f", "type": "FILE", "allowedFileExtensions": [".csv"]}
    assert "there is no file" in refused(declared, given={"f": tmp_path / "no.csv"})[0]
    assert "must end in .csv" in refused(declared, given={"f": Upload("x.txt", b"")})[0]


def test_a_secret_is_encrypted_and_shown_nowhere() -> None:
    declared = {"id": "s", "type": "SECRET", "validator": "[a-z]+"}
    assert typed(declared, given={"s": "abc"}, encrypt=lambda text: {"value": text[::-1]}) == {
        "s": {"value": "cba"}
    }
    (said,) = refused(declared, given={"s": "123"}, encrypt=str)
    assert "but received `********`" in said
    (said,) = refused(declared, given={"s": "abc"})
    assert "encryption is not configured" in said


def test_a_form_is_its_children_under_its_id() -> None:
    form = {
        "id": "env",
        "type": "FORM",
        "inputs": [{"id": "region", "type": "STRING"}, {"id": "n", "type": "INT"}],
    }
    assert typed(form, given={"env.region": "eu", "env": {"n": "1"}}) == {"env": {"region": "eu", "n": 1}}


def test_nested_names_that_clash_keep_the_map() -> None:
    assert nested({"a": 1, "a.b": 2}) == {"a": {"b": 2}}
