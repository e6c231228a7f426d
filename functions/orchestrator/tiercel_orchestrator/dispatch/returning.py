"""Results that families send back: read, and taken only with the key of their dispatch."""

from typing import NamedTuple

from pydantic import ValidationError

from tiercel.envelope import Result, Wire
from tiercel.errors import InvalidFlow
from tiercel.http import callbacks
from tiercel_orchestrator.dispatch.tokens import Tokens


class Content(Wire):
    """What a callback says."""

    task_run_id: str
    attempt: int
    lease: int
    result: Result


class Returned(NamedTuple):
    """A result, and the dispatch that it answers."""

    lease: int
    result: Result


def returned(tokens: Tokens, task_run_id: str, body: bytes, signed: str) -> Returned:
    """Read a callback; `BadSignature` or `InvalidFlow` says why it is refused."""
    try:
        content = Content.model_validate_json(body)
    except ValidationError as error:
        raise InvalidFlow(
            "The body is no callback; send `{taskRunId, attempt, lease, result}` as JSON."
        ) from error
    callbacks.check(tokens.callback_key(task_run_id, content.lease), body, signed)
    if content.task_run_id != task_run_id:
        raise InvalidFlow(f"The path names task run {task_run_id} and the body {content.task_run_id}.")
    return Returned(content.lease, content.result)
