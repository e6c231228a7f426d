"""Who may touch which file of internal storage."""

from tiercel.envelope import RunContext
from tiercel.errors import TaskFailed
from tiercel.namespaces import is_below
from tiercel.storage.uris import Execution, Owner, execution_of, owner_of, uri_of


def check_read(run: RunContext, key: str) -> None:
    """Let a task read its namespace, the files of those above it, and the execution that called its own."""
    owner = owner_of(key)
    if owner and (within_namespace(run, owner) or (owner.execution and owner.execution == caller_of(run))):
        return
    raise TaskFailed(
        f"Unable to read the file '{uri_of(key)}': it belongs neither to namespace '{run.namespace}' "
        "nor to the execution that started this one; pass its content, or upload it from this flow."
    )


def check_expression_read(run: RunContext, key: str) -> None:
    """Let an expression read its execution, its caller's, those it was replayed from, and namespace files."""
    owner = owner_of(key)
    if owner and owner.execution is None and within_namespace(run, owner):
        return
    if owner and owner.execution and owner.execution in (execution_of(run), caller_of(run)):
        return
    if owner and owner.execution and is_replayed(run) and owner.execution[:2] == execution_of(run)[:2]:
        return
    raise TaskFailed(
        f"Unable to read the file '{uri_of(key)}': it belongs neither to this execution "
        "nor to the one that started it; download it with a task instead."
    )


def check_write(run: RunContext, key: str) -> None:
    """Let a task write and delete files of its own execution and namespace files of its own namespace."""
    owner = owner_of(key)
    if owner and owner.namespace == run.namespace and owner.execution in (None, execution_of(run)):
        return
    raise TaskFailed(
        f"Unable to change the file '{uri_of(key)}': a task changes only files of its own execution "
        f"and of its own namespace '{run.namespace}'."
    )


def check_purge(run: RunContext, key: str) -> None:
    """Let a task purge namespace files of its own namespace and of those below it, which it looks after."""
    owner = owner_of(key)
    if owner and owner.execution is None:
        if owner.namespace == run.namespace or is_below(owner.namespace, run.namespace):
            return
    raise TaskFailed(
        f"Unable to remove the file '{uri_of(key)}': a flow purges only the files of its own namespace "
        f"'{run.namespace}' and of those below it."
    )


def within_namespace(run: RunContext, owner: Owner) -> bool:
    """Say whether a file is of the task's own namespace, or a namespace file of an ancestor."""
    if owner.namespace == run.namespace:
        return True
    return owner.execution is None and run.namespace.startswith(f"{owner.namespace}.")


def is_replayed(run: RunContext) -> bool:
    """Say whether a run's execution was made from another of its flow, whose outputs name files there."""
    execution = run.variables.get("execution")
    return isinstance(execution, dict) and execution.get("originalId") not in (None, run.execution_id)


def caller_of(run: RunContext) -> Execution | None:
    """Name the execution that started this one as a subflow, where the trigger says so in full."""
    trigger = run.variables.get("trigger")
    if not isinstance(trigger, dict):
        return None
    names = [trigger.get(name) for name in ("namespace", "flowId", "executionId")]
    return Execution(*map(str, names)) if all(names) else None
