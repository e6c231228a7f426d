"""What the iterations of a Loop gave, brought together; and the lines of a file that a Loop goes through."""

from collections.abc import Sequence
from typing import Any

from pydantic_core import to_json

from tiercel.envelope import RunContext
from tiercel.errors import TaskFailed
from tiercel.flows.plans import Iterations
from tiercel.offload import LIMIT_BYTES, stored
from tiercel.services import Services
from tiercel.storage import access, uris
from tiercel_orchestrator.kernel.rows import TaskRun

FILE = "iterations.json"


def gather(
    plan: Iterations, iterations: Sequence[TaskRun], context: RunContext, services: Services
) -> dict[str, Any]:
    """List what each iteration gave, in the order of the values; long lists go to internal storage."""
    rows = [_shown(plan, run) for run in sorted(iterations, key=lambda run: run.iteration or 0)]
    if plan.fetch == "STORE" or (plan.fetch == "AUTO" and len(to_json(rows)) > LIMIT_BYTES):
        return {"outputs": stored(rows, FILE, context, services.storage)}
    return {"outputs": rows}


def _shown(plan: Iterations, run: TaskRun) -> dict[str, Any]:
    number = run.iteration or 0
    shown = {"index": number, "value": run.value, "state": run.state, "outputs": run.outputs or {}}
    return shown if plan.keys is None else {**shown, "key": plan.keys[number]}


def lines_of(uri: str, context: RunContext, services: Services) -> list[str]:
    """Give the lines of a file in internal storage, empty ones left out."""
    uri = uri.strip()
    access.check_expression_read(context, uris.key_of(uri))
    content = services.storage.read(None, uri)
    try:
        return [line for line in content.decode("utf-8").splitlines() if line.strip()]
    except UnicodeDecodeError as error:
        raise TaskFailed(f"`values` names {uri}, which is no text in UTF-8.") from error
