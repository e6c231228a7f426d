"""The lexer: what is text, what is not, and how dashes trim."""

import time

import pytest

from tiercel.expressions import ExpressionError, is_template, render
from tiercel.expressions.lexer import PRINT, RAW, TAG, TEXT, Lexer


def kinds(source: str) -> list[str]:
    return [segment.kind for segment in Lexer(source).segments()]


def test_a_template_is_cut_into_text_prints_tags_and_raw_text() -> None:
    assert kinds("a {{ b }} c {% set d = 1 %}{% raw %}{{ e }}{% endraw %}{# f #}") == [
        TEXT,
        PRINT,
        TEXT,
        TAG,
        RAW,
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain", False),
        ("{ a }", False),
        ("{{ a }}", True),
        ("{% if %}", True),
        ("{# c #}", True),
        ("{", False),
    ],
)
def test_is_template_sees_delimiters_only(text: str, expected: bool) -> None:
    assert is_template(text) is expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("a {{- 'b' -}} c", "abc"),
        ("a {%- if true -%} b {%- endif -%} c", "abc"),
        ("a {#- c -#} b", "ab"),
        ("a {% verbatim -%} {{ b }} {%- endverbatim %} c", "a {{ b }} c"),
        ("a {%- raw -%} {{ b }} {%- endraw -%} c", "a  {{ b }}  c"),
        ("{{ -1 }}", "-1"),
    ],
)
def test_dashes_trim_the_white_space_beside_them_except_those_of_raw(template: str, expected: str) -> None:
    assert render(template, {}) == expected


@pytest.mark.parametrize(
    "text", ["${x} $(y) { z }", "}} %} #}", 'awk \'{ print $1 }\' {"a": {"b": 1} }', "{ { ", "a { b } } c"]
)
def test_braces_of_other_languages_are_text(text: str) -> None:
    assert render(text + "{{ '' }}", {}) == text


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        (r"{{ 'it\'s' }}", "it's"),
        (r'{{ "say \"x\"" }}', 'say "x"'),
        (r"{{ 'a\nb\d\\' }}", r"a\nb\d\\"),
        ('{{ "a\nb" }}', "a\nb"),
        ('{{ "#{1 + 1} and #{ {"a": "}"}.a }" }}', "2 and }"),
        ("{{ '#{1}' }}", "#{1}"),
        ('{{ "# #a {" }}', "# #a {"),
        ("{{ '}}' }}", "}}"),
        ("{{ {'a': {'b': 1}} }}", '{"a":{"b":1}}'),
    ],
)
def test_strings_keep_backslashes_but_for_their_own_quote(template: str, expected: str) -> None:
    assert render(template, {}) == expected


@pytest.mark.parametrize(
    ("template", "message", "line", "column"),
    [
        ("a\n {{ b", "`{{` is not closed", 2, 2),
        ("{% if", "`{%` is not closed", 1, 1),
        ("{# c", "comment is not closed", 1, 1),
        ("{% raw %}", "endraw", 1, 1),
        ("{{ 'a }}", "text is not closed", 1, 4),
        ('{{ "a }}', "text is not closed", 1, 4),
        ("{{ a ) }}", "closes nothing", 1, 6),
        ("{{ a && b }}", "write `and`", 1, 6),
    ],
)
def test_what_is_not_closed_is_named_with_its_place(
    template: str, message: str, line: int, column: int
) -> None:
    with pytest.raises(ExpressionError, match=message.replace("{", r"\{")) as caught:
        render(template, {})
    assert (caught.value.line, caught.value.column) == (line, column)


def test_a_script_with_few_expressions_costs_little_more_than_searching_it() -> None:
    script = "echo hello; if x then y; done # text\n" * 28_000
    template = (
        script[:300_000] + "{{ a }}" + script[300_000:600_000] + "{{ b }}" + script[600_000:] + "{{ a }}"
    )

    def best(work: object) -> float:
        times = []
        for _ in range(5):
            start = time.process_time()
            assert callable(work)
            work()
            times.append(time.process_time() - start)
        return min(times)

    # a loop over every character would be a thousand times slower
    assert (
        best(lambda: render(template, {"a": 1, "b": 2})) < 40 * best(lambda: template.count("{") or 1) + 0.002
    )
