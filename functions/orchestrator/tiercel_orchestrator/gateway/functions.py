"""Lambda's Runtime API for handlers in processes of their own: one at a time asks for the next event."""

import asyncio
import contextlib
import json
import os
import sys
import time
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

FUNCTION_SECONDS = 30.0
"""How long an event may be worked on: the timeout of the functions in template.yaml."""
VERSION = "/2018-06-01/runtime"
RESTARTS = 3
"""How many processes in a row may end before they take an event, until the function counts as broken."""


class FunctionFailed(Exception):
    """A function that gave no answer: it raised, ended, or cannot be started. The text is for its log."""


@dataclass
class Invocation:
    """One event on its way through a function."""

    event: Mapping[str, Any]
    answer: "asyncio.Future[Any]"
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    deadline: float = field(default_factory=lambda: time.time() + FUNCTION_SECONDS)


class Function:
    """One handler, `module.name`, in a process that starts with the first event, and again when it ends."""

    def __init__(self, name: str, handler: str, port: int, environment: Mapping[str, str]) -> None:
        self.name = name
        self.handler = handler
        self.port = port
        self.environment = environment
        self.command: Sequence[str] = (sys.executable, "-m", "awslambdaric", handler)
        self.waiting: asyncio.Queue[Invocation] = asyncio.Queue()
        self.current: Invocation | None = None
        self.process: asyncio.subprocess.Process | None = None
        self.watching: asyncio.Task[None] | None = None
        self.starts = 0
        self.ends = 0
        """How many processes in a row have ended without taking an event."""

    async def invoke(self, event: Mapping[str, Any]) -> Any:
        """Give the handler's answer; `FunctionFailed` where there is none, `TimeoutError` after 30 s."""
        if self.ends >= RESTARTS:
            self.ends = 0  # whoever asks again has a new try
        if self.watching is None or self.watching.done():
            self.watching = asyncio.create_task(self.keep_running())
        invocation = Invocation(event, asyncio.get_running_loop().create_future())
        self.waiting.put_nowait(invocation)
        return await asyncio.wait_for(invocation.answer, FUNCTION_SECONDS)

    async def keep_running(self) -> None:
        """Start the process, and again whenever it ends, as long as it takes events at all."""
        while self.ends < RESTARTS:
            self.ends += 1
            self.starts += 1
            self.process = await asyncio.create_subprocess_exec(*self.command, env=self.surroundings())
            code = await self.process.wait()
            if self.current:
                self.failed(self.current, f"its process ended with code {code} before it had answered")
        while not self.waiting.empty():
            self.failed(
                self.waiting.get_nowait(), f"its process ended {RESTARTS} times before it took an event"
            )

    def failed(self, invocation: Invocation, reason: str) -> None:
        """End an event without an answer."""
        if self.current is invocation:
            self.current = None
        if not invocation.answer.done():
            invocation.answer.set_exception(FunctionFailed(f"The function '{self.name}' failed: {reason}."))

    def surroundings(self) -> dict[str, str]:
        """Give the environment that Lambda gives, as far as handlers look at it."""
        return {
            **os.environ,
            **self.environment,
            "AWS_LAMBDA_RUNTIME_API": f"127.0.0.1:{self.port}",
            "AWS_LAMBDA_FUNCTION_NAME": f"tiercel-{self.name}",
            "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/tiercel/local/{self.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "local",
            "LAMBDA_TASK_ROOT": str(Path.cwd()),
            "_HANDLER": self.handler,
        }

    async def runtime_api(self, request: Request) -> Response:
        """Answer the process: the next event, or a receipt for what came of the last one."""
        path = request.url.path.removeprefix(VERSION)
        if path == "/invocation/next":
            return await self.next(request)
        body = await request.body()
        if path == "/init/error":
            for invocation in [one for one in (self.current,) if one]:
                self.failed(invocation, said(body))
            sys.stderr.write(f"The function '{self.name}' cannot be started: {said(body)}.\n")
        elif (current := self.current) and path == f"/invocation/{current.id}/response":
            self.current = None
            if not current.answer.done():
                current.answer.set_result(json.loads(body))
        elif current and path == f"/invocation/{current.id}/error":
            self.failed(current, said(body))
        else:
            return JSONResponse({"errorMessage": "no such invocation", "errorType": "InvalidRequestID"}, 400)
        return JSONResponse({"status": "OK"}, 202)

    async def next(self, request: Request) -> Response:
        """Hand out the next event whose caller still waits."""
        while True:
            getting = asyncio.create_task(self.waiting.get())
            gone = asyncio.create_task(left(request))
            await asyncio.wait({getting, gone}, return_when=asyncio.FIRST_COMPLETED)
            gone.cancel()
            if not getting.done():
                getting.cancel()
                return Response(status_code=499)
            invocation = getting.result()
            if not invocation.answer.done():
                break
        self.current, self.ends = invocation, 0
        arn = f"arn:aws:lambda:local:000000000000:function:tiercel-{self.name}"
        headers = {
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Deadline-Ms": str(int(invocation.deadline * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": arn,
        }
        return JSONResponse(dict(invocation.event), headers=headers)

    async def close(self) -> None:
        """End the process."""
        if self.watching:
            self.watching.cancel()
        if self.process and self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.process.kill()
            await self.process.wait()


async def left(request: Request) -> None:
    """Wait until whoever asked has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass


def said(body: bytes) -> str:
    """Read the reason that a process gave for its failure."""
    try:
        content = json.loads(body)
        return f"{content['errorType']}: {content['errorMessage']}".rstrip(".")
    except (ValueError, KeyError, TypeError):
        return "it gave no reason"
