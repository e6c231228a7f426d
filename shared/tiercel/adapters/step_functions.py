"""Step Functions that wait for a task: the token that came with it, and the answer under it."""

import logging
from functools import cached_property
from typing import Any

from tiercel.envelope import Result
from tiercel.plugin import State

logger = logging.getLogger("tiercel.lambda")
TOKEN = "taskToken"
"""The key of an event, beside those of its envelope, that carries the token."""
OUTPUT_BYTES = 262_144
CAUSE_CHARACTERS = 32_768
ERROR_PREFIX = "Tiercel."
"""What a state machine's Retry and Catch may name: Tiercel.Retriable, Tiercel.TaskFailed, …"""


class Waiting:
    """Answers state machines. All calls block."""

    @cached_property
    def client(self) -> Any:
        """Connect to Step Functions."""
        import boto3

        return boto3.client("stepfunctions")

    def answer(self, token: str, result: Result) -> None:
        """Tell how a task ended; a machine that waits no longer is no failure of the task's."""
        from botocore.exceptions import ClientError

        try:
            if result.state in (State.FAILED,):
                self.client.send_task_failure(taskToken=token, **failure(result))
            else:
                self.client.send_task_success(taskToken=token, output=output(result))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code not in ("TaskTimedOut", "TaskDoesNotExist", "InvalidToken"):
                raise
            logger.warning("the state machine no longer waits for this task (%s); its result is lost", code)


def failure(result: Result) -> dict[str, str]:
    """Name a failure so that a state machine can tell one that a retry may mend."""
    kind, message = (result.error.kind, result.error.message) if result.error else ("TaskFailed", "")
    return {"error": f"{ERROR_PREFIX}{kind}", "cause": message[:CAUSE_CHARACTERS]}


def output(result: Result) -> str:
    """Write a result within Step Functions' limit: the log is what is left out first."""
    text = result.model_dump_json(by_alias=True)
    if len(text.encode()) > OUTPUT_BYTES:
        text = result.model_copy(update={"logs": []}).model_dump_json(by_alias=True)
    return text
