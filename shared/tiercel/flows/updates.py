"""Tasks that change the execution itself: its labels and its variables (mirrors `plugin.core.execution`)."""

from collections.abc import Mapping
from typing import Any

from tiercel.errors import TaskFailed
from tiercel.flows.models import Task
from tiercel.flows.plans import Update
from tiercel.flows.values import as_bool, as_text, labels_of, merged

SYSTEM_PREFIX = "system."


def labels(
    task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]
) -> tuple[Update, dict[str, Any]]:
    """Add or overwrite labels; the engine's own (`system.…`) are refused, empty ones left out."""
    given = labels_of(values.get("labels"), "labels")
    added = {key: value for key, value in given.items() if key and value}
    for key, value in added.items():
        if key.startswith(SYSTEM_PREFIX):
            raise TaskFailed(
                f"System labels can only be set by Kestra itself, offending label: {key}={value}"
            )
    return Update(labels=added), {}


def set_variables(
    task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]
) -> tuple[Update, dict[str, Any]]:
    """Lay variables over the execution's, maps merged; without `overwrite`, one that is there fails."""
    added = values.get("variables")
    if not isinstance(added, Mapping):
        raise TaskFailed(f"`variables` must be a map of names and values, but is {as_text(added)}.")
    there = [name for name in added if name in variables]
    if there and not as_bool(values, "overwrite", True):
        raise TaskFailed(
            f"`overwrite` is set to false and the following variables already exist: {','.join(there)}"
        )
    return Update(variables=merged(variables, added)), {}


def unset_variables(
    task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]
) -> tuple[Update, dict[str, Any]]:
    """Take variables away by name, dotted into maps; a missing one fails unless `ignoreMissing`."""
    names = values.get("variables") or []
    if isinstance(names, str):
        names = [names]
    ignore_missing = as_bool(values, "ignoreMissing", False)
    kept = dict(variables)
    for name in names:
        if not _removed(kept, as_text(name).split(".")) and not ignore_missing:
            raise TaskFailed(
                f"There is no variable `{name}` to unset: set `ignoreMissing: true` if that is all right."
            )
    return Update(variables=kept), {}


def _removed(variables: dict[str, Any], path: list[str]) -> bool:
    first, *rest = path
    below = variables.get(first)
    if not rest:
        found = first in variables
        variables.pop(first, None)
        return found
    if not isinstance(below, Mapping):
        return False
    variables[first] = copy = dict(below)
    return _removed(copy, rest)
