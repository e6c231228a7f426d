"""Results that families send back: read, and taken only with the key of their dispatch."""

import hmac
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from pydantic import ValidationError

from tiercel import messages
from tiercel.adapters.sqs import Record, attribute
from tiercel.clock import timestamp
from tiercel.doors import read_envelope
from tiercel.envelope import Result, Wire, WireLog
from tiercel.errors import InvalidFlow, TiercelError
from tiercel.http import callbacks
from tiercel.storage import UNCHECKED, Storage
from tiercel_orchestrator.dispatch.refusals import failed
from tiercel_orchestrator.dispatch.tokens import Tokens

WAKE: Mapping[str, Any] = {"wake": True}
"""The message, and the event, that says no more than that it is time to look."""


class Content(Wire):
    """What a callback says."""

    execution_id: str | None = None
    task_run_id: str
    attempt: int
    lease: int
    result: Result


class Answer(NamedTuple):
    """A result, and the dispatch that it answers."""

    run_id: str
    lease: int
    result: Result


def returned(tokens: Tokens, task_run_id: str, body: bytes, signed: str) -> Answer:
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
    return Answer(content.task_run_id, content.lease, content.result)


def read(tokens: Tokens, storage: Storage, record: Record) -> Answer | None:
    """Read a message of the results' queue or of a family's dead letters; blocks where it is a big one.

    None where it says no more than that it is time to look. `BadSignature` or `InvalidFlow` says why it is
    refused.
    """
    body = str(record["body"])
    try:
        content = json.loads(body)
    except ValueError as error:
        raise InvalidFlow(f"The message is no JSON: {error}.") from error
    if not isinstance(content, dict):
        raise InvalidFlow("The message is no JSON object.")
    if content == WAKE:
        return None
    # a result names its task run on top, an envelope does not
    if "taskRunId" in content:
        return answered(tokens, storage, body, attribute(record, callbacks.SIGNATURE) or "")
    return lost(tokens, storage, body)


def answered(tokens: Tokens, storage: Storage, body: str, signed: str) -> Answer:
    """Read a message of the results' queue, however long it lay there; blocks where it is a big one.

    `BadSignature` or `InvalidFlow` says why it is refused.
    """
    try:
        content = Content.model_validate(messages.read(body, storage))
    except ValidationError as error:
        raise InvalidFlow("The message is no result; a family's worker did not send it.") from error
    key = tokens.callback_key(content.task_run_id, content.lease)
    callbacks.check(key, body.encode(), signed, fresh=False)
    return Answer(content.task_run_id, content.lease, with_whole_log(content.result, storage))


def lost(tokens: Tokens, storage: Storage, body: str) -> Answer:
    """Read a message of a family's dead letters: what came of its task is that it was lost.

    `InvalidFlow` says that nobody here has sent it.
    """
    envelope = read_envelope(messages.read(body, storage))
    run = envelope.context
    key = tokens.callback_key(run.task_run_id, run.lease)
    if envelope.callback is None or not hmac.compare_digest(envelope.callback.key, key):
        raise InvalidFlow("The message is no dispatch of this orchestrator's; it stays where it is.")
    message = (
        f"The worker of {envelope.task_type} took the task on several times and never answered: its process "
        "seems to end over it; its log says why."
    )
    return Answer(run.task_run_id, run.lease, failed("Retriable", message))


def with_whole_log(result: Result, storage: Storage) -> Result:
    """Fetch a log that was too long to travel; where it cannot be had, its last lines stay. Blocks."""
    if result.logs_ref is None:
        return result
    uri = str(result.logs_ref.get("$ref"))
    try:
        lines = [WireLog.model_validate(line) for line in json.loads(storage.read(UNCHECKED, uri))]
    except (TiercelError, ValueError) as error:
        message = f"Only the end of the log is here: the whole of it, {uri}, cannot be read ({error})."
        lines = [WireLog(timestamp=timestamp(), level="WARN", message=message), *result.logs]
    return result.model_copy(update={"logs": lines, "logs_ref": None})
