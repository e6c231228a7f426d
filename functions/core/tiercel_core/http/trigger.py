"""Start executions by what an address answers."""

from datetime import timedelta
from typing import Any, ClassVar

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.errors import ExpressionError, TaskFailed
from tiercel.expressions import truthy
from tiercel.http.options import HttpConfiguration
from tiercel.plugin import BasePlugin, PluginOutput, State, Static, success
from tiercel_core.http.requests import EncryptableParams, RequestOutput, encrypted, request


class TriggerParams(EncryptableParams):
    interval: Static[timedelta] = Field(
        timedelta(minutes=1), description="How long to wait between two calls."
    )
    response_condition: Static[str] = Field(
        "{{ response.statusCode < 400 }}",
        description="Whether an answer starts an execution; `response` has statusCode, body, headers.",
    )
    content_type: str = Field("APPLICATION_JSON", description="Content type of what is sent.")


class Trigger(BasePlugin[TriggerParams, RequestOutput]):
    """Call an address again and again, and start an execution when its answer meets a condition."""

    kind = "trigger"
    task_types = ("io.kestra.plugin.core.http.Trigger", "io.kestra.plugin.fs.http.Trigger")
    catalog_differences: ClassVar[dict[str, str]] = {
        "responseCondition": "rendered with the answer, and not before there is one",
        "allowFailed": "the model is that of the tasks; every answer is looked at by the condition",
    }

    async def run(self, params: TriggerParams, context: ExecutionContext) -> PluginOutput:
        output = await poll(params, context)
        return PluginOutput(State.SKIPPED) if output is None else success(output)


async def poll(params: TriggerParams, context: ExecutionContext) -> RequestOutput | None:
    """Call once; give the outputs where an execution is to be started, None where not."""
    options = (params.options or HttpConfiguration()).model_copy(update={"allow_failed": True})
    content_type = params.content_type.lower().replace("application_json", "application/json")
    asked = params.model_copy(
        update={"options": options, "content_type": content_type, "encrypt_body": False}
    )
    output = await request(asked, context)
    if not holds(params.response_condition, output, context):
        return None
    if not params.encrypt_body:
        return output
    return output.model_copy(update={"body": None, "encrypted_body": encrypted(output.body, context)})


def holds(condition: str, output: RequestOutput, context: ExecutionContext) -> bool:
    """Say whether the answer meets the condition."""
    response: dict[str, Any] = {"statusCode": output.code, "body": output.body, "headers": output.headers}
    try:
        return truthy(context.render(condition, {"response": response}))
    except ExpressionError as error:
        raise TaskFailed(f"`responseCondition` failed: {error}.") from error
