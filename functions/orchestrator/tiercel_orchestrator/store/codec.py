"""The kernel's rows as columns, and back: JSON text for values, microseconds for moments.

A row that is read holds the columns in the order in which the schema declares them.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any, TypeAlias

from tiercel.flows import plans
from tiercel_orchestrator.kernel.rows import Attempt, Execution, Frame, TaskRun
from tiercel_orchestrator.store.port import Requested

Row: TypeAlias = Sequence[Any]
Columns: TypeAlias = dict[str, Any]
Pairs: TypeAlias = tuple[tuple[str, str], ...]

FRAME_FIELDS = [field.name for field in dataclasses.fields(Frame) if field.name != "plan"]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
PLANS = {
    kind.__name__: kind
    for kind in (
        plans.Sequence,
        plans.Parallel,
        plans.Graph,
        plans.Each,
        plans.Slice,
        plans.Iterations,
        plans.Loop,
        plans.Pause,
        plans.Subflow,
        plans.Batches,
        plans.Merge,
        plans.Stop,
        plans.Update,
    )
}


_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
_encode_ascii = json.JSONEncoder(separators=(",", ":")).encode


def dump(value: Any) -> str:
    """Write a JSON value as compact text, non-ASCII as it is."""
    text = _encode(value)
    return text if text.isascii() or _is_unicode(text) else _encode_ascii(value)


def _is_unicode(text: str) -> bool:
    """Say whether a text can be written: half of a surrogate pair cannot, but its JSON escape can."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def plain(text: str) -> str:
    """Give a text that every database takes: Postgres has no NUL, and none has half a surrogate pair."""
    if text.isascii() and "\0" not in text:
        return text
    return text.replace("\0", "\ufffd").encode(errors="replace").decode()


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


def frame_to_text(frame: Frame, plan: str) -> str:
    """Write a frame; `plan` names its plan, which stands elsewhere, for it does not change."""
    fields: Columns = {name: getattr(frame, name) for name in FRAME_FIELDS}
    fields["plan"] = plan
    return dump(fields)


def frame_from_text(text: str) -> tuple[str, Columns]:
    """Read what `frame_to_text` wrote: the name of the plan, and the other fields."""
    fields = json.loads(text)
    return fields.pop("plan", ""), fields


def name_of(plan: str) -> str:
    """Name a plan's text by what it says."""
    return hashlib.blake2b(plan.encode(), digest_size=8).hexdigest()


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
    if kind is plans.Iterations:
        keys = fields["keys"]
        fields |= {"values": tuple(fields["values"]), "keys": None if keys is None else tuple(keys)}
    if kind is plans.Batches:
        fields = {"items": tuple(fields["items"]), "subflow": plans.Subflow(**fields["subflow"])}
    if kind is plans.Graph:
        fields["depends_on"] = {task: tuple(needed) for task, needed in fields["depends_on"].items()}
    return kind(**fields)


def task_run_to_columns(run: TaskRun, plan: str) -> Columns:
    """Give the columns of a task run; `plan`: the name of its plan. Owner and lease are the store's own."""
    return {
        "id": run.id,
        "execution_id": run.execution_id,
        "task_id": run.task_id,
        "parent_id": run.parent_id,
        "role": run.role,
        "value": None if run.value is None else plain(run.value),
        "iteration": run.iteration,
        "path": dump(run.path) if run.path else "[]",
        "state": run.state,
        "history": dump(run.history),
        "attempts": dump([_attempt(attempt) for attempt in run.attempts]),
        "attempt": run.attempt,
        "lease": run.lease,
        "outputs": dump_optional(run.outputs),
        "work": run.work,
        "request": run.request,
        "due_at": None if run.due_at is None else micros(run.due_at),
        "owner": None,
        "lease_until": None,
        "frame": None if run.frame is None else frame_to_text(run.frame, plan),
    }


def task_run_from_row(row: Row, frame: Frame | None) -> TaskRun:
    """Read a task run; `frame`: that of a scope."""
    (_, run_id, execution_id, task_id, parent_id, role, value, iteration, path, state, history, attempts) = (
        row[:12]
    )
    (attempt, lease, outputs, work, request, due_at) = row[12:18]
    return TaskRun(
        run_id,
        execution_id,
        task_id,
        parent_id,
        role,
        value,
        iteration,
        () if path == "[]" else tuple(json.loads(path)),
        state,
        list(_pairs(history)),
        [Attempt(state, list(pairs), *file) for state, pairs, *file in _attempts(attempts)],
        attempt,
        lease,
        load_optional(outputs),
        work,
        request,
        None if due_at is None else moment(due_at),
        frame,
    )


def execution_to_columns(execution: Execution) -> Columns:
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
    """Read an execution."""
    (execution_id, _, namespace, flow_id, revision, root_id, state, history, inputs, labels, variables) = row[
        :11
    ]
    (outputs, trigger, parent_run_id, parent_id, original_id, original_created_at, attempt_number) = row[11:]
    return Execution(
        execution_id,
        namespace,
        flow_id,
        revision,
        root_id,
        state,
        list(_pairs(history)),
        json.loads(inputs),
        json.loads(labels),
        json.loads(variables),
        load_optional(outputs),
        load_optional(trigger),
        parent_run_id,
        parent_id,
        original_id,
        original_created_at,
        attempt_number,
    )


# what was written a moment ago is read again with the next batch: the texts of histories repeat
@lru_cache(maxsize=1024)
def _pairs(text: str) -> Pairs:
    return _as_pairs(json.loads(text))


@lru_cache(maxsize=1024)
def _attempts(text: str) -> tuple[tuple[Any, ...], ...]:
    return tuple((state, _as_pairs(history), *file) for state, history, *file in json.loads(text))


def _attempt(attempt: Attempt) -> list[Any]:
    file = [] if attempt.log_file is None else [attempt.log_file]
    return [attempt.state, attempt.history, *file]


def _as_pairs(pairs: Iterable[Sequence[str]]) -> Pairs:
    return tuple((state, at) for state, at in pairs)


def request_to_columns(request: Requested) -> Columns:
    """Give the columns of a request that is new."""
    return {
        "id": request.id,
        "namespace": request.namespace,
        "flow_id": request.flow_id,
        "revision": request.revision,
        "inputs": dump(request.inputs),
        "labels": dump(request.labels),
        "asked_at": micros(request.asked_at),
    }


def request_from_row(row: Row) -> Requested:
    """Read a row of requests."""
    position, id_, namespace, flow_id, revision, inputs, labels, asked_at, refusal = row
    texts = json.loads(inputs), json.loads(labels)
    return Requested(position, id_, namespace, flow_id, revision, *texts, moment(asked_at), refusal)
