"""What the endpoints of a family do; the app around them is `tiercel.http.app`."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any, NamedTuple

from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import Response

from tiercel.doors import Dispatcher, check_timeout, read_envelope, with_timeout
from tiercel.envelope import Envelope, Result
from tiercel.errors import InvalidFlow
from tiercel.http import callbacks
from tiercel.http.auth import check_claims
from tiercel.http.problems import Refused, json_response, too_large
from tiercel.http.runs import Run, Runner, RunStore
from tiercel.registry import unknown_text
from tiercel.settings import BODY_BYTES

STOPPING_SECONDS = 10.0
"""How much longer than its deadline a task may take to stop and to answer."""
WAIT = re.compile(r"\bwait\s*=\s*(\d+)")

Endpoint = Callable[[Request], Awaitable[Response]]


class Patience(NamedTuple):
    """How long a caller waits for an answer, and whether the run goes on after that."""

    goes_on: bool
    seconds: float


class HttpDoor:
    """The endpoints of one family."""

    def __init__(self, dispatcher: Dispatcher, store: RunStore, long_running: bool) -> None:
        self.dispatcher = dispatcher
        self.family = dispatcher.family
        self.settings = dispatcher.settings
        self.runner = Runner(store, dispatcher.run, self.call_back)
        self.long_running = long_running

    def routes(self) -> tuple[tuple[str, str, Endpoint], ...]:
        """List the endpoints."""
        return (
            ("/health", "GET", self.health),
            ("/plugins", "GET", self.plugins),
            ("/execute", "POST", self.execute),
            ("/v1/tasks/{path:path}", "POST", self.execute_path),
            ("/v1/runs/{run_id}", "GET", self.show_run),
            ("/v1/runs/{run_id}", "DELETE", self.cancel_run),
        )

    @asynccontextmanager
    async def lifespan(self, _app: Any) -> AsyncIterator[None]:
        """Stop what is still running when the server stops."""
        yield
        await self.runner.close()
        await self.dispatcher.close()

    async def health(self, request: Request) -> Response:
        """Say that the family serves, and how many plugins it has."""
        manifest = self.family.manifest
        status = {"status": "ok", "plugins": len(manifest["plugins"])}
        return json_response({**status, "family": manifest["family"], "version": manifest["version"]})

    async def plugins(self, request: Request) -> Response:
        """List the plugins with their schemas: the manifest."""
        return Response(self.manifest_text, media_type="application/json")

    @cached_property
    def manifest_text(self) -> bytes:
        """Write the manifest once."""
        return bytes(json_response(self.family.manifest).body)

    async def execute(self, request: Request) -> Response:
        """Run the task of an envelope."""
        return await self.submit(request, read(await body_of(request, self.settings.body_bytes)))

    async def execute_path(self, request: Request) -> Response:
        """Run the task whose type is the path; the envelope in the body may leave it out."""
        task_type = request.path_params["path"].strip("/").replace("/", ".")
        content = read(await body_of(request, self.settings.body_bytes))
        if isinstance(content, dict):
            named = content.setdefault("taskType", task_type)
            if named != task_type:
                raise Refused(422, "InvalidEnvelope", f"The path names {task_type} and the envelope {named}.")
        return await self.submit(request, content)

    async def submit(self, request: Request, content: Any) -> Response:
        """Run an envelope, in this request or beyond it."""
        envelope = self.envelope(content)
        state = request.scope["state"]
        if envelope.token and "claims_of" in state:
            state["claims"] = state["claims_of"](envelope.token)
        check_claims(state["claims"], envelope.context)
        envelope.token = state["token"] or envelope.token
        patience = self.patience(request, envelope)
        key = request.headers.get("idempotency-key")
        if key is not None or patience.goes_on:
            return await self.keep(request, envelope, key, patience)
        result = await self.dispatcher.run(with_timeout(envelope, patience.seconds))
        return json_response(self.worded(result, envelope))

    async def keep(
        self, request: Request, envelope: Envelope, key: str | None, patience: Patience
    ) -> Response:
        """Run an envelope as a run of its own, and wait for it as long as the caller does."""
        caller = str(request.scope["state"]["claims"].get("sub", ""))
        bound = None if patience.goes_on else patience.seconds
        run = await self.runner.submit(envelope, None if key is None else f"{caller}/{key}", bound)
        if not run.envelope.same_task(envelope):
            raise Refused(
                409, "Conflict", f"The Idempotency-Key '{key}' belongs to another envelope; send a new one."
            )
        run = await self.runner.wait(run, patience.seconds + (0 if patience.goes_on else STOPPING_SECONDS))
        place = {"Location": f"{request.scope['state']['base']}/v1/runs/{run.id}"}
        if run.result:
            return json_response(self.worded(run.result, envelope), headers=place)
        return json_response(
            run.document(), 202, {**place, "Retry-After": "1", "Preference-Applied": "respond-async"}
        )

    async def call_back(self, envelope: Envelope, result: Result) -> None:
        """Send a result where its envelope asks for it."""
        if envelope.callback:
            await callbacks.send(self.dispatcher.services.http, envelope, self.worded(result, envelope))

    async def show_run(self, request: Request) -> Response:
        """Show a run."""
        return json_response((await self.find_run(request)).document())

    async def cancel_run(self, request: Request) -> Response:
        """Stop a run and show how it ended."""
        return json_response((await self.runner.cancel(await self.find_run(request))).document())

    async def find_run(self, request: Request) -> Run:
        """Find the run that the path names, if the caller may see it."""
        run = await self.runner.store.get(request.path_params["run_id"])
        if run is None:
            raise Refused(
                404, "NotFound", "There is no such run here; it may have been forgotten after its end."
            )
        check_claims(request.scope["state"]["claims"], run.envelope.context)
        return run

    def envelope(self, content: Any) -> Envelope:
        """Read an envelope for one of our plugins."""
        try:
            envelope = read_envelope(content)
            check_timeout(envelope, self.settings)
        except InvalidFlow as error:
            raise Refused(
                422, "InvalidEnvelope", str(error), [one.as_dict() for one in error.problems]
            ) from None
        if self.family.find(envelope.task_type) is None:
            raise Refused(404, "UnknownPlugin", unknown_text(envelope.task_type, self.family.by_type))
        return envelope

    def patience(self, request: Request, envelope: Envelope) -> Patience:
        """Decide how long to wait: what is declared to take long is not waited for."""
        declared, most = envelope.context.timeout_seconds, self.settings.sync_seconds
        preference = request.headers.get("prefer", "").lower()
        asked, long = "respond-async" in preference, declared is not None and declared > most
        if (asked or long) and self.settings.on_lambda:
            raise Refused(
                501,
                "NotSupported",
                f"A function on Lambda stops once it has answered, so no task may take over {most:g} s here; "
                "send the envelope through its SQS queue, invoke the function directly, or use Cloud Run.",
            )
        if asked:
            wait = WAIT.search(preference)
            return Patience(True, min(float(wait[1]), most) if wait else 0.0)
        if long:
            return Patience(True, 0.0)
        return Patience(self.long_running and declared is None and not self.settings.on_lambda, most)

    def worded(self, result: Result, envelope: Envelope) -> Result:
        """Name the remedy where it was our deadline that stopped a task, and not its own."""
        if result.error and result.error.kind == "Timeout" and envelope.context.timeout_seconds is None:
            result.error.message = (
                f"The task did not end within the {self.settings.sync_seconds:g} s that a call may wait; "
                "send `Prefer: respond-async`, or declare `context.timeoutSeconds`, and fetch the result."
            )
        return result


async def body_of(request: Request, most: int = BODY_BYTES) -> bytes:
    """Read a body, up to the limit."""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > most:
            raise too_large(most)
    return bytes(content)


def read(body: bytes) -> Any:
    """Read JSON."""
    try:
        return from_json(body)
    except ValueError as error:
        raise Refused(422, "InvalidEnvelope", f"The body is no JSON: {error}.") from error
