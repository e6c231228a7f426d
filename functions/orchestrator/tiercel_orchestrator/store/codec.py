"""The kernel's rows as columns, and back: JSON text for values, microseconds for moments."""

import dataclasses
import json
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from tiercel.flows import plans
from tiercel_orchestrator.kernel.rows import Attempt, Execution, Frame, TaskRun

FRAME_FIELDS = [field for field in dataclasses.fields(Frame) if field.name != "plan"]


class Row(Protocol):
    """A database row, columns by name."""

    def __getitem__(self, column: str, /) -> Any: ...


EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
PLANS = {
    kind.__name__: kind
    for kind in (
        plans.Sequence,
        plans.Parallel,
        plans.Graph,
        plans.Each,
        plans.Loop,
        plans.Pause,
        plans.Subflow,
        plans.Batches,
        plans.Merge,
        plans.Stop,
        plans.Update,
    )
}


def dump(value: Any) -> str:
    """Write a JSON value as compact text, non-ASCII as it is."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def dump_optional(value: Any) -> str | None:
    """Write a JSON value, or null for None."""
    return None if value is None else dump(value)


def load_optional(text: str | None) -> Any:
    """Read what `dump_optional` wrote."""
    return None if text is None else json.loads(text)


def micros(moment: datetime) -> int:
    """Give microseconds since 1970."""
    return (moment - EPOCH) // MICROSECOND


def moment(value: int) -> datetime:
    """Read what `micros` wrote."""
    return EPOCH + value * MICROSECOND


def frame_to_text(frame: Frame | None) -> str | None:
    """Write a frame without its plan, which does not change."""
    if frame is None:
        return None
    return dump({field.name: getattr(frame, field.name) for field in FRAME_FIELDS})


def plan_to_text(plan: plans.Plan) -> str:
    """Write a plan; its kind stands beside its fields."""
    fields = {field.name: getattr(plan, field.name) for field in dataclasses.fields(plan)}
    if isinstance(plan, plans.Batches):
        fields["subflow"] = dataclasses.asdict(plan.subflow)
    return dump({"kind": type(plan).__name__, **fields})


def plan_from_text(text: str) -> plans.Plan:
    """Read what `plan_to_text` wrote."""
    fields = json.loads(text)
    kind = PLANS[fields.pop("kind")]
    if kind is plans.Each:
        fields["values"] = tuple(fields["values"])
    if kind is plans.Batches:
        fields = {"items": tuple(fields["items"]), "subflow": plans.Subflow(**fields["subflow"])}
    if kind is plans.Graph:
        fields["depends_on"] = {task: tuple(needed) for task, needed in fields["depends_on"].items()}
    return kind(**fields)


def frame_from_text(text: str | None, plan: plans.Plan | None) -> Frame | None:
    """Read what `frame_to_text` wrote, and give it its plan."""
    if text is None or plan is None:
        return None
    return Frame(plan=plan, **json.loads(text))


def task_run_to_row(run: TaskRun) -> dict[str, Any]:
    """Give the columns of a task run; owner and lease are the store's own."""
    return {
        "id": run.id,
        "execution_id": run.execution_id,
        "task_id": run.task_id,
        "parent_id": run.parent_id,
        "role": run.role,
        "value": run.value,
        "iteration": run.iteration,
        "path": dump(run.path),
        "state": run.state,
        "history": dump(run.history),
        "attempts": dump([[attempt.state, attempt.history] for attempt in run.attempts]),
        "attempt": run.attempt,
        "lease": run.lease,
        "outputs": dump_optional(run.outputs),
        "work": run.work,
        "request": run.request,
        "due_at": None if run.due_at is None else micros(run.due_at),
        "frame": frame_to_text(run.frame),
    }


def task_run_from_row(row: Row, plan: plans.Plan | None) -> TaskRun:
    """Read a task run from its columns; `plan`: that of a scope."""
    return TaskRun(
        id=row["id"],
        execution_id=row["execution_id"],
        task_id=row["task_id"],
        parent_id=row["parent_id"],
        role=row["role"],
        value=row["value"],
        iteration=row["iteration"],
        path=tuple(json.loads(row["path"])),
        state=row["state"],
        history=_history(json.loads(row["history"])),
        attempts=[Attempt(state, _history(history)) for state, history in json.loads(row["attempts"])],
        attempt=row["attempt"],
        lease=row["lease"],
        outputs=load_optional(row["outputs"]),
        work=row["work"],
        request=row["request"],
        due_at=None if row["due_at"] is None else moment(row["due_at"]),
        frame=frame_from_text(row["frame"], plan),
    )


def execution_to_row(execution: Execution) -> dict[str, Any]:
    """Give the columns of an execution."""
    return {
        "id": execution.id,
        "namespace": execution.namespace,
        "flow_id": execution.flow_id,
        "revision": execution.revision,
        "root_id": execution.root_id,
        "state": execution.state,
        "history": dump(execution.history),
        "inputs": dump(execution.inputs),
        "labels": dump(execution.labels),
        "variables": dump(execution.variables),
        "outputs": dump_optional(execution.outputs),
        "trigger": dump_optional(execution.trigger),
        "parent_run_id": execution.parent_run_id,
        "parent_id": execution.parent_id,
        "original_id": execution.original_id,
        "original_created_at": execution.original_created_at,
        "attempt_number": execution.attempt_number,
    }


def execution_from_row(row: Row) -> Execution:
    """Read an execution from its columns."""
    return Execution(
        id=row["id"],
        namespace=row["namespace"],
        flow_id=row["flow_id"],
        revision=row["revision"],
        root_id=row["root_id"],
        state=row["state"],
        history=_history(json.loads(row["history"])),
        inputs=json.loads(row["inputs"]),
        labels=json.loads(row["labels"]),
        variables=json.loads(row["variables"]),
        outputs=load_optional(row["outputs"]),
        trigger=load_optional(row["trigger"]),
        parent_run_id=row["parent_run_id"],
        parent_id=row["parent_id"],
        original_id=row["original_id"],
        original_created_at=row["original_created_at"],
        attempt_number=row["attempt_number"],
    )


def _history(pairs: list[list[str]]) -> list[tuple[str, str]]:
    return [(state, at) for state, at in pairs]
