"""Rendering by schema: what is rendered, and into which types."""

from datetime import timedelta
from typing import Any, Literal

import pytest
from pydantic import Field, SecretStr

from tiercel.errors import InvalidParameters
from tiercel.plugin import BaseParams, BasePlugin, Static
from tiercel.rendering import ABSENT, has_template, render_params, secrets_in, shape_of
from tiercel.validation import validate


class Inner(BaseParams):
    name: str = Field("", description="A name.")
    fixed: Static[str] = Field("", description="Not rendered.")
    child: "Inner | None" = Field(None, description="Another one.")


class Params(BaseParams):
    text: str | None = None
    number: int | None = None
    flag: bool = False
    wait: timedelta | None = None
    level: Literal["INFO", "WARN"] | None = None
    items: list[str] = Field(default_factory=list)
    either: str | list[str] | None = None
    mapping: dict[str, Any] = Field(default_factory=dict)
    inner: Inner | None = None
    inners: list[Inner] = Field(default_factory=list)
    by_name: dict[str, Inner] = Field(default_factory=dict)
    untouched: Static[str | None] = None
    namespace: str = "{{ flow.namespace }}"
    secret: SecretStr | None = None


class Plugin(BasePlugin[Params]):
    """Take many types."""

    task_types = ("test.Plugin",)


def render(text: str) -> str:
    """Stand in for the expression language: each word in braces becomes the value of that name."""
    values = {
        "{{ five }}": "5",
        "{{ yes }}": "true",
        "{{ list }}": '["a", "b"]',
        "{{ map }}": '{"a": 1}',
        "{{ nothing }}": "",
        "{{ name }}": "n",
        "{{ flow.namespace }}": "company",
    }
    return values[text]


def params_of(properties: dict[str, Any]) -> Params:
    """Render and validate."""
    validated = validate(Plugin, render_params(shape_of(Plugin), properties, render), "test.Plugin")
    assert isinstance(validated, Params)
    return validated


@pytest.mark.parametrize(
    ("name", "written", "expected"),
    [
        ("number", "{{ five }}", 5),
        ("number", "{{ nothing }}", None),
        ("flag", "{{ yes }}", True),
        ("wait", "PT5S", timedelta(seconds=5)),
        ("wait", "{{ nothing }}", None),
        ("level", "{{ nothing }}", None),
        ("items", "{{ list }}", ["a", "b"]),
        ("items", '["c"]', ["c"]),
        ("items", ["{{ five }}", 7], ["5", "7"]),
        ("either", "{{ list }}", '["a", "b"]'),
        ("either", ["{{ name }}"], ["n"]),
        ("mapping", "{{ map }}", {"a": 1}),
        ("mapping", {"{{ name }}": {"x": ["{{ five }}"]}}, {"n": {"x": ["5"]}}),
        ("text", 5, "5"),
        ("text", True, "true"),
        ("text", "{{ nothing }}", ""),
        ("untouched", "{{ five }}", "{{ five }}"),
    ],
)
def test_a_rendered_text_becomes_what_the_property_takes(
    name: str, written: object, expected: object
) -> None:
    assert getattr(params_of({name: written}), name) == expected


def test_nested_models_lists_and_maps_are_rendered_except_for_what_is_static() -> None:
    inner = {"name": "{{ name }}", "fixed": "{{ name }}", "child": {"name": "{{ five }}"}}
    params = params_of({"inner": inner, "inners": [inner], "byName": {"{{ five }}": inner}})
    for found in (params.inner, params.inners[0], params.by_name["5"]):
        assert found
        assert (found.name, found.fixed) == ("n", "{{ name }}")
        assert found.child
        assert found.child.name == "5"


def test_a_default_with_an_expression_is_rendered_like_a_written_property() -> None:
    assert params_of({}).namespace == "company"
    assert params_of({"namespace": "{{ name }}"}).namespace == "n"


def test_a_list_that_is_none_is_refused_by_name() -> None:
    with pytest.raises(InvalidParameters, match="`items` takes a list") as caught:
        params_of({"items": "a, b"})
    assert caught.value.problems[0].path == "items"


def test_a_wrong_type_is_named_without_its_value() -> None:
    with pytest.raises(InvalidParameters) as caught:
        params_of({"number": "hunter22"})
    assert caught.value.problems[0].path == "number"
    assert "hunter22" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_union_gives_one_problem_for_its_property() -> None:
    with pytest.raises(InvalidParameters) as caught:
        params_of({"either": {"a": 1}})
    (problem,) = caught.value.problems
    assert (problem.path, problem.message) == (
        "either",
        "is wrong: write a text or a list",
    )


def test_a_nested_unknown_property_has_its_path_and_a_suggestion() -> None:
    with pytest.raises(InvalidParameters) as caught:
        params_of({"inners": [{"nam": "x"}]})
    (problem,) = caught.value.problems
    assert (problem.path, problem.message) == ("inners[0].nam", "is unknown: did you mean `name`?")


def test_secret_properties_are_found_after_rendering() -> None:
    rendered = render_params(shape_of(Plugin), {"secret": "{{ name }}", "text": "x"}, render)
    assert list(secrets_in(shape_of(Plugin), rendered)) == ["n"]


def test_absent_values_never_reach_the_parameters() -> None:
    rendered = render_params(shape_of(Plugin), {"number": "{{ nothing }}", "mapping": {"a": "x"}}, render)
    assert ABSENT not in rendered.values()
    assert "number" not in rendered


@pytest.mark.parametrize(
    ("value", "expected"), [("{{ x }}", True), ({"a": ["{% if x %}"]}, True), ("{ }", False)]
)
def test_templates_are_found_anywhere(value: object, expected: bool) -> None:
    assert has_template(value) is expected
