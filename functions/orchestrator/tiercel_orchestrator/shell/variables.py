"""What the expressions of a task run see; read from the store, only as much as its templates name."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, TypeAlias

from tiercel import expressions
from tiercel.flows.inputs import with_defaults
from tiercel.flows.models import Flow
from tiercel.flows.plans import Batches, Iterations, Plan
from tiercel_orchestrator.kernel.rows import ITERATION, Execution, TaskRun
from tiercel_orchestrator.shell.directories import is_directory
from tiercel_orchestrator.store.port import Claim, OutputRow, Store

EVERYTHING = "*"
SECRET = "SECRET"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What all expressions see. `decrypt`: reads a SECRET input; None without a key."""

    globals: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    decrypt: Callable[[str], str] | None = None


@dataclass(frozen=True, slots=True)
class Needs:
    """Which tasks' outputs and states a set of templates reads; None means all of them."""

    outputs: frozenset[str] | None = frozenset()
    tasks: frozenset[str] | None = frozenset()
    error_logs: bool = False


def needs_of(templates: Any) -> Needs:
    """Analyse the templates in a JSON-like value."""
    outputs: set[str] | None = set()
    tasks: set[str] | None = set()
    error_logs = False
    for text in _texts(templates):
        error_logs = error_logs or "errorLogs" in text
        for path in _references(text):
            outputs = _add(outputs, path, "outputs")
            tasks = _add(tasks, path, "tasks")
        if "tasksWithState" in text:
            tasks = None
    return Needs(_frozen(outputs), _frozen(tasks), error_logs)


def _references(text: str) -> Iterable[tuple[Any, ...]]:
    """Give what a template reads; of one that cannot be parsed, whoever renders it says why."""
    try:
        return expressions.references(text)
    except expressions.ExpressionError:
        return ()


def _add(names: set[str] | None, path: tuple[Any, ...], root: str) -> set[str] | None:
    if names is None or path[0] not in (root, EVERYTHING):
        return names
    if path[0] == EVERYTHING or len(path) < 2 or not isinstance(path[1], str):
        return None
    return names | {path[1]}


def _frozen(names: set[str] | None) -> frozenset[str] | None:
    return None if names is None else frozenset(names)


def _texts(value: Any) -> Iterable[str]:
    if isinstance(value, str):
        if expressions.is_template(value):
            yield value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from _texts(key)
            yield from _texts(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _texts(item)


def seen_by(store: Store, flow: Flow, claim: Claim, templates: Any, around: Surroundings) -> dict[str, Any]:
    """Read what the templates of a claimed run see; on the store's thread."""
    execution = claim.execution
    needs = needs_of([templates, execution.variables])
    return variables_of(store, flow, execution, claim.run, claim.lineage, needs, around)


def variables_of(
    store: Store,
    flow: Flow,
    execution: Execution,
    run: TaskRun,
    lineage: Sequence[TaskRun],
    needs: Needs,
    around: Surroundings,
) -> dict[str, Any]:
    """Read the variables of a task run with its ancestors; the root gives those of the execution itself."""
    variables: dict[str, Any] = {
        "flow": {
            "id": flow.id,
            "namespace": flow.namespace,
            "revision": execution.revision,
            "tenantId": "main",
        },
        "execution": _execution(execution),
        "vars": execution.variables,
        "labels": nested(execution.labels),
        "envs": dict(around.environment),
        "globals": dict(around.globals),
        "outputs": _read(store, execution, _known(flow, needs.outputs), _outputs, run),
        "tasks": _read(store, execution, _known(flow, needs.tasks), _state, run),
    }
    if execution.inputs or flow.inputs:
        variables["inputs"] = with_defaults(flow.inputs, _decrypted(flow, execution.inputs, around.decrypt))
    if needs.error_logs:
        variables["errorLogs"] = [
            {"taskId": row.task_id, "message": row.line.message}
            for row in store.logs(execution.id)
            if row.line.level == "ERROR" and row.task_id
        ]
    if execution.trigger:
        variables["trigger"] = {**execution.trigger, **(execution.trigger.get("variables") or {})}
    if run.task_id is not None:
        variables |= _of_run(flow, run, lineage)
    return variables


def _execution(execution: Execution) -> dict[str, Any]:
    return {
        "id": execution.id,
        "startDate": execution.history[0][1],
        "state": execution.state,
        "originalId": execution.original_id or execution.id,
    }


def _of_run(flow: Flow, run: TaskRun, lineage: Sequence[TaskRun]) -> dict[str, Any]:
    variables: dict[str, Any] = {
        "task": {"id": run.task_id, "type": flow.task(run.task_id or "").type},
        "taskrun": {"id": run.id, "startDate": run.history[0][1], "attemptsCount": run.attempt - 1},
    }
    if above := next((ancestor for ancestor in lineage if ancestor.shown), None):
        variables["taskrun"]["parentId"] = above.id
    if run.value is not None and run.shown:
        variables["taskrun"] |= {"value": run.value, "iteration": run.iteration}
    if run.outputs:
        variables["taskrun"]["outputs"] = run.outputs
    if item := _item([run, *lineage]):
        variables["item"] = item
    if run.role == "batch" and isinstance(plan_of(lineage[0]), Batches):
        variables["taskrun"] |= {"items": _items_of(lineage[0], run), "iteration": run.iteration}
    if opened := next((ancestor for ancestor in lineage if is_directory(ancestor)), None):
        variables["workerTaskrun"] = {
            "id": opened.id,
            "startDate": opened.history[0][1],
            "value": opened.value,
        }
    parents = [parent for ancestor in lineage if ancestor.shown and (parent := _parent(ancestor))]
    if parents:
        variables |= {"parents": parents, "parent": parents[0]}
    return variables


def _items_of(scope: TaskRun, batch: TaskRun) -> str:
    """Give the URI of a batch."""
    plan = plan_of(scope)
    assert isinstance(plan, Batches), f"{scope.id} has no batches"
    return plan.items[batch.iteration or 0]


def plan_of(scope: TaskRun) -> Plan | None:
    """Give what a scope carries out."""
    return scope.frame.plan if scope.frame else None


def _item(line: list[TaskRun]) -> dict[str, Any] | None:
    """Give what a task in a Loop sees of its iteration; `line`: a run and its ancestors, nearest first."""
    for below, above in pairwise(line):
        plan = plan_of(above)
        if isinstance(plan, Iterations) and below.role == "batch":
            number = below.iteration or 0
            item = {"value": below.value, "index": number}
            return item if plan.keys is None else {**item, "key": plan.keys[number]}
    return None


def _parent(run: TaskRun) -> dict[str, Any]:
    parent: dict[str, Any] = {}
    if run.value is not None:
        parent["taskrun"] = {"value": run.value}
    if run.outputs:
        parent["outputs"] = run.outputs
    return parent


Pick: TypeAlias = Callable[[OutputRow], dict[str, Any] | None]


def _known(flow: Flow, task_ids: frozenset[str] | None) -> frozenset[str] | None:
    """Give the tasks to read; of a name that no task has all are read, for its error to say what is known."""
    return None if task_ids is None or task_ids - flow.index.keys() else task_ids


def _read(
    store: Store, execution: Execution, task_ids: frozenset[str] | None, pick: Pick, run: TaskRun | None
) -> dict[str, Any]:
    """Read of other task runs what is needed, and nothing where nothing is."""
    if task_ids == frozenset():
        return {}
    return _by_task(store.outputs_of(execution.id, task_ids), pick, run.path if run else ())


def _outputs(row: OutputRow) -> dict[str, Any] | None:
    return row.outputs


def _state(row: OutputRow) -> dict[str, Any] | None:
    return {"state": row.state}


def _by_task(rows: Iterable[OutputRow], pick: Pick, here: tuple[str, ...]) -> dict[str, Any]:
    """Nest what is picked from each row: task id, then the each-values on its path.

    `here`: the path of who looks, which sees nothing of other iterations of a Loop.
    """
    tasks: dict[str, Any] = {}
    for row in rows:
        picked = pick(row)
        if picked is None or not _visible(row.path, here):
            continue
        place = tasks.setdefault(row.task_id, {})
        for value in row.path:
            if value.startswith(ITERATION):
                continue
            place = place.setdefault(value, {})
        place.update(picked)
    return tasks


def _visible(path: tuple[str, ...], here: tuple[str, ...]) -> bool:
    """Say whether all iterations on a path are those that lead here, too."""
    marks = (depth for depth, step in enumerate(path, 1) if step.startswith(ITERATION))
    return all(path[:depth] == here[:depth] for depth in marks)


def nested(flat: Mapping[str, str]) -> dict[str, Any]:
    """Turn dotted keys into nested maps: `system.correlationId` is read as `labels.system.correlationId`."""
    tree: dict[str, Any] = {}
    for key, value in flat.items():
        place = tree
        *parents, last = key.split(".")
        for parent in parents:
            below = place.get(parent)
            place[parent] = place = below if isinstance(below, dict) else {}
        place[last] = value
    return tree


def secrets_of(flow: Flow, inputs: Mapping[str, Any]) -> list[str]:
    """Give the values of the SECRET inputs among decrypted inputs: what must not be shown."""
    return [value for declared in _secrets(flow) if isinstance(value := inputs.get(declared), str) and value]


def _decrypted(flow: Flow, inputs: Mapping[str, Any], decrypt: Callable[[str], str] | None) -> dict[str, Any]:
    values = dict(inputs)
    for name in _secrets(flow):
        if decrypt is not None and isinstance(values.get(name), str):
            values[name] = decrypt(values[name])
    return values


def _secrets(flow: Flow) -> list[str]:
    return [declared.id for declared in flow.inputs if declared.type == SECRET]
