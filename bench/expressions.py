"""The expression language beside Jinja2's sandbox: cold, cached, and in a long loop."""

import importlib.util
from collections.abc import Callable, Iterator
from functools import partial
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
LINE = "for file in *.csv; do cut --fields 1 $file; done # nothing to render on this line\n"
BRACES = "for file in *.csv; do awk '{ print $1 }' ${file} # nothing to render on this line\n"
LOOPS = {
    "loop of 10,000, plain": "{% for i in numbers %}{{ i }},{% endfor %}",
    "loop of 10,000, bare if": "{% for i in numbers %}{% if i > 5000 %}x{% endif %}{% endfor %}",
    "loop of 10,000, if, output": "{% for i in numbers %}{% if i % 2 == 0 %}{{ i }}{% endif %}{% endfor %}",
    "loops of 100 in 100": "{% for row in grid %}{% for i in row %}{{ i }},{% endfor %}{% endfor %}",
    "loops of 2, 5,000": "{% for r in rows %}{% for t in r.tags %}{{ r.id }}{{ t }}{% endfor %}{% endfor %}",
}
LOOPED: dict[str, Any] = {
    "numbers": list(range(10_000)),
    "grid": [list(range(100))] * 100,
    "rows": [{"id": number, "tags": ["a", "b"]} for number in range(5000)],
}
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


def script(mark: int, line: str = LINE) -> str:
    """Write a script of a megabyte with three expressions."""
    half = line * (500_000 // len(line))
    return f"# {mark}\n{half}{{{{ inputs.name }}}} {{{{ inputs.n }}}}\n{half}{{{{ inputs.day }}}}\n"


def copied(text: str) -> str:
    """Copy a text once; a slice of all of it would be the text itself."""
    return text[:-1]


def copying(text: str) -> Callable[[], float]:
    """Measure the copy of a text."""
    return lambda: 1e6 * cpu_of(lambda: copied(text), 50)


def long_scripts() -> dict[str, dict[str, Callable[[], float]]]:
    """Name the measures of a script of a megabyte, each beside a copy of it."""
    text, marks = script(0), count(1)
    scripts: dict[str, dict[str, Callable[[], float]]] = {
        "script of 1 MB, known, CPU µs": {
            "tiercel": lambda: 1e6 * cpu_of(lambda: expressions.render(text, VARIABLES), 50),
            "copy": copying(text),
        }
    }
    for name, line in (("no other braces", LINE), ("braces on every line", BRACES)):
        scripts[f"new script of 1 MB, {name}, CPU µs"] = {
            "tiercel": partial(each_new, marks, line, rendered),
            "copy": partial(each_new, marks, line, copied),
        }
    return scripts


def rendered(text: str) -> str:
    """Render a script."""
    return expressions.render(text, VARIABLES)


def each_new(marks: Iterator[int], line: str, work: Callable[[str], object]) -> float:
    """Give the CPU microseconds of work on one script that was never met."""
    rest = iter([script(next(marks), line) for _ in range(10)])
    return 1e6 * cpu_of(lambda: work(next(rest)), 10)


def thrice(work: Callable[[], object]) -> float:
    """Give the CPU milliseconds of work, the mean of three."""
    return 1000 * cpu_of(work, 3)


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
        "loop of 10,000, a sum, CPU ms": lambda: (
            1000 * cpu_of(lambda: expressions.render(loop, VARIABLES), 3)
        ),
        **{
            f"{name}, CPU ms": partial(thrice, partial(expressions.render, text, LOOPED))
            for name, text in LOOPS.items()
        },
    }


def theirs() -> dict[str, Callable[[], float]]:
    """Name Jinja2's measures; its templates are compiled once where ours are cached."""
    numbers, environment = count(), jinja()
    cached = environment.from_string(CACHED)
    loop = environment.from_string(LOOP.format(first=1, last=10001))
    loops = {name: environment.from_string(text) for name, text in LOOPS.items()}
    for name, text in LOOPS.items():
        assert loops[name].render(LOOPED) == expressions.render(text, LOOPED), text
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
        "loop of 10,000, a sum, CPU ms": partial(thrice, partial(loop.render, VARIABLES)),
        **{
            f"{name}, CPU ms": partial(thrice, partial(compiled.render, LOOPED))
            for name, compiled in loops.items()
        },
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
