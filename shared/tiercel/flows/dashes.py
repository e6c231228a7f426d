"""References that are subtractions: `inputs.my-key` is `inputs.my` minus `key` (Kestra refuses them)."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tiercel.flows.models import Task


def misread(
    tasks: Iterable[Task], inputs: Iterable[str], outputs: Iterable[Mapping[str, Any]]
) -> Iterator[tuple[str, str | None]]:
    """Say which tasks and flow outputs read an input or a task by a name with a dash behind a dot.

    Gives each complaint with the id of the first task in it, None where it is about the flow's outputs.
    """
    tasks = list(tasks)
    patterns = {
        "input": [_whole(rf"inputs\.{re.escape(name)}") for name in inputs if "-" in name],
        "output": [_whole(rf"outputs\.{re.escape(task.id)}\.[^}}]+") for task in tasks if "-" in task.id],
    }
    for what, found in patterns.items():
        remedy = (
            f"Invalid {what} reference: use {what}s[key-name] instead of {what}s.key-name "
            "— keys with dashes require bracket notation, offending"
        )
        if guilty := [task.id for task in tasks if found and _holds([task.params, task.run_if], found)]:
            yield f"{remedy} tasks: [{', '.join(guilty)}]", guilty[0]
        if wrong := [str(one.get("id")) for one in outputs if found and _holds(one.get("value"), found)]:
            yield f"{remedy} outputs: [{', '.join(wrong)}]", None


def _whole(reference: str) -> re.Pattern[str]:
    return re.compile(rf"\{{\{{\s*{reference}\s*\}}\}}")


def _holds(value: Any, patterns: list[re.Pattern[str]]) -> bool:
    if isinstance(value, str):
        return any(pattern.search(value) for pattern in patterns)
    if isinstance(value, Mapping):
        return any(_holds(part, patterns) for part in value.values())
    return isinstance(value, list | tuple) and any(_holds(part, patterns) for part in value)
