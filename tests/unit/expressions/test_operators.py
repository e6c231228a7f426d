"""Operators and the text of values."""

from datetime import UTC, date, datetime, time, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tiercel.expressions import ExpressionError, Float32, evaluate, render, render_deep, truthy

VARIABLES: dict[str, Any] = {
    "map": {"k": "v", "n": None},
    "list": ["a", 1, 1.5],
    "null_value": None,
    "f32": Float32(1.123),
    "big": Decimal("1234567890.1234567890"),
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("7 / 2", "3"),
        ("-7 / 2", "-3"),
        ("-7 % 3", "-1"),
        ("7.0 / 2", "3.5"),
        ("1e10", "1.0E10"),
        ("0.0001", "1.0E-4"),
        ("1.0", "1.0"),
        ("9223372036854775807 + 1", "-9223372036854775808"),
        ("4294967296 * 4294967296", "0"),
        ("-9223372036854775808 - 1", "9223372036854775807"),
        ("99999999999999999999 + 1", "100000000000000000000"),
        ("-0.0", "-0.0"),
        ("-(1 - 1)", "0"),
        ("10 - '2'", "8"),
        ("'10' / 4", "2"),
        ("2 * '2.5'", "5.0"),
        ("-'5'", "-5"),
        ("'10' + 4", "104"),
        ("f32", "1.123"),
        ("f32 * 2", "2.246"),
        ("big + 1", "1234567891.1234567890"),
        ("'a' + 1", "a1"),
        ("[1] + 2", "[1,2]"),
        ("[1, 2, 1] - 1", "[2]"),
        ("'x' ~ null ~ list", "x[a, 1, 1.5]"),
        ("'' ~ map", "{k=v, n=null}"),
        ("map", '{"k":"v","n":null}'),
        ("null", ""),
        ("true", "true"),
        ("'é\u0001\"' | toJson", '"é\\u0001\\""'),
    ],
)
def test_values_are_written_as_kestra_writes_them(expression: str, expected: str) -> None:
    assert render(f"{{{{ {expression} }}}}", VARIABLES) == expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("1 == 1.0", True),
        ("'1' == 1", False),
        ("true == 1", False),
        ("null == null", True),
        ("[1, {'a': 2}] equals [1.0, {'a': 2}]", True),
        ("'b' >= 'a'", True),
        ("null < 1", False),
        ("['a', 'b'] contains ['a', 'b']", True),
        ("map contains 'k'", True),
        ("'abc' contains 'bc'", True),
        ("null contains 1", False),
        ("'v' isIn map", True),
        ("'k' isIn map", True),
        ("2 isIn [1, 3]", False),
        ("'abc' matches '[a-c]+'", True),
        ("'abcd' matches '[a-c]+'", False),
    ],
)
def test_comparisons(expression: str, expected: bool) -> None:
    assert evaluate(f"{{{{ {expression} }}}}", VARIABLES) is expected


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("missing ?? 'd'", "d"),
        ("null_value ?? 'd'", "d"),
        ("map.missing.deeper ?? null_value ?? 'd'", "d"),
        ("null_value ??? 'd'", ""),
        ("missing ??? 'd'", "d"),
        ("missing is defined", "false"),
        ("null_value is defined", "false"),
        ("map[missing].x is not defined", "true"),
        ("list[9] is defined", "false"),
        ("missing | default('d')", "d"),
        ("'' | default('d')", "d"),
    ],
)
def test_what_is_missing_is_an_error_except_where_it_is_asked_for(expression: str, expected: str) -> None:
    assert render(f"{{{{ {expression} }}}}", VARIABLES) == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("inputs.x", "Unable to find `inputs` used in the expression"),
        ("map.z", "Unable to find `map.z`"),
        ("map.k.z", "fromJson"),
        ("map.n.z", "is null"),
        ("list[3]", "3 items"),
        ("list.length", "`| length` counts them"),
        ("1 / 0", "Division by zero"),
        ("1 % 0", "Division by zero"),
        ("'a' - 1", "a text that is no number and a number"),
        ("-'a'", "`-` needs a number, not a text that is no number"),
        ("list[true]", "`list[true]`"),
        ("('1e999999999' | number('BIGDECIMAL')) + 1", "out of range (line 1"),
        ("4 < '5'", "| number"),
        ("{} < 1", "cannot compare a map with a number"),
        ("[] ? 1 : 2", "is empty"),
        ("{[1]: 2}", "cannot be the key"),
        ("1 contains 1", "looks into"),
    ],
)
def test_a_wrong_operand_is_one_sentence(expression: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        render(f"{{{{ {expression} }}}}", VARIABLES)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (datetime(2013, 9, 8, 16, 19, tzinfo=timezone(timedelta(hours=2))), "2013-09-08T16:19+02:00"),
        (datetime(2013, 9, 8, 16, 19, 1, 120_000, tzinfo=timezone.min), "2013-09-08T16:19:01.120-23:59"),
        (datetime(2013, 9, 8, tzinfo=ZoneInfo("Europe/Paris")), "2013-09-08T00:00+02:00[Europe/Paris]"),
        (datetime(2013, 9, 8, 16, 19, 1, 120_000, tzinfo=UTC), "2013-09-08T16:19:01.120Z"),
        (datetime(2013, 9, 8, 16, 19), "2013-09-08T16:19"),
        ([datetime(2013, 9, 8, 16, 19)], '["2013-09-08T16:19:00"]'),
        (date(2013, 9, 8), "2013-09-08"),
        (time(1, 2, 3), "01:02:03"),
        (timedelta(minutes=5, seconds=6), "PT5M6S"),
        ((1, 2), "[1,2]"),
        ({1}, "[1]"),
        (Decimal("1E+3"), "1000"),
        (float("inf"), "Infinity"),
    ],
)
def test_python_values_have_a_text(value: Any, expected: str) -> None:
    assert render("{{ value }}", {"value": value}) == expected


def test_a_value_that_is_no_plain_data_has_no_text_and_no_attributes() -> None:
    class Secret:
        token = "visible"

    for template in ("{{ x }}", "{{ x.token }}", "{{ x['token'] }}", "{{ [x] }}", "{{ x ~ '' }}"):
        with pytest.raises(ExpressionError):
            render(template, {"x": Secret()})


def test_evaluate_gives_values_and_render_deep_renders_keys_and_leaves() -> None:
    assert evaluate("{{ [1, 2] }}", {}) == [1, 2]
    assert evaluate(" {{ [1, 2] }}", {}) == " [1,2]"
    assert evaluate("text", {}) == "text"
    assert render_deep({"{{ a }}": ["{{ a }}", 1, None, {"b": "{{ a }}"}]}, {"a": "x"}) == {
        "x": ["x", 1, None, {"b": "x"}]
    }


def test_rendered_text_is_rendered_again_only_when_asked() -> None:
    variables = {"a": "{{ b }}", "b": "{{ c }}", "c": "end"}
    assert render("{{ a }}", variables) == "{{ b }}"
    assert render("{{ renderOnce(a) }}", variables) == "{{ c }}"
    assert render("{{ render(a) }}", variables) == "end"
    assert render("{{ a }}", variables, recursive=True) == "end"
    assert render("{{ a }}{% raw %}{{ b }}{% endraw %}", variables, recursive=True) == "end{{ b }}"


@pytest.mark.parametrize("text", ["", " ", "false", "False", " 0 ", "-0", None])
def test_what_kestra_calls_false(text: str | None) -> None:
    assert not truthy(text)


@pytest.mark.parametrize("text", ["true", "0.0", "no", "null", "[]"])
def test_everything_else_is_true(text: str) -> None:
    assert truthy(text)
