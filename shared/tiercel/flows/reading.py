"""Read a flow's YAML into a `Flow`, or say everything that is wrong with it, each thing with its place."""

from dataclasses import dataclass
from typing import Any

from tiercel.errors import InvalidFlow, Problem
from tiercel.flows import listeners, rules
from tiercel.flows.catalog import Catalog
from tiercel.flows.defaults import apply_defaults
from tiercel.flows.durations import parse_duration
from tiercel.flows.flow_schema import FLOW
from tiercel.flows.models import Agreement, Concurrency, Flow, Output, StartCheck, Task
from tiercel.flows.parts import Parts
from tiercel.flows.report import Report
from tiercel.flows.schema_check import Check
from tiercel.flows.yaml_tree import MapNode, Scalar, parse, plain


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading found. `flow`: None where there are problems.

    `expressions`: templates that cannot be parsed. They do not refuse a flow, for in Kestra such a task fails
    when its turn comes, and an `errors` block may catch it. `warnings`: what will not work here, such as a
    trigger of an unknown type.
    """

    flow: Flow | None
    problems: tuple[Problem, ...] = ()
    expressions: tuple[Problem, ...] = ()
    warnings: tuple[Problem, ...] = ()


def read_flow(source: str, *, catalog: Catalog, file: str | None = None, strict: bool = True) -> Flow:
    """Read a flow; `InvalidFlow` lists every problem.

    `strict=False` leaves unknown properties out instead of refusing them, as Kestra does with stored flows.
    """
    reading = examine(source, catalog, strict=strict)
    if reading.flow is None:
        raise InvalidFlow(_message(reading.problems, file), reading.problems)
    return reading.flow


def problems_of(source: str, catalog: Catalog) -> list[Problem]:
    """Give all that an author should edit, unreadable expressions included, in the order of the text."""
    reading = examine(source, catalog)
    return sorted(
        (*reading.problems, *reading.expressions),
        key=lambda problem: (problem.line or 0, problem.column or 0),
    )


def examine(source: str, catalog: Catalog, *, strict: bool = True) -> Reading:
    """Read a flow and give it together with all that was found."""
    root, problems = parse(source)
    report = Report(source, problems, strict=strict)
    if root is None or (isinstance(root, Scalar) and root.value is None):
        if not problems:
            message = "The yaml flow cannot be an empty string: write at least `id`, `namespace` and `tasks`"
            problems.append(Problem(message, line=1, column=1))
        return Reading(None, tuple(problems))
    if not isinstance(root, MapNode):
        report.add("a flow is a map: begin with `id:`, `namespace:` and `tasks:` lines", root, "")
        return Reading(None, tuple(problems))
    apply_defaults(root)
    parts = Parts(catalog, report)
    values = Check(report, FLOW, parts.hooks, "flow").properties(root, FLOW, "")
    rules.check_flow(report, root, values, parts.task_ids)
    found = (tuple(report.expressions), tuple(report.warnings))
    if report.problems:
        in_order = sorted(report.problems, key=lambda problem: (problem.line or 0, problem.column or 0))
        return Reading(None, tuple(in_order), *found)
    return Reading(_flow(source, root, values), (), *found)


def _message(problems: tuple[Problem, ...], file: str | None) -> str:
    place = f"{file}: " if file else ""
    return "\n".join(f"{place}{problem}" for problem in problems)


def _flow(source: str, root: MapNode, values: dict[str, Any]) -> Flow:
    concurrency = values.get("concurrency")
    return Flow(
        id=values["id"],
        namespace=values["namespace"],
        tasks=_tasks(values, "tasks"),
        source=source,
        revision=values.get("revision", 1),
        description=values.get("description"),
        errors=_tasks(values, "errors"),
        finally_=_tasks(values, "finally"),
        after_execution=_tasks(values, "afterExecution"),
        listeners=listeners.tasks_of(values.get("listeners", ())),
        inputs=tuple(values.get("inputs", ())),
        outputs=tuple(_output(output) for output in values.get("outputs", ())),
        triggers=tuple(values.get("triggers", ())),
        labels=values.get("labels", {}),
        variables=values.get("variables", {}),
        retry=values.get("retry"),
        concurrency=Concurrency(**concurrency) if concurrency else None,
        agreements=tuple(_agreement(agreement) for agreement in values.get("sla", ())),
        checks=tuple(_check(check) for check in values.get("checks", ())),
        disabled=values.get("disabled", False),
        properties=plain(root),
    )


def _tasks(values: dict[str, Any], name: str) -> tuple[Task, ...]:
    return tuple(values.get(name, ()))


def _agreement(values: dict[str, Any]) -> Agreement:
    duration = values.get("duration")
    return Agreement(
        values["id"],
        values["behavior"],
        None if duration is None else parse_duration(duration),
        values.get("assert"),
        values.get("labels", {}),
    )


def _check(values: dict[str, Any]) -> StartCheck:
    condition = values.get("condition", values.get("when", "true"))
    return StartCheck(condition, values["message"], values.get("behavior", "BLOCK_EXECUTION"))


def _output(values: dict[str, Any]) -> Output:
    return Output(values["id"], values["value"], values.get("type"), values.get("required", True))
