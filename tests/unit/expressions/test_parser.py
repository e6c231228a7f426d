"""The parser: precedence, tags, and sentences for what is wrong."""

import pytest

from tiercel.expressions import ExpressionError, evaluate, explain, render
from tiercel.expressions.nodes import Literal
from tiercel.expressions.parser import parse

VARIABLES = {"a": 1, "b": 2, "t": True, "f": False, "text": "abc", "list": [3, 1, 2], "none": None}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("2 + 2 / (10 % 3) * (8 - 1)", 16),
        ("not t and f", True),
        ("not f == t", True),
        ("t or f and f", True),
        ("-7 | abs", 7),
        ("'a' ~ 'b' | upper", "AB"),
        ("1 + 2 == 3", True),
        ("missing ?? 'x' | upper", "X"),
        ("1 + missing ?? 2", 3),
        ("a == 1 ? 'one' : a == 2 ? 'two' : 'many'", "one"),
        ("3 is odd and 2 is even", True),
        ("a is not null", True),
        ("[1, 2,][1]", 2),
        ("{'a': {'b': [1]}}.a.b[0]", 1),
        ("text starts with 'a' and text ends with 'c'", True),
        ("1..3", [1, 2, 3]),
        ("10l + 1", 11),
    ],
)
def test_operators_bind_as_in_pebble(expression: str, expected: object) -> None:
    assert evaluate(f"{{{{ {expression} }}}}", VARIABLES) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{% if f %}1{% elseif t %}2{% else %}3{% endif %}", "2"),
        ("{% if f %}1{% endif %}", ""),
        ("{% for x in list %}{{ loop.index }}{{ x }}{{ loop.last ? '' : ',' }}{% endfor %}", "03,11,22"),
        (
            "{% for x in list %}{{ loop.revindex }}{{ loop.first }}{{ loop.length }}{% endfor %}",
            "2true31false30false3",
        ),
        ("{% for x in [] %}x{% else %}empty{% endfor %}", "empty"),
        ("{% for e in {'k': 'v'} %}{{ e.key }}={{ e.value }}{% endfor %}", "k=v"),
        ("{% set x = 1 %}{% for i in 1..3 %}{% set x = x + i %}{% endfor %}{{ x }}", "7"),
        ("{% for i in 1..2 %}{% set y = i %}{% endfor %}{{ y }}{{ i }}{{ loop.index }}", "221"),
        (
            "{% for i in 1..2 %}{% endfor %}"
            "{% for i in 3..4 %}{% set y = i %}{% endfor %}{{ y ?? 'gone' }}{{ i }}",
            "gone2",
        ),
        (
            "{% for i in 1..2 %}{% for j in 1..2 %}{{ loop.index }}{% endfor %}{{ loop.last }}{% endfor %}",
            "01false01true",
        ),
        ("{% for i in none %}x{% else %}empty{% endfor %}", ""),
        ("{% for i in 3..1 %}x{% else %}empty{% endfor %}", "empty"),
        ("{{ NONE }}{{ none is null }}", "true"),
        ("{% for a in 5..6 %}{{ a }}{% endfor %}{{ a }}", "561"),
        ("{% macro m(x, y='d') %}<{{ x }}{{ y }}>{% endmacro %}{{ m(1) }}{{ m(y='e', x=2) }}", "<1d><2e>"),
        ("{{ late() }}{% macro late() %}here{% endmacro late %}", "here"),
        ("{% macro m(_context) %}{{ _context.text }}{% endmacro %}{{ m(_context) }}", "abc"),
        ("{% filter upper | trim %} {{ text }} {% endfilter %}", "ABC"),
        ('{% block "b" %}x{{ a }}{% endblock %}{{ block("b") }}', "x1x1"),
        ("{% raw %}{{ a }}{% endraw %}{% verbatim %}{% b %}{% endverbatim %}", "{{ a }}{% b %}"),
    ],
)
def test_tags_do_what_pebbles_do(template: str, expected: str) -> None:
    assert render(template, VARIABLES) == expected


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{{ | upper }}", "Expected a value, found `|`"),
        ("{{ a b }}", "Expected `}}`, found `b`"),
        ("{{ a.b() }}", "no method `b` of a number"),
        ("{{ none.size() }}", "cannot be called on null"),
        ("{{ text.substring() }}", "takes 1 to 2 arguments, but 0 are given"),
        ("{% for a, b in map %}{% endfor %}", "one variable: of a map's entry"),
        ("{% if a %}{% elif b %}{% endif %}", "did you mean `elseif`?"),
        ("{% set v = 1 %}{% macro m(x) %}{{ v }}{% endmacro %}{{ m() }}", "known: x"),
        ("{{ text.indexOf(part='a') }}", "without names"),
        ("{{ a | uper }}", "did you mean `upper`"),
        ("{{ rendr(a) }}", "did you mean `render`"),
        ("{{ a is emty }}", "did you mean `empty`"),
        ("{{ 'x' | date(formt='y') }}", "did you mean `format`"),
        ("{{ randomInt(1) }}", "needs the argument `upper`"),
        ("{{ uuid(1) }}", "takes no argument"),
        ("{{ max(a=1, 2) }}", "without a name"),
        ("{% foo %}", "Unknown tag `foo`"),
        ("{% include 'x' %}", "not part of Kestra's expressions"),
        ("{% if a %}", "`{% endif %}` is missing"),
        ("{% endif %}", "closes nothing"),
        ("{% for x on list %}{% endfor %}", "Expected `in`"),
        ("{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}", "takes 1 arguments"),
        ("{{ [1, 2 }}", "closes nothing"),
        ("{{ " + "9" * 1001 + " }}", "more than 1000 digits"),
    ],
)
def test_what_cannot_be_read_is_one_sentence_with_a_place(template: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        render(template, VARIABLES)
    assert message in caught.value.message
    assert caught.value.line == 1
    assert explain(caught.value).endswith("^")


def test_an_error_points_at_the_line_and_column_of_the_name() -> None:
    with pytest.raises(ExpressionError) as caught:
        render("first\n  {{ outputs.quary.rows }}", {"outputs": {"query": 1}})
    assert caught.value.message == (
        "Unable to find `outputs.quary` used in the expression `{{ outputs.quary.rows }}`: "
        "did you mean `query`? known: query"
    )
    assert (caught.value.line, caught.value.column) == (2, 13)


def test_the_tree_is_frozen_and_compares_by_value() -> None:
    assert parse("{{ a | upper }}") == parse("{{ a | upper }}")
    with pytest.raises(AttributeError):
        Literal(1, 0).value = 2  # type: ignore[misc]
