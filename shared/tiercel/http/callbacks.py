"""Results sent back to whoever dispatched: signed, so that nobody else can end a task run."""

import asyncio
import hashlib
import hmac
import logging
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic_core import to_json

from tiercel import clock
from tiercel.envelope import Envelope, Result, RunContext
from tiercel.errors import Retriable, TiercelError

if TYPE_CHECKING:
    from tiercel.http.client import HttpClient

logger = logging.getLogger("tiercel.callbacks")

SIGNATURE = "Tiercel-Signature"
FORM = re.compile(r"t=(?P<moment>[0-9]{1,12}),v1=(?P<digest>[0-9a-f]{64})")
FRESH_SECONDS = 300
"""How old a signature may be: a longer way through queues and retries is signed anew."""
PAUSES_SECONDS = (0.5, 2.0, 8.0)
"""Between tries; after the last one, the result waits to be polled."""


class BadSignature(TiercelError):
    """A callback was not signed with the key of its dispatch, or too long ago."""


def content_of(run: RunContext, result: Result) -> bytes:
    """Write what a callback says."""
    return to_json(
        {"taskRunId": run.task_run_id, "attempt": run.attempt, "lease": run.lease, "result": result},
        by_alias=True,
    )


def signature(key: str, body: bytes) -> str:
    """Sign a body as of now: `t=<seconds>,v1=<HMAC-SHA256 of "seconds.body">`."""
    moment = int(clock.now().timestamp())
    return f"t={moment},v1={digest(key, moment, body)}"


def check(key: str, body: bytes, signed: str, *, fresh: bool = True) -> None:
    """Make sure that a body was signed with a key, and where it matters, not long ago."""
    found = FORM.fullmatch(signed)
    moment = int(found["moment"]) if found else 0
    if found is None or not hmac.compare_digest(digest(key, moment, body), found["digest"]):
        raise BadSignature(
            f"The callback's {SIGNATURE} is not that of its dispatch; "
            "sign it with the key of the envelope's callback."
        )
    if fresh and abs(clock.now().timestamp() - moment) > FRESH_SECONDS:
        raise BadSignature(
            f"The callback was signed more than {FRESH_SECONDS} s ago; sign it anew, and set both clocks."
        )


def digest(key: str, moment: int, body: bytes) -> str:
    """Give the HMAC of a body and its moment."""
    return hmac.new(key.encode(), b"%d." % moment + body, hashlib.sha256).hexdigest()


async def send(
    http: "HttpClient", envelope: Envelope, result: Result, pauses: Sequence[float] = PAUSES_SECONDS
) -> None:
    """Send a result back; where nobody takes it, it is logged, and waits to be polled."""
    assert envelope.callback is not None
    body = content_of(envelope.context, result)
    for pause in (*pauses, None):
        headers = {
            "Content-Type": "application/json",
            SIGNATURE: signature(envelope.callback.key, body),
        }
        try:
            await http.post(envelope.callback.url, content=body, headers=headers, follow_redirects=False)
            return
        except TiercelError as error:
            if pause is None or not isinstance(error, Retriable):
                logger.warning(
                    "the result of task run %s was not taken: %s", envelope.context.task_run_id, error
                )
                return
        await asyncio.sleep(pause)
