"""What goes through a queue: a message of 256 KB at most; what is bigger lies in internal storage."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_json

from tiercel.envelope import Envelope, Result, RunContext
from tiercel.errors import InvalidFlow, TiercelError
from tiercel.http.callbacks import content_of
from tiercel.offload import stored
from tiercel.storage import UNCHECKED, Storage

LIMIT_BYTES = 250 * 1024
"""A little below what a queue takes: attributes count, too."""
REST = "rest"
"""The key of a message that names where the rest of it is."""


def envelope_text(envelope: Envelope, storage: Storage) -> str:
    """Write an envelope as a message; what is secret in it never goes to storage."""
    content: dict[str, Any] = json.loads(envelope.model_dump_json(by_alias=True))
    travelling = {name: content.pop(name) for name in ("token", "callback")}
    return fitted(travelling, content, envelope.context, f"envelope-{envelope.context.lease}.json", storage)


def result_text(run: RunContext, result: Result, storage: Storage) -> str:
    """Write a result as a message."""
    content = json.loads(content_of(run, result))
    rest = {"result": content.pop("result")}
    travelling = {"executionId": run.execution_id, **content}
    return fitted(travelling, rest, run, f"result-{run.lease}.json", storage)


def fitted(
    travelling: Mapping[str, Any], rest: Mapping[str, Any], run: RunContext, name: str, storage: Storage
) -> str:
    """Write both parts as one message, or where that is too big, the second one to internal storage."""
    whole = to_json({**travelling, **rest})
    if len(whole) <= LIMIT_BYTES:
        return whole.decode()
    return to_json({**travelling, REST: stored(rest, name, run, storage)}).decode()


def read(text: str, storage: Storage) -> Any:
    """Read a message, the rest of it from internal storage; `InvalidFlow` says that it is none of ours."""
    try:
        content = json.loads(text)
    except ValueError as error:
        raise InvalidFlow(f"The message is no JSON: {error}.") from error
    if not isinstance(content, dict) or REST not in content:
        return content
    rest = content.pop(REST)
    try:
        stored_text = storage.read(UNCHECKED, str(rest["$ref"]))
        if hashlib.sha256(stored_text).hexdigest() != rest["sha256"]:
            raise InvalidFlow(f"{rest['$ref']} is not what its message says; somebody has changed it.")
        return {**json.loads(stored_text), **content}
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidFlow(f"The rest of the message is not where it says ({error}).") from error
    except InvalidFlow:
        raise
    except TiercelError as error:
        raise InvalidFlow(f"The rest of the message cannot be read: {error}") from error
