"""Templates: tasks that are kept apart from the flows which use them (deprecated in Kestra)."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from tiercel.errors import InvalidFlow, Problem
from tiercel.flows.catalog import Catalog
from tiercel.flows.models import Flow, Task
from tiercel.flows.reading import read_flow
from tiercel.flows.yaml_tree import MapNode, parse, plain

TYPES = frozenset({"io.kestra.plugin.core.flow.Template", "io.kestra.core.tasks.flows.Template"})
PROPERTIES = ("id", "namespace", "tenantId", "description", "tasks", "errors", "deleted")

Find = Callable[[str, str], Flow | None]


def read_template(source: str, catalog: Catalog, file: str | None = None) -> Flow:
    """Read a template, a flow with tasks and errors only; `InvalidFlow` says what is wrong."""
    root, _ = parse(source)
    if isinstance(root, MapNode):
        for name, (key, _) in root.entries.items():
            if name not in PROPERTIES:
                reason = f"a template has no such property; it takes {', '.join(PROPERTIES)}"
                problem = Problem(reason, name, key.line, key.column)
                raise InvalidFlow(f"{file}: {problem}" if file else str(problem), (problem,))
    return read_flow(source, catalog=catalog, file=file)


def with_defaults(source: str, flow: Flow, catalog: Catalog) -> Flow:
    """Read a kept template for one flow, whose plugin defaults hold for its tasks, too."""
    document: dict[str, Any] = plain(parse(source)[0])
    names = ("pluginDefaults", "taskDefaults")
    document |= {name: flow.properties[name] for name in names if name in flow.properties}
    return read_flow(json.dumps(document), catalog=catalog, strict=False)


def uses_templates(flow: Flow) -> bool:
    """Say whether there is a Template among the tasks of a flow."""
    return any(task.type in TYPES for task in flow.index.values())


def expanded(flow: Flow, find: Find) -> Flow:
    """Give each Template task the tasks of its template; one that is not found stays without.

    `find`: gives the template of a namespace and id.
    """

    def fill(tasks: Sequence[Task], inside: tuple[tuple[str, str], ...] = ()) -> tuple[Task, ...]:
        return tuple(filled(task, inside) for task in tasks)

    def filled(task: Task, inside: tuple[tuple[str, str], ...]) -> Task:
        blocks: Mapping[str, tuple[Task, ...]] = {
            name: fill(children, inside) for name, children in task.blocks.items()
        }
        if task.type in TYPES:
            name = (str(task.params.get("namespace")), str(task.params.get("templateId")))
            # one that contains itself would never end: there it counts as missing
            template = None if name in inside else find(*name)
            if template is not None:
                within = (*inside, name)
                blocks = {
                    "errors": fill(template.errors, within),
                    **blocks,
                    "tasks": fill(template.tasks, within),
                }
        return replace(task, blocks=blocks)

    return replace(
        flow,
        tasks=fill(flow.tasks),
        errors=fill(flow.errors),
        finally_=fill(flow.finally_),
        after_execution=fill(flow.after_execution),
        listeners=fill(flow.listeners),
    )
