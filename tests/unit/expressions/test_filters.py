"""The filters."""

from typing import Any

import pytest

from tiercel.expressions import ExpressionError, render
from tiercel.expressions.libraries import FILTERS, FUNCTIONS, TESTS

VARIABLES: dict[str, Any] = {"list": [3, 1, 2], "map": {"b": 1, "a": "x"}, "rows": [{"n": 1}, {"n": 2}]}


def test_every_name_of_the_tables_leads_to_an_operation_with_a_docstring() -> None:
    for library in (FILTERS, FUNCTIONS, TESTS):
        for name in library:
            assert library.find(name).call.__doc__, name


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("'this is a long sentence.' | abbreviate(7)", "this..."),
        ("'hello world' | capitalize", "Hello world"),
        ("'article title' | title", "Article Title"),
        ("' x ' | trim", "x"),
        ("'a\n\nb' | nl2br", "a<br /><br />b"),
        ("'kestra://f' | startsWith(value='kestra://')", "true"),
        ("'a.b.c' | substringBeforeLast('.')", "a.b"),
        ("'abc' | substringAfter('.')", ""),
        ("'abc' | substringBefore('.')", "abc"),
        ("'Été à la Plage!' | slugify", "ete-a-la-plage"),
        ("\"Can't\" | escapeChar('single')", "Can\\'t"),
        ("\"Can't\" | escapeChar('shell')", "Can'\\''t"),
        ("'a\r\nb' | condense", "ab"),
        ("'%s|%5d|%-3s|%.2f|%2$s' | format('x', 42, 'y', 3.14159)", "x|   42|y  |3.14|42"),
        ("'a1b2' | replace({'a': 'x', '1': ''})", "xb2"),
        ("'a1b2' | replace({'([a-z])(\\d)': '$2$1'}, regexp=true)", "1a2b"),
        ("'a,b,,' | split(',')", '["a","b"]'),
        ("'a,b,,' | split(',', -1)", '["a","b","",""]'),
        ("'a,b,c' | split(',', 2)", '["a","b,c"]'),
        ("'abc' | split('')", '["a","b","c"]'),
        ("'key=value' | regexExtract('(?<k>\\w+)=(\\w+)', 2)", "value"),
        ("'x' | regexExtract('y')", ""),
        ("'a.b' | regexReplace('\\Q.\\E', '\\$')", "a$b"),
        ("list | sort", "[1,2,3]"),
        ("list | rsort | first", "3"),
        ("list | reverse | join('-')", "2-1-3"),
        ("'Kestra' | last", "a"),
        ("[] | first", ""),
        ("'Kestra' | slice(1, 3)", "es"),
        ("[1, 2] | merge([3])", "[1,2,3]"),
        ("map | merge({'c': 2}) | keys", '["b","a","c"]'),
        ("map | values", '[1,"x"]'),
        ("map | length", "2"),
        ("'😀' | length", "2"),
        ("[[1], [2, [3]]] | flatten", "[1,2,[3]]"),
        ("[1, 1.0, '1', 1, [1], [1]] | distinct", '[1,1.0,"1",[1]]'),
        ("'12.3' | number", "12.3"),
        ("'12' | number + 1", "13"),
        ("'9223372036854775808' | number('BIGINTEGER')", "9223372036854775808"),
        ("'1.10' | number('BIGDECIMAL')", "1.10"),
        ("3.141592653 | numberFormat('#.##')", "3.14"),
        ("0.5 | numberFormat('#.##')", "0.5"),
        ("-0.5 | numberFormat('#,###.#')", "-0.5"),
        ("0.5 | numberFormat('#.00')", ".50"),
        ("2 | numberFormat('.##')", "2.0"),
        ("0 | numberFormat('#')", "0"),
        ("5 | length", "0"),
        (
            "{'a': 'x # y', 'b': 'x, y', 'c': 'x#y', 'd': 'y', 'e': '7:5'} | yaml",
            'a: "x # y"\nb: "x, y"\nc: x#y\nd: "y"\ne: "7:5"\n',
        ),
        ("2.5 | numberFormat('0')", "2"),
        ("1234567.891 | numberFormat('#,##0.00')", "1,234,567.89"),
        ("0.256 | numberFormat('0.0%')", "25.6%"),
        ("-1234.5 | numberFormat('#,##0.0;(#)')", "(1,234.5)"),
        ("0.125 | numberFormat('0.00')", "0.12"),
        ("2.345 | numberFormat('0.00')", "2.35"),
        ("2.355 | numberFormat('0.00')", "2.35"),
        ("0.1 | numberFormat('0.####################')", "0.1"),
        ("1234.5 | numberFormat('\u00a4#,##0.00')", "$1,234.50"),
        ("('-0' | number('BIGDECIMAL')) | numberFormat('0.0')", "0.0"),
        ("('2.345' | number('BIGDECIMAL')) | numberFormat('0.00')", "2.34"),
        ("'%.2f' | format(0.125)", "0.13"),
        ("'%(d|%(08d|%(,.1f|%(d' | format(-5, -5, -1234.5, 5)", "(5)|(000005)|(1,234.5)|5"),
        ("12345 | numberFormat('0.###E0')", "1.234E4"),
        ("0.00123 | numberFormat('00.###E0')", "12.3E-4"),
        ("12345 | numberFormat('##0.#####E0')", "12.345E3"),
        ("0.00012 | numberFormat('##0.##E0')", "120E-6"),
        ("-1500 | numberFormat('0.00E00 m')", "-1.50E03 m"),
        ("0 | numberFormat('0.###E0')", "0E0"),
        ("999999 | numberFormat('0.##E0')", "1E6"),
        ("-0.04 | numberFormat('0.0')", "-0.0"),
        ("'%g|%g|%.3g|%g' | format(1234.5, 0.00001234, 3.14159, 0)", "1234.50|1.23400e-05|3.14|0.00000"),
        ("'%#x|%#o|%x|%X' | format(255, 8, -1, 255)", "0xff|010|ffffffffffffffff|FF"),
        ("'%h|%c|%5%|%<c' | format('hello', 65)", "5e918d2|A|    %|A"),
        ("'%tY-%<tm-%<td' | format('2024-02-29T10:00:00Z')", "2024-02-29"),
        ("'a.b' | split('.')", "[]"),
        ("[true, false] | sort", "[false,true]"),
        ("'' | split(',')", '[""]'),
        ("',a,,' | split(',')", '["","a"]'),
        ("'15' | number('LONG') | className", "java.lang.Long"),
        ("('2024-02-29' | timestamp) | className", "java.lang.Long"),
        ("5 | className", "java.lang.Long"),
        ("(rows[0].n * 2) | className", "java.lang.Long"),
        ("rows[0].n | className", "java.lang.Integer"),
        ("[1, null, 'x'] | join('-')", "1-null-x"),
        ("list | join", "312"),
        ("'\t x\u00a0' | trim | length", "2"),
        ("1234.5 | numberFormat('#,##0.00', 'de')", "1.234,50"),
        ("'test' | base64encode | base64decode", "test"),
        ("'ü@foo bar*~' | urlencode", "%C3%BC%40foo+bar*%7E"),
        ("'ü@foo bar' | urlencode | urldecode", "ü@foo bar"),
        ("'hello' | md5", "5d41402abc4b2a76b9719d911017c592"),
        ("'hello' | sha256 | slice(0, 8)", "2cf24dba"),
        ("map | toJson", '{"b":1,"a":"x"}'),
        ("map | yaml", "b: 1\na: x\n"),
        ("{'s': 'true', 'e': '', 'l': []} | yaml", 's: "true"\ne: ""\nl: []\n'),
        ("map | toIon", '{b:1,a:"x"}'),
        ("{'a b': 1.5, 'null': null} | toIon", "{'a b':1.5e0,'null':null}"),
        ("rows | jq('.[].n')", "[1,2]"),
        ("'{\"a\": [1, 2]}' | jq('.a[1]') | first", "2"),
        ("rows | jq('reduce .[] as $r (0; . + $r.n)') | first", "3"),
        ("'\"a\u2028b\"' | jq('.') | first | length", "3"),
        ("null | upper", ""),
        ("null | jq('.')", ""),
        ("5 | string | className", "java.lang.String"),
    ],
)
def test_a_filter_gives_what_kestras_gives(expression: str, expected: str) -> None:
    assert render(f"{{{{ {expression} }}}}", VARIABLES) == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("'x' | number", "not a number"),
        ("'100%' | urldecode", "not URL-encoded"),
        ("300000000000 | number('INT')", "not a number of type INT"),
        ("'x' | number('NUMBER')", "Unknown type"),
        ("1 | chunk(2)", "works on a list"),
        ("[1] | chunk(0)", "at least 1"),
        ("[1, 'a'] | sort", "cannot compare"),
        ("'abc' | slice(2, 9)", "cannot go from 2 to 9"),
        ("'%' | base64decode", "not base64"),
        ("'x' | replace('y')", "takes a map"),
        ("'x' | regexMatch('(')", "not a regular expression"),
        ("'x' | regexExtract('(x)', 2)", "no group 2"),
        ("'x' | regexReplace('x', '$1')", "no group 1"),
        ("'not json' | jq('.')", "works on JSON"),
        ("[1] | jq('.[')", "jq program failed"),
        ("'x' | indent(-1)", "between 0 and"),
        ("1 | numberFormat('abc.def.')", "not a DecimalFormat pattern"),
        ("1 | numberFormat('0.0', 'zz-zz-zz')", "Unknown locale"),
    ],
)
def test_a_filter_refuses_with_one_sentence(expression: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        render(f"{{{{ {expression} }}}}", VARIABLES)
    assert message in caught.value.message


@pytest.mark.parametrize(
    "program", ["env", "$ENV", "$ENV | length", "env.PATH", '"\\(env)"', ".) | ($ENV", "input_filename"]
)
def test_a_jq_program_cannot_see_the_process(program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TIERCEL_TEST_SECRET", "visible-secret")
    assert "visible-secret" not in render("{{ [1] | jq(program) }}", {"program": program})
