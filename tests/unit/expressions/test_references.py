"""What a template may need, found without rendering it."""

from types import EllipsisType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.expressions import DYNAMIC, ExpressionError, evaluate, references

Path = tuple[str | EllipsisType, ...]
EVERYTHING: Path = ("*",)


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("plain", set()),
        ("{{ outputs.query.rows }}", {("outputs", "query", "rows")}),
        ("{{ outputs['a-b'].value | upper }}", {("outputs", "a-b", "value")}),
        ("{{ outputs }}", {("outputs",)}),
        ("{{ outputs.t[taskrun.value].x }}", {("outputs", "t", DYNAMIC, "x"), ("taskrun", "value")}),
        ("{{ outputs.list[0].x }}", {("outputs", "list", "0", "x")}),
        ("{{ a ?? b ? c : [d, {e: f}] }}", {("a",), ("b",), ("c",), ("d",), ("e",), ("f",)}),
        ('{{ "#{inputs.x}" ~ inputs.y }}', {("inputs", "x"), ("inputs", "y")}),
        ("{% set x = outputs.a %}{{ x.b }}", {("outputs", "a")}),
        ("{% if c %}{% set x = 1 %}{% endif %}{{ x.b }}", {("c",), ("x", "b")}),
        (
            "{% for x in outputs.list %}{{ x.a }}{{ loop.index }}{% endfor %}{{ x }}",
            {("outputs", "list"), ("x",)},
        ),
        (
            "{% macro m(a, b=vars.d) %}{{ a }}{{ c }}{% endmacro %}{{ m(inputs.x) }}",
            {("vars", "d"), ("c",), ("inputs", "x")},
        ),
        ("{% filter replace({'a': inputs.b}) %}{{ c }}{% endfilter %}", {("inputs", "b"), ("c",)}),
        ("{{ render(vars.x) }}", {EVERYTHING, ("vars", "x")}),
        ("{{ renderOnce('{{ vars.x }}') }}", {("vars", "x")}),
        ("{{ render('{{ vars.x }}') }}", {EVERYTHING}),
        ("{{ render('{{ vars.x }}', recursive=false) }}", {("vars", "x")}),
        ("{{ fetchContext() }}", {EVERYTHING}),
        ("{{ _context.x }}", {EVERYTHING}),
        ("{{ currentEachOutput(outputs.t).v }}", {("outputs", "t"), ("taskrun", "value"), ("parents",)}),
        ("{% raw %}{{ a }}{% endraw %}{# {{ b }} #}", set()),
    ],
)
def test_the_paths_of_a_template(template: str, expected: set[Path]) -> None:
    assert references(template) == expected


NAMES = st.sampled_from(["a", "b", "c"])
EXPRESSIONS = st.recursive(
    NAMES,
    lambda inner: st.one_of(
        st.tuples(inner, NAMES).map(lambda pair: f"({pair[0]}).{pair[1]}"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]})[{pair[1]}]"),
        st.tuples(inner, inner).map(lambda pair: f"({pair[0]} ?? {pair[1]})"),
        inner.map(lambda text: f"[{text}][0]"),
        inner.map(lambda text: f"({text} | default('a'))"),
    ),
    max_leaves=6,
)


@given(EXPRESSIONS)
def test_what_is_not_referenced_is_not_needed(expression: str) -> None:
    template = f"{{{{ {expression} }}}}"
    inner = {"a": "b", "b": "c", "c": "a"}
    everything = {name: {key: dict(inner) for key in "abc"} for name in "abc"}
    needed = {str(path[0]) for path in references(template)}
    reduced = {name: value for name, value in everything.items() if name in needed}

    def outcome(variables: dict[str, dict[str, dict[str, str]]]) -> object:
        try:
            return evaluate(template, variables)
        except ExpressionError as error:
            return error.message.partition(":")[0].partition(";")[0]

    assert outcome(everything) == outcome(reduced)
