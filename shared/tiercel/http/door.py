"""What the endpoints of a family do; the app around them is `tiercel.http.app`."""

import logging
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cached_property
from typing import Any, NamedTuple

from pydantic_core import from_json
from starlette.requests import Request
from starlette.responses import Response

from tiercel.doors import Dispatcher, check_timeout, read_envelope, with_timeout
from tiercel.envelope import Envelope, Result, WireError
from tiercel.errors import InvalidFlow, TiercelError
from tiercel.http import callbacks
from tiercel.http.auth import check_claims
from tiercel.http.problems import Refused, json_response, too_large
from tiercel.http.runs import Run, Runner, RunStore
from tiercel.plugin import State
from tiercel.registry import unknown_text
from tiercel.settings import BODY_BYTES

logger = logging.getLogger("tiercel.http")
STOPPING_SECONDS = 10.0
"""How much longer than its deadline a task may take to stop and to answer."""
WAIT = re.compile(r"\bwait\s*=\s*(\d+)")

Endpoint = Callable[[Request], Awaitable[Response]]


Record = Callable[[Envelope, Result], Awaitable[None]]
"""Keeps a run that has ended."""
Send = Callable[[Envelope, str], Awaitable[None]]
"""Leaves an envelope to the family's worker, with the id of its run."""


class Patience(NamedTuple):
    """How long a caller waits for an answer, and whether the run goes on after that.

    `worker`: it is not begun here, but left to the family's worker.
    """

    goes_on: bool
    seconds: float
    worker: bool = False


class HttpDoor:
    """The endpoints of one family."""

    def __init__(
        self,
        dispatcher: Dispatcher,
        store: RunStore,
        long_running: bool,
        send: Send | None = None,
        recording: Record | None = None,
    ) -> None:
        self.dispatcher = dispatcher
        self.family = dispatcher.family
        self.settings = dispatcher.settings
        self.runner = Runner(store, dispatcher.run, self.call_back)
        self.long_running = long_running
        self.send = send
        self.recording = recording

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
        if patience.worker:
            return await self.leave(request, envelope, key)
        if key is not None or patience.goes_on:
            return await self.keep(request, envelope, key, patience)
        result = self.worded(await self.dispatcher.run(with_timeout(envelope, patience.seconds)), envelope)
        await self.record(envelope, result)
        return json_response(result)

    async def record(self, envelope: Envelope, result: Result) -> None:
        """Keep a run that has ended; where that cannot be, the answer is not worse for it."""
        if self.recording is None:
            return
        try:
            await self.recording(envelope, result)
        except TiercelError as error:
            logger.warning("a run of %s is not recorded: %s", envelope.task_type, error)

    async def leave(self, request: Request, envelope: Envelope, key: str | None) -> Response:
        """Leave an envelope to the family's worker; the caller asks for its run, or is called back."""
        assert self.send is not None
        run, new = await self.runner.store.open(envelope, self.key(request, key), "QUEUED")
        self.check_same(run, envelope, key)
        if new:
            try:
                await self.send(envelope, run.id)
            except TiercelError as error:
                await self.runner.store.finish(run.id, unsent(error))
                raise Refused(503, "Unavailable", str(error), headers={"Retry-After": "5"}) from error
        return self.kept(request, run, envelope)

    def key(self, request: Request, key: str | None) -> str | None:
        """Give the name of a run that a caller names: callers do not share them."""
        return None if key is None else f"{request.scope['state']['claims'].get('sub', '')}/{key}"

    def check_same(self, run: Run, envelope: Envelope, key: str | None) -> None:
        """Refuse a key that was used for something else."""
        if not run.is_of(envelope):
            raise Refused(
                409, "Conflict", f"The Idempotency-Key '{key}' belongs to another envelope; send a new one."
            )

    def kept(self, request: Request, run: Run, envelope: Envelope) -> Response:
        """Answer with a run: its result, or where it is to be fetched."""
        place = {"Location": f"{request.scope['state']['base']}/v1/runs/{run.id}"}
        if run.result:
            return json_response(self.worded(run.result, envelope), headers=place)
        return json_response(
            run.document(), 202, {**place, "Retry-After": "1", "Preference-Applied": "respond-async"}
        )

    async def keep(
        self, request: Request, envelope: Envelope, key: str | None, patience: Patience
    ) -> Response:
        """Run an envelope as a run of its own, and wait for it as long as the caller does."""
        bound = None if patience.goes_on else patience.seconds
        run = await self.runner.submit(envelope, self.key(request, key), bound)
        self.check_same(run, envelope, key)
        run = await self.runner.wait(run, patience.seconds + (0 if patience.goes_on else STOPPING_SECONDS))
        return self.kept(request, run, envelope)

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
        wait = WAIT.search(preference)
        if (asked or long) and self.settings.on_lambda:
            return self.patience_on_lambda(long, declared, float(wait[1]) if wait else 0.0)
        if asked:
            return Patience(True, min(float(wait[1]), most) if wait else 0.0)
        if long:
            return Patience(True, 0.0)
        return Patience(self.long_running and declared is None and not self.settings.on_lambda, most)

    def patience_on_lambda(self, long: bool, declared: float | None, wait: float) -> Patience:
        """Decide where nothing goes on after the answer: a worker has what takes long, if there is one."""
        if self.send is None:
            raise Refused(
                501,
                "NotSupported",
                "A function on Lambda stops once it has answered, so no task may take over "
                f"{self.settings.sync_seconds:g} s here: set TIERCEL_WORK_QUEUE_URL and "
                "TIERCEL_SERVICE_TOKEN, so that its worker takes it, send the envelope through its SQS "
                "queue, invoke the function directly, or use Cloud Run.",
            )
        # who would wait for it has it sooner from here, unless it is of the kind that takes long
        if wait > 0 and not long and not (self.long_running and declared is None):
            return Patience(False, self.settings.sync_seconds)
        return Patience(True, 0.0, worker=True)

    def worded(self, result: Result, envelope: Envelope) -> Result:
        """Name the remedy where it was our deadline that stopped a task, and not its own."""
        if result.error and result.error.kind == "Timeout" and envelope.context.timeout_seconds is None:
            result.error.message = (
                f"The task did not end within the {self.settings.sync_seconds:g} s that a call may wait; "
                "send `Prefer: respond-async`, or declare `context.timeoutSeconds`, and fetch the result."
            )
        return result


def unsent(error: TiercelError) -> Result:
    """Give the result of a run that its worker never heard of."""
    return Result(state=State.FAILED, error=WireError(kind="Retriable", message=str(error)))


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
