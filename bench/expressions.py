"""The expression language beside Jinja2's sandbox: cold, cached, and in a long loop."""

import importlib.util
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

from bench.measuring import cpu_of, interleaved, python, table
from tiercel import expressions

VARIABLES: dict[str, Any] = {
    "inputs": {"name": "world", "n": 3, "day": "2024-05-17"},
    "outputs": {"query": {"rows": [{"id": 1, "city": "Seattle"}, {"id": 2, "city": "Oslo"}], "size": 2}},
    "labels": {"team": "data"},
}
KINDS = (
    "Hello {{{{ inputs.name }}}} {n}",
    "{{{{ outputs.query.rows[0].city | upper }}}} {n}",
    "{{{{ inputs.n + {n} }}}}",
    "{{% if outputs.query.size > {n} %}}many{{% else %}}few{{% endif %}}",
    "{{% for row in outputs.query.rows %}}{{{{ row.id }}}}, {{% endfor %}}{n}",
)
CACHED = "Hello {{ inputs.name }}, {{ outputs.query.rows[1].city | upper }} has {{ outputs.query.size }} rows"
LOOP = "{{% for i in range({first}, {last}) %}}{{{{ i * 2 }}}},{{% endfor %}}"
LINE = "for file in *.csv; do awk '{ print $1 }' ${file} # nothing to render on this line\n"
COLD = """
{setup}
templates = {templates!r}
variables = {variables!r}
for text in templates:
    {call}
"""


def twenty(numbers: Iterator[int]) -> list[str]:
    """Write twenty templates that no cache has seen."""
    return [KINDS[number % len(KINDS)].format(n=number) for number in (next(numbers) for _ in range(20))]


def jinja() -> Any:
    """Build Jinja2's sandbox, strict as ours is."""
    from jinja2 import StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    return ImmutableSandboxedEnvironment(undefined=StrictUndefined)


def cold(setup: str, call: str) -> Callable[[], float]:
    """Measure a process that imports the language and renders 20 templates, less a bare interpreter."""
    code = COLD.format(setup=setup, templates=twenty(count()), variables=VARIABLES, call=call)
    return lambda: (python(code).cpu_seconds - python("pass").cpu_seconds) * 1000


def imported(name: str) -> Callable[[], float]:
    """Measure a process that imports a module, less a bare interpreter."""
    return lambda: (python(f"import {name}").cpu_seconds - python("pass").cpu_seconds) * 1000


def script(mark: int) -> str:
    """Write a script of a megabyte with three expressions."""
    half = LINE * (500_000 // len(LINE))
    return f"# {mark}\n{half}{{{{ inputs.name }}}} {{{{ inputs.n }}}}\n{half}{{{{ inputs.day }}}}\n"


def copied(text: str) -> str:
    """Copy a text once; a slice of all of it would be the text itself."""
    return text[:-1]


def copying(text: str) -> Callable[[], float]:
    """Measure the copy of a text."""
    return lambda: 1e6 * cpu_of(lambda: copied(text), 50)


def long_scripts() -> dict[str, dict[str, Callable[[], float]]]:
    """Name the measures of a script of a megabyte, each beside a copy of it."""
    text, marks, variables = script(0), count(1), VARIABLES
    known, first = "script of 1 MB, known, CPU µs", "script of 1 MB, met for the first time, CPU µs"
    copy = copying(text)
    return {
        known: {
            "tiercel": lambda: 1e6 * cpu_of(lambda: expressions.render(text, variables), 50),
            "copy": copy,
        },
        first: {"tiercel": lambda: 1e6 * new_scripts([script(next(marks)) for _ in range(10)]), "copy": copy},
    }


def new_scripts(texts: list[str]) -> float:
    """Give the CPU seconds of rendering one of these texts."""
    rest = iter(texts)
    return cpu_of(lambda: expressions.render(next(rest), VARIABLES), len(texts))


def ours() -> dict[str, Callable[[], float]]:
    """Name our measures."""
    numbers, loop = count(), LOOP.format(first=1, last=10000)
    return {
        "import, CPU ms": imported("tiercel.expressions"),
        "cold process, import and 20 templates, CPU ms": cold(
            "from tiercel import expressions", "expressions.render(text, variables)"
        ),
        "20 new templates, CPU ms": lambda: (
            1000 * cpu_of(lambda: [expressions.render(text, VARIABLES) for text in twenty(numbers)], 10)
        ),
        "cached template, CPU µs": lambda: 1e6 * cpu_of(lambda: expressions.render(CACHED, VARIABLES), 2000),
        "loop of 10,000, CPU ms": lambda: 1000 * cpu_of(lambda: expressions.render(loop, VARIABLES), 3),
    }


def theirs() -> dict[str, Callable[[], float]]:
    """Name Jinja2's measures; its templates are compiled once where ours are cached."""
    numbers, environment = count(), jinja()
    cached = environment.from_string(CACHED)
    loop = environment.from_string(LOOP.format(first=1, last=10001))
    agree(cached.render(VARIABLES), CACHED)
    agree(loop.render(VARIABLES), LOOP.format(first=1, last=10000))
    setup = "from jinja2.sandbox import SandboxedEnvironment; environment = SandboxedEnvironment()"
    call = "environment.from_string(text).render(variables)"
    return {
        "import, CPU ms": imported("jinja2.sandbox"),
        "cold process, import and 20 templates, CPU ms": cold(setup, call),
        "20 new templates, CPU ms": lambda: (
            1000
            * cpu_of(lambda: [environment.from_string(text).render(VARIABLES) for text in twenty(numbers)], 3)
        ),
        "cached template, CPU µs": lambda: 1e6 * cpu_of(lambda: cached.render(VARIABLES), 2000),
        "loop of 10,000, CPU ms": lambda: 1000 * cpu_of(lambda: loop.render(VARIABLES), 3),
    }


def agree(text: str, template: str) -> None:
    """Make sure that both languages do the same work."""
    assert expressions.render(template, VARIABLES) == text, template


def main() -> None:
    """Measure ours, and Jinja2's where it is installed, in the same rounds."""
    measures = {f"tiercel|{name}": measure for name, measure in ours().items()}
    if importlib.util.find_spec("jinja2"):
        measures |= {f"jinja2|{name}": measure for name, measure in theirs().items()}
    scripts = long_scripts()
    measures |= {f"{by}|{name}": measure for name, pair in scripts.items() for by, measure in pair.items()}
    taken = interleaved(measures)
    rows = []
    for name in ours():
        peer = taken.get(f"jinja2|{name}")
        mine = taken[f"tiercel|{name}"]
        ratio = f"{mine.median / peer.median:.2f}" if peer else ""
        rows.append([name, mine.text(1), peer.text(1) if peer else "not installed", ratio])
    table("Expressions", ["measure", "tiercel", "Jinja2 sandbox", "ratio"], rows)
    rows = []
    for name in scripts:
        mine, copy = taken[f"tiercel|{name}"], taken[f"copy|{name}"]
        rows.append([name, mine.text(1), copy.text(1), f"{mine.median / copy.median:.2f}"])
    table("Long scripts", ["measure", "tiercel", "a copy", "ratio"], rows)


if __name__ == "__main__":
    main()
