"""Listeners: the old way to say what follows an execution; their conditions become the tasks' `runIf`."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tiercel.flows.models import Task


def tasks_of(listeners: Iterable[Mapping[str, Any]]) -> tuple[Task, ...]:
    """Give the tasks of all listeners, each to run only where its listener's conditions hold."""
    found: list[Task] = []
    for listener in listeners:
        conditions = [template for one in listener.get("conditions", ()) if (template := _template(one))]
        for task in listener["tasks"]:
            asked = [*conditions, *([task.run_if] if task.run_if != "true" else [])]
            found.append(replace(task, run_if=_all_of(asked)) if asked else task)
    return tuple(found)


def _all_of(templates: list[str]) -> str:
    """Join conditions: each is true or false by itself."""
    return templates[0] if len(templates) == 1 else _joined(templates)


def _joined(templates: list[str]) -> str:
    inner = " and ".join(f"({template.strip()[2:-2].strip()})" for template in templates)
    return "{{ " + inner + " }}"


def _template(condition: Any) -> str | None:
    """Write a condition as an expression; None for one that always holds here."""
    kind = str(condition.get("type", "")).rpartition(".")[2].removesuffix("Condition")
    if kind == "ExecutionStatus":
        wanted, unwanted = condition.get("in"), condition.get("notIn")
        parts = [f"{_listed(wanted)} contains execution.state"] if wanted else []
        parts += [f"not ({_listed(unwanted)} contains execution.state)"] if unwanted else []
        return "{{ " + " and ".join(parts) + " }}" if parts else None
    if kind == "Expression":
        return str(condition.get("expression", "")) or None
    return None


def _listed(states: Any) -> str:
    return "[" + ", ".join(f"'{state}'" for state in states) + "]"
