"""The methods of plain values: a closed table, spelt as Java's."""

from typing import Any

import pytest

from tiercel.expressions import Budget, ExpressionError, compile_template, render

VARIABLES: dict[str, Any] = {
    "text": "a.b.c",
    "list": ["x", "y", "x"],
    "map": {"a": 1, "b": None},
    "n": 3.7,
    "flag": True,
}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("text.length()", "5"),
        ("'😀'.length()", "2"),
        ("text.length", "5"),
        ("text.isEmpty()", "false"),
        ("' '.isBlank()", "true"),
        ("text.toUpperCase()", "A.B.C"),
        ("'ABC'.toLowerCase()", "abc"),
        ("' x '.trim() ~ ' y '.strip()", "xy"),
        ("text.contains('b.')", "true"),
        ("text.startsWith('a')", "true"),
        ("text.endsWith('a')", "false"),
        ("text.indexOf('.')", "1"),
        ("text.lastIndexOf('.')", "3"),
        ("text.indexOf('z')", "-1"),
        ("text.substring(2)", "b.c"),
        ("text.substring(2, 3)", "b"),
        ("text.charAt(2)", "b"),
        ("text.replace('.', '-')", "a-b-c"),
        ("text.replaceAll('[a-z]', 'x')", "x.x.x"),
        ("text.split('\\.')", '["a","b","c"]'),
        ("text.split('\\.', 2)", '["a","b.c"]'),
        ("text.concat('!')", "a.b.c!"),
        ("text.equals('a.b.c')", "true"),
        ("text.equalsIgnoreCase('A.B.C')", "true"),
        ("text.matches('[a-c.]+')", "true"),
        ("text.repeat(2)", "a.b.ca.b.c"),
        ("'b'.compareTo('a')", "1"),
        ("'ab'.compareTo('abcd')", "-2"),
        ("text.toString().size", ""),
        ("list.size()", "3"),
        ("list.size", "3"),
        ("list.isEmpty()", "false"),
        ("list.contains('y')", "true"),
        ("list.containsAll(['x', 'z'])", "false"),
        ("list.get(1)", "y"),
        ("list.getFirst() ~ list.getLast()", "xx"),
        ("list.indexOf('x') ~ list.lastIndexOf('x') ~ list.indexOf('q')", "02-1"),
        ("list.subList(1, 3)", '["y","x"]'),
        ("map.size()", "2"),
        ("map.get('a')", "1"),
        ("map.get('q')", ""),
        ("map.getOrDefault('q', 'd')", "d"),
        ("map.containsKey('b') ~ map.containsValue(1)", "truetrue"),
        ("map.keySet()", '["a","b"]'),
        ("map.values()", "[1,null]"),
        ("map.entrySet()[0].key", "a"),
        ("map.toString()", "{a=1, b=null}"),
        ("n.intValue()", "3"),
        ("4.doubleValue() ~ n.negate()", "4.0-3.7"),
        ("n.compareTo(5)", "-1"),
        ("flag.toString()", "true"),
        ("map.size ?? 'no such key'", "no such key"),
        ("text.split('\\.').size()", "3"),
    ],
)
def test_a_method_gives_what_javas_gives(expression: str, expected: str) -> None:
    if expected == "":
        expression = f"({expression}) ?? ''"
    assert render(f"{{{{ {expression} }}}}", VARIABLES) == expected


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("text.getClass()", "no method `getClass` of a text"),
        ("text.uper()", "known: charAt"),
        ("list.append(1)", "no method `append` of a list"),
        ("list.clear()", "no method `clear` of a list"),
        ("map.put('a', 2)", "no method `put` of a map"),
        ("flag.booleanValue()", "no method `booleanValue` of a boolean"),
        ("list.get(3)", "from 0 to 2"),
        ("text.substring(9)", "from 0 to 5"),
        ("text.substring(3, 1)", "from 0 to 1"),
        ("text.repeat(-1)", "cannot be negative"),
        ("text.repeat(999999999)", "larger than"),
        ("map.get(list)", "cannot be the key"),
        ("text.length(1)", "takes 0 arguments, but 1 are given"),
        ("text.__len__()", "no method `__len__`"),
        ("list.sort", "Unable to find `list.sort`"),
        ("map.items", "Unable to find `map.items`"),
    ],
)
def test_nothing_beside_the_table_can_be_called(expression: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        render(f"{{{{ {expression} }}}}", VARIABLES)
    assert message in caught.value.message


def test_a_method_is_paid_for() -> None:
    template = compile_template("{% for i in 1..40 %}{% set t = t.concat(t) %}{% endfor %}{{ t.length }}")
    with pytest.raises(ExpressionError):
        template.render({"t": "0123456789abcdef"}, None, Budget(characters=100_000))
