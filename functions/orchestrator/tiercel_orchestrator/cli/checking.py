"""Checking flows without running them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tiercel.errors import InvalidFlow, Problem
from tiercel.flows.reading import examine
from tiercel.registry import Registry
from tiercel_orchestrator.cli import exits, running, say


def check(files: Sequence[Path], as_json: bool) -> int:
    """Say everything that is wrong with the flows; give the exit code."""
    registry = Registry.installed()
    found: list[dict[str, Any]] = []
    for file in files:
        problems = _check(file, registry, as_json)
        found += [
            {
                "file": str(file),
                "line": one.line,
                "column": one.column,
                "path": one.path,
                "message": one.message,
            }
            for one in problems
            if not one.echo
        ]
    if as_json:
        running.print_json(found)
    return exits.BAD_FLOW_OR_USAGE if found else exits.OK


def _check(file: Path, registry: Registry, as_json: bool) -> Sequence[Problem]:
    try:
        reading = examine(running.read_source(file), registry)
    except InvalidFlow as error:
        if not as_json:
            say.refusal(None, error)
        return error.problems
    problems = sorted(
        (*reading.problems, *reading.expressions), key=lambda one: (one.line or 0, one.column or 0)
    )
    if not as_json:
        say.problems(file, problems)
        say.problems(file, reading.warnings)
        if not problems and reading.flow:
            say.out.print(f"{file}: valid ({reading.flow.namespace}/{reading.flow.id})", markup=False)
    return problems
