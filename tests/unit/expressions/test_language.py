"""The language is whole: every name that Kestra 1.3 and 2.0 and Pebble 4.1 know, with its arguments."""

import pytest

from tiercel.expressions import ExpressionError, compile_template, render
from tiercel.expressions.libraries import FILTERS, FUNCTIONS, TESTS
from tiercel.expressions.operations import camel

FILTER_ARGUMENTS = {
    "abbreviate": "length", "abs": "", "base64decode": "", "base64encode": "", "capitalize": "",
    "chunk": "size", "className": "", "date": "format existingFormat timeZone locale",
    "dateAdd": "amount unit format existingFormat timeZone locale", "default": "default", "distinct": "",
    "endsWith": "value", "escapeChar": "type", "first": "", "flatten": "", "indent": "amount prefix",
    "join": "separator", "jq": "expression", "json": "", "keys": "", "last": "", "length": "", "lower": "",
    "md5": "", "merge": "items", "nindent": "amount prefix", "nl2br": "", "number": "type",
    "numberFormat": "format locale", "regexExtract": "regex group", "regexMatch": "regex",
    "regexReplace": "regex replacement", "replace": "replacePairs regexp", "reverse": "", "rsort": "",
    "sha1": "", "sha256": "", "sha512": "", "slice": "fromIndex toIndex", "slugify": "", "sort": "",
    "split": "delimiter limit", "startsWith": "value", "string": "", "substringAfter": "separator",
    "substringAfterLast": "separator", "substringBefore": "separator", "substringBeforeLast": "separator",
    "timestamp": "existingFormat timeZone", "timestampMicro": "existingFormat timeZone",
    "timestampMilli": "existingFormat timeZone", "timestampNano": "existingFormat timeZone", "title": "",
    "toIon": "", "toJson": "", "trim": "", "upper": "", "urldecode": "", "urlencode": "", "values": "",
    "yaml": "",
}  # fmt: skip
FUNCTION_ARGUMENTS = {
    "block": "name", "currentEachOutput": "outputs", "dayOfMonth": "date", "dayOfWeek": "date",
    "decrypt": "key encrypted", "encrypt": "key plaintext", "env": "name default", "errorLogs": "",
    "fetchContext": "", "fileExists": "path namespace", "fileSize": "path namespace",
    "fileURI": "path namespace version", "fromIon": "ion allRows", "fromJson": "json", "hourOfDay": "date",
    "http": "uri method query body contentType headers options accept", "id": "",
    "isDayWeekInMonth": "date dayOfWeek position", "isFileEmpty": "path namespace",
    "isLastWorkingDay": "date workingDays", "isPublicHoliday": "date countryCode subDivision",
    "isWeekend": "date", "json": "json", "ksuid": "", "kv": "key namespace errorOnMissing",
    "loopOutputs": "outputs name", "monthOfYear": "date", "nanoId": "length alphabet",
    "now": "format existingFormat timeZone locale", "printContext": "", "randomInt": "lower upper",
    "randomPort": "", "range": "start end increment", "read": "path namespace version",
    "render": "toRender recursive", "renderOnce": "toRender", "secret": "key namespace subkey full",
    "subflow": "namespace id inputs revision labels timeout", "tasksWithState": "state", "uuid": "",
    "yaml": "yaml",
}  # fmt: skip
VARIADIC_FUNCTIONS = ("max", "min", "i18n")
TEST_NAMES = ("defined", "empty", "even", "iterable", "json", "map", "null", "odd")


@pytest.mark.parametrize("name", FILTER_ARGUMENTS)
def test_a_filter_has_kestras_arguments(name: str) -> None:
    assert [camel(one) for one in FILTERS.find(name).parameters] == FILTER_ARGUMENTS[name].split()


@pytest.mark.parametrize("name", FUNCTION_ARGUMENTS)
def test_a_function_has_kestras_arguments(name: str) -> None:
    assert [camel(one) for one in FUNCTIONS.find(name).parameters] == FUNCTION_ARGUMENTS[name].split()


def test_the_other_names_are_there() -> None:
    assert all(name in FUNCTIONS for name in VARIADIC_FUNCTIONS)
    assert all(name in TESTS for name in TEST_NAMES)
    assert "format" in FILTERS


@pytest.mark.parametrize("name", ["escape", "raw"])
def test_what_kestra_takes_out_is_not_there(name: str) -> None:
    with pytest.raises(ExpressionError, match=f"Unknown filter `{name}`"):
        render(f"{{{{ 'x' | {name} }}}}", {})


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("not false", "true"),
        ("+1", "1"),
        ("-(1)", "-1"),
        ("false or true", "true"),
        ("true and false", "false"),
        ("1 is odd", "true"),
        ("1 is not odd", "false"),
        ("[1, 2] contains 2", "true"),
        ("1 == 1.0", "true"),
        ("'a' equals 'a'", "true"),
        ("1 != 2", "true"),
        ("2 > 1", "true"),
        ("1 < 1", "false"),
        ("'b' >= 'a'", "true"),
        ("1 <= 1", "true"),
        ("7 - 2", "5"),
        ("7 / 2", "3"),
        ("7 / 2.0", "3.5"),
        ("-7 / 2", "-3"),
        ("-7 % 3", "-1"),
        ("1.5 * 2", "3.0"),
        ("1.0 / 0", "Infinity"),
        ("'n' | upper", "N"),
        ("'a' ~ 1 ~ null ~ true", "a1true"),
        ("'a' + 1 + null", "a1null"),
        ("1..3", "[1,2,3]"),
        ("'a'..'c'", '["a","b","c"]'),
        ("'abc' matches 'a.c'", "true"),
        ("'abc' starts with 'ab'", "true"),
        ("'abc' ends with 'x'", "false"),
        ("missing ?? null ?? 'd'", "d"),
        ("null ??? 'd'", ""),
        ("missing ??? 'd'", "d"),
        ("'a' isIn ['a']", "true"),
        ("1 + 2 * 3 - 4 / 2", "5"),
        ("'a' ~ 'b' == 'ab'", "true"),
        ("true ? 1 : 2", "1"),
        ("100 + 10l * 2.5", "125.0"),
        ("12345678901 * 10", "123456789010"),
        ("1e3", "1000.0"),
        ("0.0001", "1.0E-4"),
        ("'It\\'s' ~ \"\\\"\"", "It's\""),
        ("'a\\nb'", "a\\nb"),
        ("\"1 #{1 + 1} #{'x' | upper}\"", "1 2 X"),
        ("'#{no}'", "#{no}"),
        ("{'a': [1, {'b': null}]}", '{"a":[1,{"b":null}]}'),
        ("{'a':1}['a']", "1"),
        ("[[1, 2], [3]][0][1]", "2"),
        ("TRUE and not FALSE and NULL is null and NONE is null", "true"),
        ("max(1, 2.5)", "2.5"),
        ("min('b', 'a')", "a"),
    ],
)
def test_operators_and_literals(expression: str, expected: str) -> None:
    assert render(f"{{{{ {expression} }}}}", {}) == expected


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("a {#- c -#} b", "ab"),
        ("a\n{%- if true -%}\n b \n{%- endif -%}\n c", "abc"),
        ("a {{- 1 -}} b", "a1b"),
        ("{# {{ not read }} #}x", "x"),
        ("{%- set x = 1 -%} {{ x }}", "1"),
        ("{{ 1\n  + 1\n}}", "2"),
        ("{{ 'a\nb' }}", "a\nb"),
        ("{ { x } } {{ '{{' }} %} }}", "{ { x } } {{ %} }}"),
        ("{% verbatim %}{{ x }} {% if %}{% endverbatim %}", "{{ x }} {% if %}"),
        ("{% for i in 1..2 %}{{ loop.index }}{% else %}none{% endfor %}", "01"),
        ("{% macro hi(name='you', end) %}{{ name }}{{ end }}{% endmacro %}{{ hi(end='!') }}", "you!"),
        ("{% filter upper | replace({'A': 'b'}) %}aa{% endfilter %}", "bb"),
    ],
)
def test_tags_and_white_space(template: str, expected: str) -> None:
    assert render(template, {}) == expected


@pytest.mark.parametrize(
    "text",
    [
        "awk '{ print $1 }' file | sort # {}",
        "select '{1,2}'::int[] as a, $${}$$",
        "${{ '${VAR}' }}",
        '{"json": {"a": {}}}',
        "for f in *; do echo ${f%}; done",
    ],
)
def test_text_without_expressions_is_left_alone(text: str) -> None:
    expected = text if "{{" not in text else "$${VAR}"
    assert render(text, {}) == expected


@pytest.mark.parametrize(
    ("expression", "hint"),
    [
        ("1 in [1]", "write `isIn`"),
        ("1 = 1", "write `==`"),
        ("a && b", "write `and`"),
        ("1 mod 2", "write `%`"),
    ],
)
def test_words_of_other_languages_are_answered(expression: str, hint: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        compile_template(f"{{{{ {expression} }}}}")
    assert hint in caught.value.message


def test_a_large_template_is_kept_once_it_is_met_again() -> None:
    text = "line\n" * 20_000 + "{{ 1 + 1 }}"
    first, second = compile_template(text), compile_template(text)
    assert first is not second
    assert compile_template(text) is second
    assert second.render({}).endswith("line\n2")
