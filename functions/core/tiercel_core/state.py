"""Tasks of `io.kestra.plugin.core.state`: what a flow remembers between executions (deprecated: use kv)."""

from typing import Any

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.errors import TaskFailed
from tiercel.plugin import BaseOutput, BaseParams, BasePlugin, JsonObject, PluginOutput, success
from tiercel.state import Place, merge


class StateParams(BaseParams):
    name: str = Field("default", description="Name of the state.")
    namespace: bool = Field(False, description="Whether all flows of the namespace share it.")
    taskrun_value: bool = Field(True, description="Whether each value of an enclosing loop has its own.")


class KnownStateParams(StateParams):
    error_on_missing: bool = Field(False, description="Whether a missing state is a failure.")


class SetParams(StateParams):
    data: dict[str, Any] | None = Field(
        None, description="What to remember; other keys are left as they are."
    )


def place(params: StateParams, context: ExecutionContext) -> Place:
    """Say where a state is kept."""
    flow_id = "" if params.namespace else context.run.flow_id
    value = context.run.value if params.taskrun_value else None
    return Place(context.run.namespace, flow_id, params.name, value or "")


def require(found: bool, params: KnownStateParams) -> None:
    """Fail where a state is missing and the task asked for that."""
    if not found and params.error_on_missing:
        raise TaskFailed(
            f"No state '{params.name}' was found, and `errorOnMissing` is set to true; keep one by a "
            "`state.Set` before, or leave `errorOnMissing` out."
        )


class SetOutput(BaseOutput):
    count: int = Field(description="How many keys the state has now.")
    key: str = Field(description="Where the state is kept.")


class Set(BasePlugin[SetParams, SetOutput]):
    """Remember values for later executions of the flow."""

    task_types = ("io.kestra.plugin.core.state.Set", "io.kestra.core.tasks.states.Set")

    def run(self, params: SetParams, context: ExecutionContext) -> PluginOutput:
        where = place(params, context)
        data = merge(context.services.state, where, params.data or {})
        key = "_".join(filter(None, (where.flow_id, "states", where.name, where.sub_key)))
        return success(SetOutput(count=len(data), key=key))


class GetOutput(BaseOutput):
    count: int = Field(description="How many keys the state has.")
    data: JsonObject = Field(description="The values; empty where there is no state.")


class Get(BasePlugin[KnownStateParams, GetOutput]):
    """Recall what an earlier execution of the flow remembered."""

    task_types = ("io.kestra.plugin.core.state.Get", "io.kestra.core.tasks.states.Get")

    def run(self, params: KnownStateParams, context: ExecutionContext) -> PluginOutput:
        state = context.services.state.get(place(params, context))
        require(state is not None, params)
        data = state.data if state else {}
        return success(GetOutput(count=len(data), data=data))


class DeleteOutput(BaseOutput):
    deleted: bool = Field(description="Whether there was such a state.")


class Delete(BasePlugin[KnownStateParams, DeleteOutput]):
    """Forget a state."""

    task_types = ("io.kestra.plugin.core.state.Delete", "io.kestra.core.tasks.states.Delete")

    def run(self, params: KnownStateParams, context: ExecutionContext) -> PluginOutput:
        deleted = context.services.state.delete(place(params, context))
        require(deleted, params)
        return success(DeleteOutput(deleted=deleted))
