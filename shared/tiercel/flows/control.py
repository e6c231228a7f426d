"""Flow control by task type: what it needs rendered, and what it decides (Kestra's `plugin.core.flow`)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from tiercel.errors import TaskFailed
from tiercel.expressions import is_template, truthy
from tiercel.flows import items, updates
from tiercel.flows.each import each_values, iteration_values
from tiercel.flows.models import Task
from tiercel.flows.plans import (
    Batches,
    Each,
    Graph,
    Iterations,
    Loop,
    Merge,
    Parallel,
    Pause,
    Plan,
    Sequence,
    Stop,
    Subflow,
)
from tiercel.flows.values import as_bool, as_int, as_seconds, as_text, labels_of

SCHEME = "kestra:///"
Planned: TypeAlias = tuple[Plan, dict[str, Any]]
Planner: TypeAlias = Callable[[Task, Mapping[str, Any], Mapping[str, Any]], Planned]


@dataclass(frozen=True, slots=True)
class Control:
    """How one kind of flow-control task decides.

    `rendered`: the properties that may hold expressions and are needed for the decision. `decide`: from the
    task, its properties after rendering and the execution's variables.
    """

    decide: Planner
    rendered: tuple[str, ...] = ()

    def templates(self, task: Task) -> dict[str, Any]:
        """Give the properties that hold expressions or name a file; they are rendered before `plan`."""
        held = {name: task.properties.get(name) for name in (*self.rendered, "timeout")}
        return {name: value for name, value in held.items() if holds_template(value) or is_file(value)}


def holds_template(value: Any) -> bool:
    """Say whether there is an expression anywhere in a value."""
    if isinstance(value, str):
        return is_template(value)
    if isinstance(value, Mapping):
        return any(holds_template(part) for pair in value.items() for part in pair)
    return isinstance(value, list | tuple) and any(holds_template(part) for part in value)


def is_file(value: Any) -> bool:
    """Say whether a value is the URI of a file in internal storage."""
    return isinstance(value, str) and value.strip().startswith(SCHEME)


def control_of(type_id: str) -> Control | None:
    """Give the control of a task type or alias; None for a task that does work of its own."""
    return CONTROLS.get(type_id)


def plan(
    task: Task, rendered: Mapping[str, Any], *, execution_variables: Mapping[str, Any] | None = None
) -> Planned:
    """Decide what a flow-control task does, and give its outputs.

    `rendered`: what became of `templates`. Raises `TaskFailed` with a sentence where the task cannot decide.
    """
    control = CONTROLS[task.type]
    return control.decide(task, {**task.params, **rendered}, execution_variables or {})


def _in_sequence(task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Planned:
    return Sequence("tasks"), {}


def _forgiving(task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Planned:
    return Sequence("tasks", forgive=True), {}


def _in_directory(task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Planned:
    return Sequence("tasks", directory=True), {}


def _in_parallel(task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Planned:
    return Parallel("tasks", as_int(values, "concurrent", 0)), {}


def _by_graph(task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Planned:
    depends_on = {child: tuple(ids) for child, ids in (values.get("dependsOn") or {}).items()}
    return Graph(depends_on, "tasks", as_int(values, "concurrent", 0)), {}


def _template(task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Planned:
    if not task.blocks.get("tasks"):
        name = f"{as_text(values.get('namespace'))}.{as_text(values.get('templateId'))}"
        raise TaskFailed(
            f"`tiercel template put FILE.yaml` keeps a template, and this one is missing: "
            f"Can't find flow template '{name}'"
        )
    return Sequence("tasks"), {"args": dict(values.get("args") or {})}


def _by_condition(task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Planned:
    condition = values.get("condition")
    holds = condition is not None and truthy(as_text(condition))
    block = "then" if holds else "else"
    branch = block if block in task.blocks else None
    return Sequence(block), {"evaluationResult": holds, "branch": branch}


def _by_case(task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Planned:
    value = as_text(values.get("value"))
    chosen = f"cases.{value}"
    if chosen in task.blocks:
        return Sequence(chosen), {"value": value, "defaults": False, "branch": chosen}
    if task.blocks.get("defaults"):
        return Sequence("defaults"), {"value": value, "defaults": True, "branch": "defaults"}
    cases = [name.removeprefix("cases.") for name in task.blocks if name.startswith("cases.")]
    raise TaskFailed(
        f"Switch has no case for the value {value!r} and no defaults; its cases are "
        f"{', '.join(cases) or 'none'}: add a case or defaults."
    )


def _for_each(task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Planned:
    items, texts = each_values(values.get("values"), "values")
    return Each(texts, as_int(values, "concurrencyLimit", 1)), {"items": items}


def _iterations(task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Planned:
    texts, keys = iteration_values(values.get("values"), "values")
    fetch = as_text(values.get("fetchType") or "AUTO")
    limit, transmit = as_int(values, "concurrencyLimit", 1), as_bool(values, "transmitFailed", True)
    return Iterations(texts, keys, limit, transmit, fetch), {"iterationCount": len(texts)}


def _each_sequential(task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Planned:
    items, texts = each_values(values.get("value"), "value")
    return Each(texts, 1), {"items": items}


def _each_parallel(task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Planned:
    items, texts = each_values(values.get("value"), "value")
    return Each(texts, as_int(values, "concurrent", 0), parallel_children=True), {"items": items}


def _until(task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Planned:
    frequency = values.get("checkFrequency") or {}
    loop = Loop(
        condition=as_text(values.get("condition")),
        max_iterations=as_int(frequency, "maxIterations", None),
        max_seconds=as_seconds(frequency, "maxDuration"),
        interval_seconds=as_seconds(frequency, "interval", "PT1M") or 0.0,
        fail_on_max=as_bool(values, "failOnMaxReached", False),
    )
    return loop, {}


def _old_until(task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Planned:
    frequency = {**OLD_FREQUENCY, **(values.get("checkFrequency") or {})}
    return _until(task, {**values, "checkFrequency": frequency}, variables)


def _pause(task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Planned:
    name = "pauseDuration" if values.get("pauseDuration") is not None else "delay"
    seconds = as_seconds(values, name)
    timeout = as_seconds({"timeout": task.timeout, **values}, "timeout")
    behavior = as_text(values.get("behavior") or "RESUME").upper()
    if behavior not in ("RESUME", "WARN", "CANCEL", "FAIL"):
        raise TaskFailed(f"`behavior` is {behavior!r}; write RESUME, WARN, CANCEL or FAIL.")
    if timeout is not None and (seconds is None or timeout < seconds):
        # a pause that nobody resumes within its timeout has failed, whatever the end of its duration means
        return Pause(timeout, "FAIL"), {}
    return Pause(seconds, behavior), {}


def _subflow(task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Planned:
    return _subflow_of(values), {}


def _batches(task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Planned:
    return Batches(tuple(as_text(values.get("splits")).split()), _subflow_of(values)), {}


def _merge(task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Planned:
    return Merge(as_text(values.get("of"))), {}


def _subflow_of(values: Mapping[str, Any]) -> Subflow:
    return Subflow(
        namespace=as_text(values.get("namespace")),
        flow_id=as_text(values.get("flowId")),
        revision=as_int(values, "revision", None),
        inputs=dict(values.get("inputs") or {}),
        labels=labels_of(values.get("labels"), "labels"),
        inherit_labels=as_bool(values, "inheritLabels", False),
        wait=as_bool(values, "wait", True),
        transmit_failed=as_bool(values, "transmitFailed", True),
        outputs=values.get("outputs"),
        schedule_date=values.get("scheduleDate"),
        restart_child=as_text(values.get("restartBehavior") or "RETRY_FAILED") != "NEW_EXECUTION",
    )


def _exit(task: Task, values: Mapping[str, Any], variables: Mapping[str, Any]) -> Planned:
    state = as_text(values.get("state") or "SUCCESS").upper()
    state = "CANCELLED" if state == "CANCELED" else state
    if state not in ("SUCCESS", "WARNING", "KILLED", "FAILED", "CANCELLED"):
        raise TaskFailed(
            f"`state` is {state!r}; an execution exits in SUCCESS, WARNING, KILLED, FAILED or CANCELLED."
        )
    return Stop(state), {}


OLD_FREQUENCY = {"maxIterations": 100, "maxDuration": "PT1H", "interval": "PT1S"}
"""What WaitFor took where its flow said nothing."""

_FLOW, _OLD = "io.kestra.plugin.core.flow.", "io.kestra.core.tasks.flows."
_EXECUTION, _OLD_EXECUTION = "io.kestra.plugin.core.execution.", "io.kestra.core.tasks.executions."

CONTROLS: Mapping[str, Control] = MappingProxyType(
    {
        type_id: control
        for control, type_ids in (
            (
                Control(_in_sequence),
                [
                    _FLOW + "Sequential",
                    _OLD + "Sequential",
                    _FLOW + "Retry",
                    _FLOW + "Timeout",
                    _FLOW + "ForEachItem",
                    _OLD + "ForEachItem",
                ],
            ),
            (
                Control(
                    _batches,
                    (
                        "splits",
                        "namespace",
                        "flowId",
                        "revision",
                        "labels",
                        "inheritLabels",
                        "scheduleDate",
                    ),
                ),
                [items.START],
            ),
            (Control(_merge), [items.MERGE]),
            (
                Control(_in_directory),
                [_FLOW + "WorkingDirectory", _OLD + "WorkingDirectory", _OLD + "Worker"],
            ),
            (Control(_template, ("args",)), [_FLOW + "Template", _OLD + "Template"]),
            (Control(_forgiving), [_FLOW + "AllowFailure", _OLD + "AllowFailure"]),
            (Control(_in_parallel, ("concurrent",)), [_FLOW + "Parallel", _OLD + "Parallel"]),
            (Control(_by_graph, ("concurrent",)), [_FLOW + "Dag", _OLD + "Dag"]),
            (Control(_by_condition, ("condition",)), [_FLOW + "If", _OLD + "If"]),
            (Control(_by_case, ("value",)), [_FLOW + "Switch", _OLD + "Switch"]),
            (Control(_for_each, ("values",)), [_FLOW + "ForEach"]),
            (Control(_iterations, ("values",)), [_FLOW + "Loop"]),
            (Control(_each_sequential, ("value",)), [_FLOW + "EachSequential", _OLD + "EachSequential"]),
            (
                Control(_each_parallel, ("value", "concurrent")),
                [_FLOW + "EachParallel", _OLD + "EachParallel"],
            ),
            (Control(_until, ("failOnMaxReached", "checkFrequency")), [_FLOW + "LoopUntil"]),
            (Control(_old_until, ("failOnMaxReached", "checkFrequency")), [_FLOW + "WaitFor"]),
            (
                Control(_pause, ("delay", "pauseDuration", "behavior")),
                [_FLOW + "Pause", _OLD + "Pause"],
            ),
            (
                Control(
                    _subflow,
                    ("namespace", "flowId", "revision", "inputs", "labels", "inheritLabels", "scheduleDate"),
                ),
                [_FLOW + "Subflow", _OLD + "Subflow", _OLD + "Flow"],
            ),
            (Control(_exit, ("state",)), [_EXECUTION + "Exit"]),
            (Control(updates.labels, ("labels",)), [_EXECUTION + "Labels", _OLD_EXECUTION + "Labels"]),
            (Control(updates.set_variables, ("variables", "overwrite")), [_EXECUTION + "SetVariables"]),
            (
                Control(updates.unset_variables, ("variables", "ignoreMissing")),
                [_EXECUTION + "UnsetVariables"],
            ),
        )
        for type_id in type_ids
    }
)
"""Flow control by task type, aliases included."""
