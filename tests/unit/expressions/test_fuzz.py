"""Whatever is written, whatever it is given: a text comes out, or an ExpressionError, and nothing else.

`make fuzz` takes many more examples than the suite does.
"""

import os
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tiercel.expressions import Budget, ExpressionError, Float32, compile_template, references, render
from tiercel.expressions.libraries import FILTERS, FUNCTIONS, TESTS
from tiercel.expressions.methods import LIST, MAP, NUMBER, TEXT
from tiercel.expressions.precedence import BINARY

EXAMPLES = int(os.environ.get("FUZZ_EXAMPLES", "150"))
PLAIN = (str, int, float, bool, type(None), list, tuple, dict, set, Decimal, date, timedelta)
VARIABLES: dict[str, Any] = {
    "a": 1,
    "s": "abc",
    "l": [3, 1, 2],
    "m": {"k": {"x": 1}, "l": [{"a": 1}, {"a": "b"}]},
    "n": None,
    "t": "{{ render(t) }}",
    "d": datetime(2024, 2, 3, 4, 5, 6, tzinfo=UTC),
    "f": 2.5,
    "g": Float32(1.1),
    "b": Decimal("1.10"),
    "long": list(range(20)),
    "taskrun": {"value": "v"},
    "parents": 5,
    "ref": {"$ref": "kestra:///x", "size": 1, "sha256": "x"},
}
# a child process for every example would be the whole time of the suite
CHILDREN = ("jq",)
SLOW = {"randomPort"}

names = st.sampled_from([*VARIABLES, "i", "loop", "zz", "_context"])
texts = st.sampled_from(
    ["", "x", "a b", "(a", "[a-z]+", "yyyy", "DAYS", "{{ a }}", "é", "1", "#,##0.0", "%s"]
)
literals = st.one_of(
    st.integers(-3, 3000000000).map(str),
    st.sampled_from(["1.5", "1e3", "true", "null", "0", "10L", "[]", "{}"]),
    texts.map(lambda text: f"'{text}'"),
    texts.map(lambda text: f'"#{{a}}{text}"'),
)


def called(name: str, arguments: list[str]) -> str:
    return f"{name}({', '.join(arguments)})"


def grown(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Grow larger expressions of smaller ones, by every rule of the grammar."""
    arguments = st.lists(inner, max_size=3)
    filters = st.sampled_from([name for name in FILTERS if name not in CHILDREN])
    functions = st.sampled_from([name for name in FUNCTIONS if name not in SLOW])
    methods = st.sampled_from(sorted({*TEXT, *LIST, *MAP, *NUMBER, "getClass", "__init__"}))
    return st.one_of(
        st.tuples(inner, filters, arguments).map(lambda part: f"{part[0]} | {called(part[1], part[2])}"),
        st.tuples(inner, filters).map(" | ".join),
        st.tuples(functions, arguments).map(lambda part: called(*part)),
        st.tuples(inner, methods, arguments).map(lambda part: f"{part[0]}.{called(part[1], part[2])}"),
        st.tuples(inner, st.sampled_from([*BINARY, "and"]), inner).map(" ".join),
        st.tuples(inner, st.sampled_from([*TESTS])).map(" is ".join),
        st.tuples(inner, st.sampled_from([*TESTS])).map(" is not ".join),
        st.tuples(inner, inner, inner).map(lambda part: f"{part[0]} ? {part[1]} : {part[2]}"),
        st.tuples(inner, inner).map(lambda part: f"{part[0]}[{part[1]}]"),
        st.tuples(inner, st.sampled_from(["k", "x", "size", "length", "index"])).map(".".join),
        arguments.map(lambda items: f"[{', '.join(items)}]"),
        st.tuples(inner, inner).map(lambda part: f"{{{part[0]}: {part[1]}}}"),
        inner.map(lambda one: f"({one})"),
        inner.map(lambda one: f"not {one}"),
        inner.map(lambda one: f"-{one}"),
    )


expressions = st.recursive(st.one_of(names, literals), grown, max_leaves=6)


def nested(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Put templates into every tag."""
    return st.one_of(
        st.tuples(inner, inner).map("".join),
        st.tuples(expressions, inner, inner).map(
            lambda part: f"{{% if {part[0]} %}}{part[1]}{{% else %}}{part[2]}{{% endif %}}"
        ),
        st.tuples(expressions, inner).map(
            lambda part: f"{{% for i in {part[0]} %}}{part[1]}{{% else %}}-{{% endfor %}}"
        ),
        inner.map(lambda body: f"{{% for i in long %}}{body}{{% endfor %}}"),
        st.tuples(expressions, inner).map(lambda part: f"{{% set a = {part[0]} %}}{part[1]}"),
        st.tuples(inner, expressions).map(
            lambda part: f"{{% macro m(i, s={part[1]}) %}}{part[0]}{{% endmacro %}}{{{{ m({part[1]}) }}}}"
        ),
        inner.map(lambda body: f"{{% filter upper | trim %}}{body}{{% endfilter %}}"),
        inner.map(lambda body: f"{{% block b %}}{body}{{% endblock %}}{{{{ block('b') }}}}"),
        inner.map(lambda body: f"{{% raw %}}{body}{{% endraw %}}{{# {body} #}}"),
    )


templates = st.recursive(
    st.one_of(expressions.map(lambda one: f"{{{{ {one} }}}}"), st.sampled_from(["x", "\n", "{", "}}"])),
    nested,
    max_leaves=4,
)


def text_or_expression_error(template: str) -> None:
    """Render, evaluate and analyse a template."""
    try:
        compiled = compile_template(template)
    except ExpressionError as error:
        assert "could not be" not in error.message, error.__cause__
        return
    for work in (compiled.render, compiled.evaluate):
        try:
            result = work(VARIABLES, None, Budget(steps=50_000, characters=1_000_000, seconds=5.0))
        except ExpressionError as error:
            assert "could not be" not in error.message, error.__cause__
        else:
            assert isinstance(result, PLAIN if work == compiled.evaluate else str), type(result)
    assert all(isinstance(path, tuple) for path in references(template))


fuzzed = settings(
    max_examples=EXAMPLES,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@fuzzed
@given(templates)
def test_any_template_gives_a_text_or_an_expression_error(template: str) -> None:
    text_or_expression_error(template)


@fuzzed
@given(expressions)
def test_any_expression_gives_a_text_or_an_expression_error(expression: str) -> None:
    text_or_expression_error(f"{{{{ {expression} }}}}")


WORDS = st.sampled_from(
    [
        *"{{ }} {% %} {# #} - ( ) [ ] { } | . , : ? ?? ??? ~ .. = == < + / % * ' \" #{ \\ \n".split(" "),
        *"if else elseif endif for in endfor set macro endmacro raw endraw verbatim endverbatim".split(),
        *"block endblock filter endfilter is not and or contains starts with ends isIn matches".split(),
        *"a s l m n t k i loop 1 2.5 -1 true null 'x' \"#{a}\" 'yyyy' 'DAYS'".split(),
        *(name for name in FILTERS if name not in CHILDREN),
        *(f"{name}(" for name in FUNCTIONS if name not in SLOW),
        *TESTS,
    ]
)


@fuzzed
@given(st.lists(WORDS, max_size=16))
def test_any_words_give_a_text_or_an_expression_error(words: list[str]) -> None:
    text_or_expression_error("{{ " + " ".join(words) + " }}")
    text_or_expression_error("{% " + " ".join(words) + " %}")
    text_or_expression_error("".join(words))


@fuzzed
@given(st.text(alphabet="{}%#-|()[].,:?~'\"\\ ab1\n=é\ue000", max_size=40), st.sampled_from(list(FILTERS)))
def test_any_characters_give_a_text_or_an_expression_error(text: str, name: str) -> None:
    text_or_expression_error(text)
    text_or_expression_error("{{" + text + "}}")
    if name not in CHILDREN:
        text_or_expression_error(f"{{{{ s | {name}({text}) }}}}")


@fuzzed
@given(st.recursive(st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text()), st.lists))
def test_any_value_has_a_text(value: Any) -> None:
    variables = {"v": value}
    for template in ("{{ v }}", "{{ v ~ v }}", "{{ v | toIon }}", "{{ [v] | yaml }}", "{{ {'k': v} }}"):
        assert type(render(template, variables)) is str
