"""Loops: what goes column by column writes the very same as what goes turn by turn."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiercel.expressions import Budget, ExpressionError, compile_template, loops, render
from tiercel.expressions.compiler import Compiler
from tiercel.expressions.libraries import FILTERS
from tiercel.expressions.parser import parse
from tiercel.expressions.runtime import Run

ROWS = [
    {"id": index, "name": f"n{index}", "ok": index % 3 == 0, "none": None, "tags": ["a", "b"][: index % 3]}
    for index in range(50)
]
VARIABLES: dict[str, Any] = {
    "numbers": list(range(-5, 40)),
    "words": ["", "b", "A c", "é"] * 8,
    "mixed": [1, "x", None, True, 2.5, [1], {"k": "v"}] * 5,
    "large": [10**40, 3, -(10**20)] * 8,
    "rows": ROWS,
    "ragged": [*ROWS[:20], {"id": 7}],
    "dates": [datetime(2024, 2, 3, tzinfo=UTC)] * 17,
    "two": 2,
    "zero": 0,
    "word": "w",
}
BODIES = [
    "{{ i }}",
    "<{{ i }}>,",
    "{{ i }}{{ i }}",
    "{{ i * 2 }};",
    "{{ i / 3 }} {{ i % 3 }} {{ 7 - i }} {{ i - two }}",
    "{{ i / zero }}",
    "{{ i * i * i }}",
    "{{ i + word }} {{ word ~ i ~ two }} {{ i ~ null }}",
    "{{ i == 2 }} {{ i < 3 }} {{ i >= two }} {{ i != 'b' }}",
    "{{ i > 2 ? 'yes' : 'no' }}{{ i == 3 ? i : word }}",
    "{% if i == 3 %}three{% elseif i == 4 %}{{ i }}{% else %}-{% endif %},",
    "{% if i %}{{ i }}{% endif %}",
    "{% if i is even %}{{ i / 2 }}{% endif %}",
    "{% if i is not null %}{{ i | upper }}{% endif %}",
    "{{ i.id }}={{ i.name | upper | abbreviate(3) }}{% if not loop.last %},{% endif %}",
    "{{ i.missing }}",
    "{{ i.none }}{{ i.ok }}",
    "{{ loop.index }}{{ loop.first }}{{ loop.last }}{{ loop.length }}{{ loop.revindex }}",
    "{{ loop.nothing }}",
    "{{ missing }}",
    "{% if i == 'never' %}{{ missing }}{% endif %}x",
    "{{ i | default('d') }}",
    "{{ i | className }}{{ (i * 2) | className }}",
    "{{ i - '2' }}{{ -i }}{{ 3 * i }}{{ i % 4 - 5 }}",
    "{{ 4294967296 * i * i }}",
    "{{ not (i == 1) }}{{ -two }}",
    "{{ i }}{% for j in [1] %}{{ j }}{% endfor %}",
    "{% set y = i %}{{ y }}",
    "{% set y = i ~ word %}{% set z = y ~ y %}{{ z }}{% if y == '2w' %}{{ y }}{% else %}{{ z }}{% endif %}",
    "{% set word = word ~ '.' %}{{ word }}",
    "{{ y ?? '-' }}{% set y = i %}",
    "{% set y = 1 %}{% if i == 2 %}{% set y = 2 %}{% endif %}{{ y }}",
    "{% set i = 5 %}{{ i }}",
    "{% set y = i.id %}{{ y }}",
    "{{ i contains 'b' }}{{ i isIn [1, 2] }}",
    "{{ i.k }}",
    "{{ i | number | abs }}",
    "{{ 5 }}{{ two }}",
    "{% if i > 1 and i < 5 %}{{ i }},{% endif %}",
    "{% if i > 1 and (two or missing) %}{{ i }}{% else %}-{% endif %}",
    "{{ i == 1 or i.id == 2 }}{{ not i and i }}",
    "{% if i > 1 %}{% if i % 2 == 0 %}<{{ i }}>{% endif %}{% endif %}",
    "{% if i is defined and i.id is defined %}{{ i.id }}{% endif %}",
    "{{ i.id ?? word }}{{ i.none ?? i.name }}{{ i.missing | default('d') }}",
    "{{ i ?? 'x' }}{{ i ??? 'y' }}",
    "{{ max(i, 3) }}{{ min(i, two) }}",
    "{% for j in range(1, two) %}{{ i }}{{ j }}{{ loop.index }}{{ loop.last }},{% endfor %}{{ loop.index }}",
    "{% for j in i %}{{ j }} {% endfor %}",
    "{% for j in i.tags %}{{ i.id }}{{ j }}{% if not loop.last %},{% endif %}{% endfor %};",
    "{% for j in i.tags %}{% for k in i.tags %}{{ j }}{{ k }}{{ loop.revindex }} {% endfor %}{% endfor %}",
    "{% for j in i.tags %}{% if j == 'b' %}{{ j ~ i.id }}{% endif %}{% else %}none{% endfor %}",
    "{% if i.ok %}{% for j in i.tags %}{{ j | upper }}{% endfor %}{% endif %}",
    "{% for j in i.tags %}{% set y = j %}{% endfor %}{{ y ?? '-' }}",
    "{% for i in [1, 2] %}{{ i }}{% endfor %}{{ i }}",
    "{% for word in [two] %}{{ word }}{% endfor %}{{ word }}",
    "{{ i.tags[0] }}{{ i['name'] }}{{ i.tags[1] | default('-') }}",
    "{{ (i ~ word) | upper }}{{ i ~ 'a long text of more than sixty four letters, so that it weighs' }}",
]
# PARTS stand inside of another statement
WRAPPED = [
    "{% if i %}PARTS{% endif %}",
    "{% if i == 3 or i.ok %}PARTS{% else %}-{% endif %}",
    "{% for j in i.tags %}PARTS{% endfor %};",
    "{% for j in [1, two] %}{{ j }}PARTS{% endfor %}{{ loop.last }}",
    "{% for i in range(1, 3) %}PARTS{% endfor %}",
    "{{ i }}{% for j in i %}{% if j is defined %}PARTS{% endif %}{% endfor %}",
]


def outcome(template: str, variables: dict[str, Any]) -> str | tuple[str, int]:
    """Compile anew and render: the text and the steps it took, or the sentence and its place."""
    compiler, tree = Compiler(template, parse(template)), parse(template)
    run, out = Run(variables, None, Budget()), list[str]()
    try:
        compiler.body(tree)(run, out)
    except ExpressionError as error:
        return str(error)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return run.joined(out), run.budget.steps


def both(
    template: str, variables: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> tuple[str | tuple[str, int], str | tuple[str, int]]:
    by_columns = outcome(template, variables)
    monkeypatch.setattr(loops, "FEWEST_FOR_COLUMNS", 10**9)
    by_turns = outcome(template, variables)
    monkeypatch.undo()
    return by_columns, by_turns


@pytest.mark.parametrize("items", [name for name, value in VARIABLES.items() if isinstance(value, list)])
@pytest.mark.parametrize("body", BODIES)
def test_columns_and_turns_agree(body: str, items: str, monkeypatch: pytest.MonkeyPatch) -> None:
    after = "|{{ i ?? '' }}{{ loop.index }}{{ y ?? word }}"
    template = f"{{% for i in {items} %}}{body}{{% endfor %}}{after}"
    by_columns, by_turns = both(template, VARIABLES, monkeypatch)
    assert by_columns == by_turns


SCALARS = st.one_of(st.integers(), st.text(max_size=3), st.booleans(), st.floats())


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.sampled_from(BODIES), min_size=1, max_size=4),
    st.sampled_from(["PARTS", *WRAPPED]),
    st.one_of(
        st.lists(SCALARS, min_size=16, max_size=24),
        st.lists(st.integers(), min_size=16, max_size=24),
        st.lists(st.sampled_from(ROWS), min_size=16, max_size=24),
    ),
)
def test_columns_and_turns_agree_on_any_values(parts: list[str], around: str, items: list[Any]) -> None:
    body = around.replace("PARTS", "".join(parts))
    template = f"{{% for i in items %}}{body}{{% endfor %}}|{{{{ i }}}}{{{{ loop.index }}}}{{{{ j ?? '' }}}}"
    with pytest.MonkeyPatch.context() as monkeypatch:
        by_columns, by_turns = both(template, {**VARIABLES, "items": items}, monkeypatch)
    assert by_columns == by_turns


def test_ranges_are_counted_and_not_looked_through() -> None:
    assert render("{% for i in 1..20 %}{{ i * 2 }},{% endfor %}", {}).startswith("2,4,6,")
    assert render("{% for i in range(20, 1, -1) %}{{ i - 3 }} {% endfor %}", {}).startswith("17 16 ")
    assert render("{% for i in range('a', 'z') %}{{ i }}{% endfor %}", {}) == "abcdefghijklmnopqrstuvwxyz"
    macro = "{% macro range(x) %}no{% endmacro %}"
    with pytest.raises(ExpressionError, match="walks a list"):
        render(macro + "{% for i in range(1) %}{{ i }}{% endfor %}", {})


def test_a_reference_into_storage_is_followed_turn_by_turn() -> None:
    class Doors:
        def fetch_ref(self, ref: dict[str, Any]) -> Any:
            return {"v": ref["$ref"]}

    rows = [{"$ref": f"kestra:///{index}", "size": 1, "sha256": "…"} for index in range(20)]
    services: Any = Doors()
    assert render("{% for r in rows %}{{ r.v }} {% endfor %}", {"rows": rows}, services).startswith(
        "kestra:///0 "
    )


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("{{ i }}", "too many steps"),
        ("{{ i ~ 'x' }}", "too many steps"),
        ("{% set x = i %}", "too many steps"),
    ],
)
def test_every_turn_is_paid_for(body: str, message: str) -> None:
    template = compile_template(f"{{% for i in 1..5000 %}}{body}{{% endfor %}}")
    with pytest.raises(ExpressionError, match=message):
        template.render({}, None, Budget(steps=4000))


def test_large_results_are_paid_for_before_there_are_many() -> None:
    made: list[int] = []

    def counted(text: str) -> str:
        made.append(len(text))
        return text

    template = compile_template("{% for i in 1..1000 %}{{ big | upper }}{% endfor %}")
    with pytest.MonkeyPatch.context() as monkeypatch:
        monkeypatch.setattr(FILTERS.find("upper"), "call", lambda run, value: counted(value))
        with pytest.raises(ExpressionError, match="too many steps"):
            template.render({"big": "x" * 1_000_000}, None, Budget(steps=100_000))
    assert len(made) < 100


def test_what_a_loop_writes_is_measured_before_it_is_put_together() -> None:
    template = "{% for i in 1..1000 %}{{ big }}{% if i is even %}{{ big }}{% endif %}{% endfor %}"
    with pytest.raises(ExpressionError, match="writes more than 67108864 characters"):
        render(template, {"big": "x" * 1_000_000})
