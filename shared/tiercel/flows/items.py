"""ForEachItem: one task is written, three run: split the items, start the flows, merge their outputs."""

from dataclasses import replace
from typing import Any

from tiercel.flows.models import Task

PREFIXES = ("io.kestra.plugin.core.flow.", "io.kestra.core.tasks.flows.")
SPLIT = "io.kestra.plugin.core.flow.ForEachItem$ForEachItemSplit"
START = "io.kestra.plugin.core.flow.ForEachItem$ForEachItemExecutable"
MERGE = "io.kestra.plugin.core.flow.ForEachItem$ForEachItemMergeOutputs"
OF_EACH_FLOW = (
    "namespace",
    "flowId",
    "revision",
    "inputs",
    "labels",
    "inheritLabels",
    "wait",
    "transmitFailed",
    "scheduleDate",
    "restartBehavior",
)


def is_for_each_item(type_id: str) -> bool:
    """Say whether a task type is a ForEachItem."""
    return type_id in [prefix + "ForEachItem" for prefix in PREFIXES]


def with_steps(task: Task) -> Task:
    """Give a ForEachItem its three children."""
    params = task.params
    splits = f"{{{{ read(currentEachOutput(outputs['{task.id}_split']).splits) }}}}"
    started = {name: params[name] for name in OF_EACH_FLOW if name in params}
    steps = (
        _step(task, "split", SPLIT, {name: params[name] for name in ("items", "batch") if name in params}),
        _step(task, "items", START, {**started, "splits": splits}),
        _step(task, "merge", MERGE, {"of": f"{task.id}_items"}),
    )
    return replace(task, blocks={**task.blocks, "tasks": steps})


def _step(task: Task, name: str, type_id: str, params: dict[str, Any]) -> Task:
    return Task(f"{task.id}_{name}", type_id, params, params, log_level=task.log_level)
