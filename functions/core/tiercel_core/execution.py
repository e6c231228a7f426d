"""Tasks of `io.kestra.plugin.core.execution`: they end, check or relabel the execution that they run in."""

from collections.abc import Iterator
from typing import Any, ClassVar, Literal

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.errors import TaskFailed
from tiercel.expressions import truthy
from tiercel.operations import ExecutionQuery, Purge, Purged
from tiercel.plugin import (
    BaseOutput,
    BaseParams,
    BasePlugin,
    JsonObject,
    PluginOutput,
    Static,
    as_data,
    success,
)
from tiercel_core.condition.base import StateName
from tiercel_core.flow.control import FlowControl
from tiercel_core.moments import read_date, with_zone


class FailParams(BaseParams):
    condition: str | None = Field(None, description="Fail only if this holds; always, if left out.")
    error_message: str = Field("Task failure", description="What to say.")


class Fail(BasePlugin[FailParams]):
    """End as FAILED, always or if a condition holds."""

    task_types = ("io.kestra.plugin.core.execution.Fail", "io.kestra.core.tasks.executions.Fail")

    async def run(self, params: FailParams, context: ExecutionContext) -> PluginOutput:
        if params.condition is None or truthy(params.condition):
            raise TaskFailed(params.error_message)
        return success()


class AssertParams(BaseParams):
    conditions: list[str] = Field(description="What has to hold; each is tested.")
    error_message: str | None = Field(None, description="What to say beside the count if one does not hold.")


class Assert(BasePlugin[AssertParams]):
    """Test conditions and fail unless all of them hold; the metrics `success` and `failed` count them."""

    task_types = ("io.kestra.plugin.core.execution.Assert",)

    async def run(self, params: AssertParams, context: ExecutionContext) -> PluginOutput:
        places = [place for place, text in enumerate(params.conditions, start=1) if not truthy(text)]
        context.metric("success", len(params.conditions) - len(places))
        context.metric("failed", len(places))
        if not places:
            return success()
        if params.error_message:
            context.log.error(params.error_message)
        which = ", ".join(f"number {place} gave `{params.conditions[place - 1]}`" for place in places)
        count = f"{len(places)} assertion{'s' if len(places) > 1 else ''} failed"
        raise TaskFailed(f"{count} of {len(params.conditions)}: {which}.")


class LabelsParams(BaseParams):
    labels: str | list[JsonObject] | JsonObject = Field(
        description="Labels to add or replace: a map, a list of key and value, or a JSON text of either."
    )


class Labels(FlowControl[LabelsParams]):
    """Add labels to the execution, or replace those that it has."""

    task_types = ("io.kestra.plugin.core.execution.Labels", "io.kestra.core.tasks.executions.Labels")


class SetVariablesParams(BaseParams):
    variables: dict[str, Any] = Field(description="Variables to set, by name.")
    overwrite: bool = Field(True, description="Whether a variable that exists may be replaced.")


class SetVariables(FlowControl[SetVariablesParams]):
    """Set variables of the execution; later tasks read them as `vars.<name>`."""

    task_types = ("io.kestra.plugin.core.execution.SetVariables",)


class UnsetVariablesParams(BaseParams):
    variables: list[str] = Field(description="Names of the variables to remove.")
    ignore_missing: bool = Field(False, description="Whether a name that does not exist is no failure.")


class UnsetVariables(FlowControl[UnsetVariablesParams]):
    """Remove variables from the execution."""

    task_types = ("io.kestra.plugin.core.execution.UnsetVariables",)


class ExitParams(BaseParams):
    state: Literal["SUCCESS", "WARNING", "KILLED", "FAILED", "CANCELED", "CANCELLED"] = Field(
        "SUCCESS", description="State in which the execution ends."
    )


class Exit(FlowControl[ExitParams]):
    """End the execution now, in a state of choice; tasks that have not started do not run."""

    task_types = ("io.kestra.plugin.core.execution.Exit",)


class CountedFlow(BaseParams):
    namespace: str = Field(description="Namespace of the flow.")
    flow_id: str = Field(description="Its id.")


class CountParams(BaseParams):
    flows: list[CountedFlow] | None = Field(None, description="The flows whose executions are counted.")
    namespaces: list[str] | None = Field(
        None, description="Namespaces whose flows count; the flow's own where neither is named."
    )
    states: list[StateName] | None = Field(None, description="States that count; all if left out.")
    start_date: str = Field(description="Only executions that began at or after this moment, in ISO 8601.")
    end_date: str | None = Field(None, description="Only executions that began before this moment.")
    expression: Static[str] = Field(
        description="Whether a flow is among the results; sees its `count`, `namespace` and `flowId`."
    )


class CountResult(BaseOutput):
    namespace: str | None = Field(None, description="Namespace of the flow.")
    flow_id: str | None = Field(None, description="Its id.")
    count: int | None = Field(None, description="How many executions there are.")


class CountOutput(BaseOutput):
    results: list[CountResult] | None = Field(None, description="The flows for which the expression holds.")
    total: int | None = Field(None, description="How many executions they have together.")


class Count(BasePlugin[CountParams, CountOutput]):
    """Count the executions of flows, and keep those for whose count an expression holds (deprecated)."""

    task_types = ("io.kestra.plugin.core.execution.Count", "io.kestra.core.tasks.executions.Counts")
    catalog_differences: ClassVar[dict[str, str]] = {
        "expression": "rendered for each flow with its count, and not before",
    }

    def run(self, params: CountParams, context: ExecutionContext) -> PluginOutput:
        counts = {(flow.namespace, flow.flow_id): 0 for flow in params.flows or ()}
        for wanted in queries(params, context):
            for found in context.services.operations.find(wanted):
                key = found.namespace, found.flow_id
                counts[key] = counts.get(key, 0) + 1
        results = [CountResult(namespace=one, flow_id=flow, count=n) for (one, flow), n in counts.items()]
        kept = [result for result in results if meets(params.expression, result, context)]
        return success(CountOutput(results=kept, total=sum(result.count or 0 for result in kept)))


def queries(params: CountParams, context: ExecutionContext) -> Iterator[ExecutionQuery]:
    """Give what to look for: a query for each flow, or for each namespace."""
    common = ExecutionQuery(
        states=None if params.states is None else tuple(params.states),
        start=with_zone(read_date(params.start_date)),
        end=with_zone(read_date(params.end_date)) if params.end_date else None,
    )
    for flow in params.flows or ():
        yield common._replace(namespace=flow.namespace, flow_id=flow.flow_id)
    for namespace in params.namespaces or ([] if params.flows else [context.run.namespace]):
        yield common._replace(namespace=namespace)


def meets(expression: str, result: CountResult, context: ExecutionContext) -> bool:
    """Say whether the expression holds for a count."""
    return truthy(context.render(expression, as_data(result)).strip())


class ResumeParams(BaseParams):
    namespace: str | None = Field(None, description="Namespace of the execution; that it has one is enough.")
    flow_id: str | None = Field(None, description="Flow of the execution; that it has one is enough.")
    execution_id: str | None = Field(None, description="The execution; this one if left out.")
    inputs: dict[str, Any] | None = Field(None, description="Inputs that the pause asks for.")


class Resume(BasePlugin[ResumeParams]):
    """Go on with an execution that is paused (deprecated)."""

    task_types = ("io.kestra.plugin.core.execution.Resume",)

    def run(self, params: ResumeParams, context: ExecutionContext) -> PluginOutput:
        execution_id = params.execution_id or context.run.execution_id
        context.services.operations.resume(execution_id, params.inputs or {})
        return success()


class PurgeExecutionsParams(BaseParams):
    namespace: str | None = Field(
        None, description="Only of this namespace; without `flowId`, of those below it, too."
    )
    flow_id: str | None = Field(None, description="Only of this flow.")
    start_date: str | None = Field(
        None, description="Only executions that began at or after this moment, in ISO 8601."
    )
    end_date: str = Field(description="Only executions that began before this moment.")
    states: list[StateName] | None = Field(None, description="States that count; all ended ones if left out.")
    purge_execution: bool = Field(True, description="Whether the executions go, with their task runs.")
    purge_log: bool = Field(True, description="Whether their logs go.")
    purge_metric: bool = Field(True, description="Whether their metrics go.")
    purge_storage: bool = Field(True, description="Whether their files in internal storage go.")
    batch_size: int = Field(100, ge=1, description="How many are removed before the next are looked for.")


class PurgeExecutionsOutput(BaseOutput):
    executions_count: int = Field(description="How many executions were removed.")
    logs_count: int = Field(description="How many log lines were removed.")
    storages_count: int = Field(description="How many files were removed.")
    metrics_count: int = Field(description="How many metrics were removed.")


class PurgeExecutions(BasePlugin[PurgeExecutionsParams, PurgeExecutionsOutput]):
    """Remove executions that have ended, with their logs, metrics and files."""

    task_types = (
        "io.kestra.plugin.core.execution.PurgeExecutions",
        "io.kestra.core.tasks.storages.Purge",
        "io.kestra.plugin.core.storage.Purge",
    )

    def run(self, params: PurgeExecutionsParams, context: ExecutionContext) -> PluginOutput:
        operations, total = context.services.operations, Purged()
        wanted = Purge(params.purge_execution, params.purge_log, params.purge_metric, params.purge_storage)
        found = [one.id for one in operations.find(purge_query(params)) if one.id != context.run.execution_id]
        for first in range(0, len(found), params.batch_size):
            purged = operations.purge(found[first : first + params.batch_size], wanted)
            for name in ("executions", "logs", "metrics", "files"):
                setattr(total, name, getattr(total, name) + getattr(purged, name))
        return success(
            PurgeExecutionsOutput(
                executions_count=total.executions,
                logs_count=total.logs,
                storages_count=total.files,
                metrics_count=total.metrics,
            )
        )


def purge_query(params: PurgeExecutionsParams) -> ExecutionQuery:
    """Give which executions are to be purged."""
    return ExecutionQuery(
        namespace=params.namespace,
        flow_id=params.flow_id,
        states=None if params.states is None else tuple(params.states),
        start=with_zone(read_date(params.start_date)) if params.start_date else None,
        end=with_zone(read_date(params.end_date)),
        below=params.flow_id is None,
    )
