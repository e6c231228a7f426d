"""Answers to what the kernel asks of the shell: templates rendered, flow outputs typed."""

import contextlib
import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from tiercel import expressions
from tiercel.envelope import RunContext, SharedDirectory
from tiercel.errors import TaskFailed, TiercelError
from tiercel.flows.control import control_of, is_file
from tiercel.flows.leaves import leaves_of
from tiercel.flows.models import Flow, Output, Task
from tiercel.flows.outputs import type_outputs
from tiercel.flows.plans import Loop, Subflow
from tiercel.masking import Masker
from tiercel.runtime import WatchedSecrets, may_wait
from tiercel.services import Services
from tiercel_orchestrator.kernel.events import Answered
from tiercel_orchestrator.kernel.rows import Execution, TaskRun
from tiercel_orchestrator.kernel.watching import assertions
from tiercel_orchestrator.shell import directories, gathering
from tiercel_orchestrator.shell.directories import WorkingDirectories
from tiercel_orchestrator.shell.variables import secrets_of

FILES: dict[str | None, tuple[str, ...]] = {
    "openDirectory": directories.OPENING,
    "closeDirectory": directories.CLOSING,
}


def at_once(run: TaskRun, templates: Mapping[str, Any], variables: Mapping[str, Any]) -> bool:
    """Say whether an answer waits for nothing, and may be given on the event loop."""
    return run.request in ("runIf", "condition") and not may_wait(templates, variables)


def templates_for(flow: Flow, run: TaskRun) -> dict[str, Any]:
    """Give the templates that a request wants rendered, by name."""
    if run.request == "outputs" and not flow.outputs:
        return {task_id: f"{{{{ outputs['{task_id}'] ?? null }}}}" for task_id in leaves_of(flow.tasks)}
    if run.request == "outputs":
        return {output.id: output.value for output in flow.outputs}
    if run.request == "assertions":
        return dict(assertions(flow.agreements))
    task = flow.task(run.task_id or "")
    if run.request == "runIf":
        return {"runIf": task.run_if}
    if run.request == "condition" and run.frame and isinstance(run.frame.plan, Loop):
        return {"condition": run.frame.plan.condition}
    if run.request == "childOutputs" and run.frame and isinstance(run.frame.plan, Subflow):
        return dict(run.frame.plan.outputs or {})
    if run.request == "iterationOutputs":
        return {output["id"]: output["value"] for output in task.params["outputs"]}
    if run.request in FILES:
        return {name: task.properties[name] for name in FILES[run.request] if name in task.properties}
    control = control_of(task.type)
    return dict(control.templates(task)) if control else {}


def answer(
    flow: Flow,
    run: TaskRun,
    templates: Mapping[str, Any],
    variables: Mapping[str, Any],
    services: Services,
    context: RunContext,
    shared: WorkingDirectories,
) -> Answered:
    """Render the templates; what goes wrong is said in the answer."""
    masker = Masker()
    for value in context.masked:
        masker.add(value)
    watched = dataclasses.replace(services, secrets=WatchedSecrets(services.secrets, masker))
    try:
        in_use = watched.expressions(context)
        if run.request == "assertions":
            return Answered(run.id, run.lease, _that_can_be(templates, variables, in_use))
        if run.request == "outputs" and not flow.outputs:
            return Answered(run.id, run.lease, masker.value(_of_leaves(templates, variables)))
        if run.request in ("outputs", "iterationOutputs"):
            at_top = run.request == "outputs"
            declared = flow.outputs if at_top else declared_of(flow.task(run.task_id or ""))
            rendered, warnings = _rendered_outputs(declared, variables, in_use)
            typed = masker.value(type_outputs(declared, rendered))
            return Answered(run.id, run.lease, typed, warnings=tuple(map(masker.text, warnings)))
        rendered = _rendered(templates, variables, in_use)
        if run.request == "plan" and is_file(rendered.get("values")):
            rendered["values"] = gathering.lines_of(rendered["values"], context, services)
        elif run.request == "plan" and masker.value(rendered) != rendered:
            refuse_shown_secret(flow.task(run.task_id or ""), rendered, masker)
        elif run.request == "openDirectory":
            rendered = shared.open(context, rendered)
        elif run.request == "closeDirectory":
            rendered = shared.close(context, rendered)
    except TiercelError as error:
        return Answered(run.id, run.lease, error=masker.text(str(error)))
    return Answered(run.id, run.lease, values=rendered)


def declared_of(task: Task) -> list[Output]:
    """Give the outputs that a Loop declares for each of its iterations."""
    return [
        Output(one["id"], one["value"], one.get("type"), one.get("required", True))
        for one in task.params["outputs"]
    ]


def _rendered(
    templates: Mapping[str, Any], variables: Mapping[str, Any], services: expressions.Services
) -> dict[str, Any]:
    """Render each template; an error begins with the name of the property."""
    rendered: dict[str, Any] = {}
    for name, template in templates.items():
        try:
            rendered[name] = expressions.render_deep(template, variables, services)
        except expressions.ExpressionError as error:
            raise TaskFailed(f"`{name}`: {error}") from error
    return rendered


def _rendered_outputs(
    declared: Sequence[Output], variables: Mapping[str, Any], services: expressions.Services
) -> tuple[dict[str, Any], list[str]]:
    """Render declared outputs; those that are not required may be missing, which is said beside them."""
    rendered: dict[str, Any] = {}
    warnings: list[str] = []
    for output in declared:
        try:
            rendered |= _rendered({output.id: output.value}, variables, services)
        except TaskFailed as error:
            if output.required:
                raise
            warnings.append(f"The output is left empty, for it is not required: {error}")
            rendered[output.id] = None
    return rendered, warnings


def _of_leaves(templates: Mapping[str, Any], variables: Mapping[str, Any]) -> dict[str, Any]:
    """Give the outputs of the leaf tasks that have any; as they are, for what is big stays where it lies."""
    outputs = variables.get("outputs") or {}
    return {task_id: outputs[task_id] for task_id in templates if outputs.get(task_id)}


def _that_can_be(
    templates: Mapping[str, Any], variables: Mapping[str, Any], services: expressions.Services
) -> dict[str, Any]:
    """Render those templates that can be rendered by now."""
    rendered: dict[str, Any] = {}
    for name, template in templates.items():
        with contextlib.suppress(expressions.ExpressionError):
            rendered[name] = expressions.render(template, variables, services)
    return rendered


def refuse_shown_secret(task: Task, rendered: Mapping[str, Any], masker: Masker) -> None:
    """Refuse a secret where it would become a part of the execution that everybody sees."""
    if task.type.rpartition(".")[2] in ("If", "Subflow", "Flow"):
        return  # a condition leaves no trace of it, and a child takes it as an input
    name = next(name for name, value in rendered.items() if masker.value(value) != value)
    raise TaskFailed(
        f"`{name}` holds a secret, which would be shown with the execution; "
        "read it with secret() in the task that needs it."
    )


def context_of(
    flow: Flow,
    execution: Execution,
    run: TaskRun,
    variables: Mapping[str, Any],
    directory: Path | SharedDirectory | None = None,
) -> RunContext:
    """Say on whose behalf something is rendered or run."""
    return RunContext(
        namespace=execution.namespace,
        flow_id=execution.flow_id,
        revision=execution.revision,
        execution_id=execution.id,
        task_id=run.task_id or "",
        task_run_id=run.id,
        attempt=run.attempt,
        lease=run.lease,
        value=run.value,
        working_directory=str(directory) if isinstance(directory, Path) else None,
        shared_directory=directory if isinstance(directory, SharedDirectory) else None,
        masked=secrets_of(flow, variables.get("inputs") or {}),
        variables=dict(variables),
    )
