"""Filters between values and their JSON, YAML and Ion, and jq."""

from typing import Any

from tiercel.expressions.json_writer import json_text
from tiercel.expressions.runtime import Run


def to_json(run: Run, value: Any) -> str:
    """Write a value as JSON."""
    return json_text(value, run)


def to_ion(run: Run, value: Any) -> str:
    """Write a value as an Ion text."""
    from tiercel.expressions.ion_writer import ion_text

    return ion_text(value, run)


def yaml(run: Run, value: Any) -> str:
    """Write a value as YAML; a text is read as YAML first."""
    from tiercel.expressions.yaml_text import read_yaml, write_yaml

    return write_yaml(read_yaml(value, run) if isinstance(value, str) else value, run)


def jq(run: Run, value: Any, expression: Any) -> list[Any] | None:
    """Apply a jq program and list its results; a text is read as JSON first."""
    from tiercel.expressions.jq_programs import run_program

    if value is None:
        return None
    json = value if isinstance(value, str) else json_text(value, run)
    return run_program(run.text(expression, "The program of `jq`"), json, run.budget)
