"""Leaf tasks of a flow: those whose outputs nothing in the flow waits for."""

from collections.abc import Sequence

from tiercel.flows.models import Task

_SIDE_BY_SIDE = ("Parallel", "EachParallel")
_WHOLE = ("Loop", "ForEachItem", "Subflow", "Flow")
"""Flow control whose outputs are its own: what is inside is not seen from outside."""


def leaves_of(tasks: Sequence[Task]) -> list[str]:
    """Name the leaf tasks of a sequence: those of its last task, and in flow control of each block's last."""
    present = [task for task in tasks if not task.disabled]
    return _of(present[-1]) if present else []


def _of(task: Task) -> list[str]:
    kind = task.type.rpartition(".")[2]
    blocks = {
        name: block for name, block in task.blocks.items() if name not in ("errors", "finally", "onPause")
    }
    if kind in _WHOLE or not any(blocks.values()):
        return [task.id]
    if kind in _SIDE_BY_SIDE:
        return [leaf for child in task.block("tasks") for leaf in _of(child)]
    if kind == "Dag":
        waited_for = {name for names in task.params.get("dependsOn", {}).values() for name in names}
        return [leaf for child in task.block("tasks") if child.id not in waited_for for leaf in _of(child)]
    return [leaf for block in blocks.values() for leaf in leaves_of(block)]
