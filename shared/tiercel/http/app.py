"""The HTTP door of a family: a FastAPI app around its endpoints."""

from typing import Any

from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from tiercel.doors import Dispatcher
from tiercel.http.auth import Auth, check_settings
from tiercel.http.bases import Base
from tiercel.http.door import Endpoint, HttpDoor, Send
from tiercel.http.problems import Refused
from tiercel.http.runs import MemoryRunStore, RunStore
from tiercel.registry import Family
from tiercel.services import Services
from tiercel.settings import Settings


def create_app(
    family: Family,
    services: Services | None = None,
    *,
    settings: Settings | None = None,
    runs: RunStore | None = None,
    long_running: bool = False,
) -> FastAPI:
    """Build the app of a family; refuses to start where strangers could call it without a token.

    `long_running`: a task without a timeout that does not end in time goes on, and the call is answered 202.
    """
    return app_of(Dispatcher(family, services, settings), runs, long_running)


def app_of(
    dispatcher: Dispatcher,
    runs: RunStore | None = None,
    long_running: bool = False,
    send: Send | None = None,
) -> FastAPI:
    """Build the app around a dispatcher that may have other doors, too.

    `send`: leaves to a worker what takes longer than this process may.
    """
    check_settings(dispatcher.settings)
    rows = dispatcher.rows if runs is None else None
    if rows is not None:
        recording = rows.record if dispatcher.settings.record_runs else None
        door = HttpDoor(dispatcher, rows, long_running, send, recording)
    else:
        # nobody else would find these runs, so no worker can have them
        door = HttpDoor(dispatcher, runs or MemoryRunStore(), long_running)
    app = FastAPI(title=f"tiercel {dispatcher.family.package}", lifespan=door.lifespan)
    for path, method, endpoint in door.routes():
        app.add_route(path, answered(endpoint), methods=[method])
    app.add_exception_handler(HTTPException, not_routed)
    app.add_exception_handler(Exception, broken)
    app.add_middleware(Auth, settings=dispatcher.settings, family=dispatcher.family.name)
    app.add_middleware(Base, family=dispatcher.family.name)
    app.openapi = lambda: openapi(dispatcher.family)  # type: ignore[method-assign]
    return app


def answered(endpoint: Endpoint) -> Endpoint:
    """Turn refusals into answers."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refused as refusal:
            return refusal.response()

    return answer


async def not_routed(request: Request, error: Exception) -> Response:
    """Answer for a path or a method that is not served."""
    assert isinstance(error, HTTPException)
    kind = "MethodNotAllowed" if error.status_code == 405 else "NotFound"
    message = f"{request.method} {request.url.path} is not served here; POST /execute runs a task."
    return Refused(error.status_code, kind, message, headers=error.headers).response()


async def broken(request: Request, error: Exception) -> Response:
    """Answer for a bug of ours; the server logs its traceback."""
    return Refused(
        500, "Bug", "The family's server failed; its log has the traceback, please report it."
    ).response()


def openapi(family: Family) -> dict[str, Any]:
    """Describe the API, its tasks included, from the manifest."""
    from pydantic.json_schema import models_json_schema

    from tiercel.envelope import Envelope, Result

    _, schemas = models_json_schema(
        [(Envelope, "validation"), (Result, "serialization")], ref_template="#/components/schemas/{model}"
    )
    answers = {"200": {"description": "How the task ended.", "content": content_of("Result")}}
    operation = {"requestBody": {"required": True, "content": content_of("Envelope")}, "responses": answers}
    tasks = {
        f"/v1/tasks/{entry.type.replace('.', '/')}": entry for entry in family.plugins if entry.kind == "task"
    }
    return {
        "openapi": "3.1.0",
        "info": {"title": f"tiercel {family.name}", "version": family.version},
        "paths": {
            "/execute": {"post": {"summary": "Run the task of an envelope.", **operation}},
            **{path: {"post": {"summary": entry.title, **operation}} for path, entry in tasks.items()},
        },
        "components": {"schemas": schemas["$defs"]},
    }


def content_of(model: str) -> dict[str, Any]:
    """Refer to a model's schema."""
    return {"application/json": {"schema": {"$ref": f"#/components/schemas/{model}"}}}
