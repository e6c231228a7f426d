"""What a schema cannot say of a flow: unique ids, Switch without cases, Dag cycles (as Kestra validates)."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from tiercel.errors import InvalidFlow, Problem
from tiercel.flows import dashes
from tiercel.flows.control import control_of
from tiercel.flows.models import Task, Trigger
from tiercel.flows.report import Report
from tiercel.flows.updates import SYSTEM_PREFIX
from tiercel.flows.yaml_tree import ListNode, MapNode, Node, Scalar, plain
from tiercel.triggers.polling import interval_of
from tiercel.triggers.schedules import CRON_TYPES, DATES_TYPES, schedule_of

FIRING = (".trigger.Flow", ".trigger.Webhook", ".triggers.types.Flow", ".triggers.types.Webhook")
"""How the types of those triggers end that start executions by themselves, so far."""

PREFIXES = ("io.kestra.plugin.core.flow.", "io.kestra.core.tasks.flows.")
STARTS_FLOWS = ("Subflow", "Flow", "ForEachItem")


def _is(type_id: str, *names: str) -> bool:
    return any(type_id == prefix + name for prefix in PREFIXES for name in names)


def required_by_rule(type_id: str) -> tuple[str, ...]:
    """Give the required properties whose absence a rule reports, in words of its own."""
    return ("tasks",) if _is(type_id, "WorkingDirectory", "Worker", "Dag") else ()


def declares_inputs(type_id: str, name: str) -> bool:
    """Say whether a property of a task holds declared inputs."""
    return name == "onResume" and _is(type_id, "Pause")


def check_task(report: Report, task: Task, node: MapNode, path: str) -> None:
    """Check one task by the rules of its type."""
    if _is(task.type, "Switch"):
        _check_switch(report, task, node, path)
    elif _is(task.type, "Dag"):
        _check_dag(report, task, node, path)
    elif _is(task.type, "WorkingDirectory", "Worker"):
        _check_working_directory(report, task, node, path)
    elif _is(task.type, "Retry") and task.retry is None:
        report.add(f"{task.id}: a Retry needs `retry:`, with its type and interval", node, path)
    elif _is(task.type, *STARTS_FLOWS):
        _check_labels(report, node.get("labels"), f"{path}.labels")


def check_trigger(report: Report, type_id: str, node: MapNode, path: str) -> None:
    """Check what a schedule's or a polling trigger's schema cannot say: cron, time zone, dates, intervals."""
    properties = plain(node)
    try:
        if type_id in CRON_TYPES | DATES_TYPES:
            schedule_of(type_id, properties)
        elif "interval" in properties:
            interval_of(properties)
    except InvalidFlow as error:
        report.add(str(error).rstrip("."), node, path)


def _check_labels(report: Report, labels: Node | None, path: str) -> None:
    """Refuse labels that only the engine sets."""
    if labels is None:
        return
    written = plain(labels)
    if isinstance(written, list):
        written = {str(one.get("key")): one.get("value") for one in written if isinstance(one, Mapping)}
    for key, value in written.items() if isinstance(written, Mapping) else ():
        if str(key).startswith(SYSTEM_PREFIX):
            said = f"System labels can only be set by Kestra itself, offending label: {key}={value}"
            report.when_put(f"{said}; choose a name that does not begin with `{SYSTEM_PREFIX}`", labels, path)


def _check_switch(report: Report, task: Task, node: MapNode, path: str) -> None:
    held = [node.get("defaults"), *_values(node.get("cases"))]
    if not any(isinstance(tasks, ListNode) and tasks.items for tasks in held):
        report.add(
            f"{task.id}: No task defined, neither cases or default have any tasks; add a case or `defaults:`",
            node,
            path,
        )


def _values(node: Node | None) -> list[Node]:
    return [value for _, value in node.entries.values()] if isinstance(node, MapNode) else []


def _check_working_directory(report: Report, task: Task, node: MapNode, path: str) -> None:
    tasks = node.get("tasks")
    if not isinstance(tasks, ListNode) or not tasks.items:
        report.add(
            f"{task.id}: The 'tasks' property cannot be empty; list the tasks to run there", node, path
        )
        return
    for child in task.blocks.get("tasks", ()):
        if control_of(child.type):
            report.add(
                f"{task.id}: Only runnable tasks are allowed as children of a WorkingDirectory task; "
                f"move `{child.id}` ({child.type.rpartition('.')[2]}) out of it",
                tasks,
                f"{path}.tasks",
            )
            return


def _check_dag(report: Report, task: Task, node: MapNode, path: str) -> None:
    tasks = node.get("tasks")
    depends_on: Mapping[str, tuple[str, ...]] = task.params.get("dependsOn", {})
    if not isinstance(tasks, ListNode) or not tasks.items:
        report.add(f"{task.id}: No task defined; list them under `tasks:`", node, path)
        return
    unknown = [
        (name, child) for child, names in depends_on.items() for name in names if name not in depends_on
    ]
    if unknown:
        place = next((_scalar(tasks, name) for name, _ in unknown if _scalar(tasks, name)), None) or tasks
        names = ", ".join(dict.fromkeys(name for name, _ in unknown))
        known = ", ".join(depends_on)
        report.add(
            f"{task.id}: Not existing task id in dependency: {names}; its tasks are {known}",
            place,
            f"{path}.tasks",
        )
        return
    cyclic = [child for child in depends_on if child in _reachable(depends_on, child)]
    if cyclic:
        report.add(
            f"{task.id}: Cyclic dependency detected: {', '.join(cyclic)}; take one `dependsOn` away",
            tasks,
            f"{path}.tasks",
        )


def _reachable(depends_on: Mapping[str, tuple[str, ...]], start: str) -> set[str]:
    seen: set[str] = set()
    ahead = list(depends_on[start])
    while ahead:
        name = ahead.pop()
        if name not in seen:
            seen.add(name)
            ahead += depends_on.get(name, ())
    return seen


def _scalar(node: Node, text: str) -> Scalar | None:
    """Find where a text stands under a `dependsOn`."""
    for item in node.items if isinstance(node, ListNode) else ():
        names = item.get("dependsOn") if isinstance(item, MapNode) else None
        for name in names.items if isinstance(names, ListNode) else ():
            if isinstance(name, Scalar) and name.text == text:
                return name
    return None


def check_flow(report: Report, root: MapNode, values: Mapping[str, Any], task_ids: list[Scalar]) -> None:
    """Check what concerns the flow as a whole; one problem names all, as Kestra does."""
    said: list[str] = []
    places: list[Node] = []
    for what, ids in (
        ("task id", task_ids),
        ("trigger id", _listed_ids(root.get("triggers"))),
        ("input", _listed_ids(root.get("inputs"))),
        ("output", _listed_ids(root.get("outputs"))),
        ("preconditions id", list(_preconditions(root.get("triggers")))),
    ):
        counts = Counter(scalar.text for scalar in ids)
        twice = [name for name, count in counts.items() if count > 1]
        if twice:
            again = [scalar for scalar in ids if scalar.text in twice]
            lines = ", ".join(str(scalar.line) for scalar in again)
            said.append(f"Duplicate {what} with name [{', '.join(twice)}] (lines {lines}): give each its own")
            places.append(next(scalar for index, scalar in enumerate(again) if _seen(scalar, again[:index])))
    for task in _all_tasks(values):
        itself = (task.params.get("namespace"), task.params.get("flowId")) == (
            values.get("namespace"),
            values.get("id"),
        )
        if _is(task.type, *STARTS_FLOWS) and itself:
            name = f"{values.get('namespace')}.{values.get('id')}"
            said.append(
                f"Recursive call to flow [{name}]: the task `{task.id}` starts the flow it belongs to"
            )
            places.append(next(scalar for scalar in task_ids if scalar.text == task.id))
    inputs = [scalar.text for scalar in _listed_ids(root.get("inputs"))]
    outputs = [one for one in _items(values.get("outputs")) if isinstance(one, Mapping)]
    misread = dashes.misread(_all_tasks(values), inputs, outputs) if report.strict else ()
    for complaint, task_id in misread:
        said.append(complaint)
        places.append(next((scalar for scalar in task_ids if scalar.text == task_id), root))
    if said:
        report.add("Invalid Flow: " + ", ".join(said), places[0], "")
    _check_firing(report, root, values)


def _check_firing(report: Report, root: MapNode, values: Mapping[str, Any]) -> None:
    """Warn of triggers that nothing evaluates yet."""
    declared = [one for one in _items(values.get("triggers")) if isinstance(one, Trigger)]
    idle = [one.id for one in declared if not one.type.endswith(FIRING)]
    node = root.get("triggers")
    if idle and node is not None:
        message = (
            f"`triggers`: {', '.join(idle)} has no effect yet, only Flow triggers and webhooks have; "
            "the flow runs when somebody runs it"
        )
        report.warnings.append(Problem(message, "triggers", node.line, node.column))


def _seen(scalar: Scalar, before: list[Scalar]) -> bool:
    return any(other.text == scalar.text for other in before)


TASK_BLOCKS = ("tasks", "errors", "finally", "afterExecution", "listeners")


def _listed_ids(node: Node | None) -> list[Scalar]:
    found = []
    for item in node.items if isinstance(node, ListNode) else ():
        name = (item.get("id") or item.get("name")) if isinstance(item, MapNode) else None
        if isinstance(name, Scalar) and name.value is not None:
            found.append(name)
    return found


def _preconditions(node: Node | None) -> Iterator[Scalar]:
    for item in node.items if isinstance(node, ListNode) else ():
        preconditions = item.get("preconditions") if isinstance(item, MapNode) else None
        name = preconditions.get("id") if isinstance(preconditions, MapNode) else None
        if isinstance(name, Scalar) and name.value is not None:
            yield name


def _all_tasks(values: Mapping[str, Any]) -> Iterator[Task]:
    for name in TASK_BLOCKS:
        for item in _items(values.get(name)):
            for task in _items(item.get("tasks")) if isinstance(item, Mapping) else [item]:
                if isinstance(task, Task):
                    yield from task.walk()


def _items(value: Any) -> list[Any]:
    # what is no list has been reported as such
    return value if isinstance(value, list) else []
