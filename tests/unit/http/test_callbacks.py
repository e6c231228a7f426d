"""Callbacks: signed for one dispatch, sent until somebody takes them."""

import json
from datetime import timedelta

import pytest

from tests.unit.http.server import Seen, answer, served
from tiercel import clock
from tiercel.envelope import Callback, Envelope, Result, RunContext
from tiercel.http import callbacks
from tiercel.http.client import HttpClient
from tiercel.plugin import State

CONTEXT = RunContext(task_run_id="run", attempt=2, lease=5)
RESULT = Result(state=State.SUCCESS, data={"value": 1})


def envelope(url: str) -> Envelope:
    return Envelope(
        task_type="io.test.Echo", context=CONTEXT, callback=Callback(url=f"{url}/back", key="key")
    )


def test_a_callback_names_its_dispatch() -> None:
    content = json.loads(callbacks.content_of(CONTEXT, RESULT))
    assert {name: content[name] for name in ("taskRunId", "attempt", "lease")} == {
        "taskRunId": "run",
        "attempt": 2,
        "lease": 5,
    }
    assert content["result"]["data"] == {"value": 1}


def test_a_signature_holds_for_its_key_and_its_body() -> None:
    signed = callbacks.signature("key", b"body")
    callbacks.check("key", b"body", signed)
    for key, body in (("other", b"body"), ("key", b"another")):
        with pytest.raises(callbacks.BadSignature, match="not that of its dispatch"):
            callbacks.check(key, body, signed)


@pytest.mark.parametrize(
    "signed", ["", "t=1", "v1=00", "t=x,v1=y", "t=1,v1=é", f"t={'9' * 5000},v1={'0' * 64}"]
)
def test_what_is_no_signature_is_refused(signed: str) -> None:
    with pytest.raises(callbacks.BadSignature):
        callbacks.check("key", b"body", signed)


def test_an_old_signature_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    signed, later = callbacks.signature("key", b"body"), clock.now() + timedelta(minutes=6)
    monkeypatch.setattr(clock, "now", lambda: later)
    with pytest.raises(callbacks.BadSignature, match="300 s"):
        callbacks.check("key", b"body", signed)


@pytest.mark.parametrize(
    ("status", "tries"), [(202, 1), (503, 3), (404, 1)], ids=["taken", "busy", "unknown"]
)
def test_a_callback_is_sent_until_it_is_taken_or_refused(status: int, tries: int) -> None:
    async def work(url: str, seen: Seen) -> None:
        client = HttpClient()
        await callbacks.send(client, envelope(url), RESULT, pauses=(0, 0))
        await client.close()
        assert len(seen.requests) == tries
        assert all(callbacks.SIGNATURE.lower() in headers for headers in seen.headers)

    served({"/back": answer(status)}, work)
