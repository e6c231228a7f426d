"""A YAML tree against a JSON schema."""

from typing import Any

import pytest

from tiercel.flows.report import Report
from tiercel.flows.schema_check import Check
from tiercel.flows.yaml_tree import parse


def check(source: str, schema: dict[str, Any]) -> tuple[Any, Report]:
    tree, problems = parse(source)
    assert tree is not None
    assert not problems
    report = Report(source)
    return Check(report, schema, owner="thing").value(tree, schema, ""), report


def value(source: str, schema: dict[str, Any]) -> Any:
    read, report = check(source, schema)
    assert report.problems == []
    return read


def problems(source: str, schema: dict[str, Any]) -> list[str]:
    return [str(problem) for problem in check(source, schema)[1].problems]


def holding(schema: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"a": schema}, "additionalProperties": False, **more}


@pytest.mark.parametrize(
    ("source", "schema", "expected"),
    [
        ("a: 1.10", {"type": "string"}, "1.10"),
        ("a: yes", {"type": "string"}, "yes"),
        ("a: '3'", {"type": "integer"}, 3),
        ("a: 3.0", {"type": "integer"}, 3),
        ("a: '1.5'", {"type": "number"}, 1.5),
        ("a: 'True'", {"type": "boolean"}, True),
        ("a: on", {"type": "boolean"}, True),
        ("a: PT5S", {"type": "string", "format": "duration"}, "PT5S"),
        ("a: 5", {"type": "string", "format": "duration"}, "5"),
        ("a: INFO", {"enum": ["INFO", "WARN"]}, "INFO"),
        ("a: 1", {"const": "1"}, "1"),
        ("a: [1, x]", {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}]}, [1, "x"]),
        ("a: {b: 1}", {"type": "object", "additionalProperties": {"type": "string"}}, {"b": "1"}),
        ("a: {b: [1]}", {}, {"b": [1]}),
    ],
)
def test_a_value_is_read_as_its_schema_means_it(
    source: str, schema: dict[str, Any], expected: object
) -> None:
    read = value(source, holding(schema))["a"]
    assert read == expected
    assert type(read) is type(expected)


@pytest.mark.parametrize(
    ("source", "schema", "said"),
    [
        ("a: x", {"type": "integer"}, 'must be an integer, but is "x"'),
        ("a: true", {"type": "integer"}, 'must be an integer, but is "true"'),
        ("a: 1.5", {"type": "integer"}, 'must be an integer, but is "1.5"'),
        ("a: x", {"type": "boolean"}, 'must be true or false, but is "x"'),
        ("a: [x]", {"type": "string"}, "must be a text, but is a list"),
        ("a: x", {"type": "array"}, 'must be a list (lines that begin with `- `), but is "x"'),
        ("a: [x]", {"type": "object"}, "must be a map (`name: value` lines), but is a list"),
        ("a: 5s", {"type": "string", "format": "duration"}, "write an ISO 8601 duration such as PT30S"),
        ("a: INFOO", {"enum": ["INFO", "WARN"]}, "accepted: [INFO, WARN]; did you mean INFO?"),
        ("a: 0", {"type": "integer", "minimum": 1}, "must be greater than or equal to 1, but is 0"),
        ("a: 9", {"type": "number", "exclusiveMaximum": 9}, "must be less than 9, but is 9"),
        ("a: ''", {"type": "string", "minLength": 1}, "must have at least 1 character"),
        ("a: xyz", {"type": "string", "maxLength": 2}, "must have at most 2 characters, but has 3"),
        ("a: x", {"type": "string", "pattern": "^a$"}, 'must match "^a$", but is "x"'),
        ("a: []", {"type": "array", "minItems": 1}, "must hold at least 1 item"),
    ],
)
def test_a_wrong_value_is_named_with_what_would_be_right(
    source: str, schema: dict[str, Any], said: str
) -> None:
    found = problems(source, holding(schema))
    assert len(found) == 1
    assert "line 1, column 4: a: " in found[0]
    assert said in found[0]


def test_an_unknown_property_brings_the_nearest_name() -> None:
    found = problems("mesage: x", {**holding({}), "properties": {"message": {"type": "string"}}})
    assert found == ['line 1, column 1: mesage: Unrecognized field "mesage" (thing): did you mean "message"?']


def test_a_required_property_that_is_missing_or_null_is_named() -> None:
    schema = holding({"type": "string"}, required=["a"])
    for source in ("{}", "a:"):
        assert "a: must not be null: `a` is required of thing; add `a:`" in problems(source, schema)[0]


def test_null_counts_as_absent_where_nothing_requires_the_property() -> None:
    assert value("a:", holding({"type": "string"})) == {}
    assert value("a:", holding({"anyOf": [{"type": "string"}, {"type": "null"}]})) == {"a": None}


def test_an_expression_stands_for_any_value_of_a_dynamic_property() -> None:
    for kind in ("integer", "array", "object", "boolean"):
        assert value("a: '{{ x }}'", holding({"type": kind})) == {"a": "{{ x }}"}
    assert value("a: '{{ x }}'", holding({"enum": ["A"]})) == {"a": "{{ x }}"}


def test_a_static_property_takes_no_expression() -> None:
    found = problems("a: '{{ x }}'", holding({"type": "integer", "x-static": True}))
    assert 'but is "{{ x }}"; an expression is not evaluated here' in found[0]


def test_an_alternative_is_chosen_by_shape() -> None:
    schema = holding({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]})
    assert value("a: [1]", schema) == {"a": ["1"]}
    assert value("a: 1", schema) == {"a": "1"}
    assert "a: must be a text or a list, but is a map" in problems("a: {b: 1}", schema)[0]


def test_among_alternatives_of_one_shape_the_first_that_fits_is_taken() -> None:
    schema = holding({"anyOf": [{"type": "integer"}, {"type": "string"}]})
    assert value("a: x", schema) == {"a": "x"}
    assert value("a: 1", schema) == {"a": 1}


def test_references_and_discriminators_are_followed() -> None:
    definitions = {
        name: {
            "type": "object",
            "required": [name],
            "properties": {"kind": {"const": name}, name: {"type": "integer"}},
            "additionalProperties": False,
        }
        for name in ("cat", "dog")
    }
    schema = {
        "$defs": definitions,
        "discriminator": {
            "propertyName": "kind",
            "mapping": {name: f"#/$defs/{name}" for name in definitions},
        },
        "oneOf": [{"$ref": f"#/$defs/{name}"} for name in definitions],
    }
    assert value("{kind: dog, dog: 1}", schema) == {"kind": "dog", "dog": 1}
    assert "cat: must not be null" in problems("{kind: cat}", schema)[0]
    assert 'kind: "cow" is not one of the values accepted: [cat, dog]' in problems("{kind: cow}", schema)[0]


def test_an_expression_that_cannot_be_parsed_is_found_where_it_stands() -> None:
    source = 'a: "{{ 1 + }}"\nb: |\n  one\n  two {{ x | }}\nc: >-\n  folded\n  {{ (1 }}\n'
    report = check(source, {"type": "object"})[1]
    assert [(problem.path, problem.line) for problem in report.expressions] == [("a", 1), ("b", 4), ("c", 7)]
    assert all(problem.column and problem.column > 1 for problem in report.expressions)
    assert report.problems == []
