"""CPU of a warm `/execute` of Log, called in process, beside a bare FastAPI route."""

import asyncio
import json
import logging
import os
import tempfile
from typing import Any

from fastapi import FastAPI

from bench.measuring import cpu_of, interleaved, table, verdict

CALLS = 500
BAR_MS = 1.0
ENVELOPE = {
    "taskType": "io.kestra.plugin.core.log.Log",
    "params": {"message": "Hello {{ inputs.name }}"},
    "context": {"namespace": "bench", "taskId": "log", "variables": {"inputs": {"name": "world"}}},
}


def bare_app() -> FastAPI:
    """Build the floor: FastAPI, JSON in, JSON out."""
    app = FastAPI()

    @app.post("/execute")
    async def execute(body: dict[str, Any]) -> dict[str, Any]:
        return body

    return app


def scope(body: bytes) -> dict[str, Any]:
    """Build the ASGI scope of a call from this machine."""
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "scheme": "http",
        "path": "/execute",
        "raw_path": b"/execute",
        "query_string": b"",
        "root_path": "",
        "headers": [
            (b"host", b"localhost"),
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
        ],
        "client": ("127.0.0.1", 50000),
        "server": ("127.0.0.1", 8000),
    }


async def call(app: Any, body: bytes) -> tuple[int, bytes]:
    """Call an app once."""
    sent: list[dict[str, Any]] = []
    received = iter([{"type": "http.request", "body": body, "more_body": False}])

    async def receive() -> dict[str, Any]:
        return next(received, {"type": "http.disconnect"})

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope(body), receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def main() -> None:
    """Measure both, the calls one after another."""
    os.environ["TIERCEL_HOME"] = tempfile.mkdtemp(prefix="tiercel-bench-")
    logging.disable(logging.CRITICAL)
    from tiercel_core.app import app

    body = json.dumps(ENVELOPE).encode()
    loop = asyncio.new_event_loop()
    status, answer = loop.run_until_complete(call(app, body))
    assert status == 200 and json.loads(answer)["state"] == "SUCCESS", answer

    async def many(target: Any) -> None:
        for _ in range(CALLS):
            await call(target, body)

    def milliseconds(target: Any) -> float:
        return cpu_of(lambda: loop.run_until_complete(many(target))) / CALLS * 1000

    bare = bare_app()
    taken = interleaved({"bare": lambda: milliseconds(bare), "tiercel": lambda: milliseconds(app)})
    over = taken["tiercel"].median - taken["bare"].median
    rows = [
        ["bare FastAPI, JSON in and out", taken["bare"].text(3), ""],
        ["/execute of Log", taken["tiercel"].text(3), ""],
        ["difference", f"{over:.3f}", verdict(over, BAR_MS)],
    ]
    table(f"Warm /execute, in process, {CALLS} calls a round", ["app", "CPU ms a request", "verdict"], rows)


if __name__ == "__main__":
    main()
