"""`tiercel gateway`: the bundle on one machine, each family a Lambda function in a process of its own."""

import asyncio
import contextlib
import importlib.util
import json
from collections.abc import AsyncIterator
from pathlib import Path

import uvicorn
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from tiercel.errors import TiercelError
from tiercel.http.client import HttpClient
from tiercel.http.guard import Guard
from tiercel.http.signed_requests import SharedSecrets
from tiercel.http.signing import TokenKeys
from tiercel.registry import Registry
from tiercel.routing import routes
from tiercel.settings import Settings
from tiercel_orchestrator.cli import exits, say
from tiercel_orchestrator.cli.serving import STOPPING_SECONDS, Server, listener_of, until_stopped, url_of
from tiercel_orchestrator.dispatch.routes import Routes
from tiercel_orchestrator.gateway.functions import Function
from tiercel_orchestrator.gateway.matching import Table
from tiercel_orchestrator.gateway.serving import Gateway

RUNTIME = "awslambdaric"


async def serve(home: Path, host: str, port: int, table: Path | None) -> int:
    """Serve the families that are installed, and those that have URLs, until a signal comes."""
    check_setting()
    registry = Registry.installed()
    urls = {name: target.url for name, target in Routes.read().targets.items()}
    chosen = read(table) if table else Table.of(routes(registry.families.values()))
    local = {
        name: f"{family.package}.app.handler"
        for name, family in registry.families.items()
        if name not in urls
    }
    client = HttpClient(Guard(private_targets=True))
    with listener_of(host, port) as listener:
        async with functions_of(local, home) as functions:
            server = Server(config_of(Gateway(chosen, functions, urls, client).app()))
            url = url_of(host, listener.getsockname()[1])
            say.out.print(
                f"tiercel's gateway serves at {url}; Ctrl-C stops it.", markup=False, soft_wrap=True
            )
            await until_stopped(server, listener, asyncio.create_task(for_ever()))
    await client.close()
    return exits.OK


@contextlib.asynccontextmanager
async def functions_of(handlers: dict[str, str], home: Path) -> AsyncIterator[dict[str, Function]]:
    """Make a function of each handler; one server, with a port for each, hands out their events."""
    with contextlib.ExitStack() as stack:
        sockets = {name: stack.enter_context(listener_of("127.0.0.1", 0)) for name in handlers}
        functions = {
            name: Function(name, handler, sockets[name].getsockname()[1], shared(home))
            for name, handler in handlers.items()
        }
        server = Server(config_of(RuntimeApis(functions)))
        serving = asyncio.create_task(server.serve(sockets=list(sockets.values())))
        try:
            yield functions
        finally:
            await asyncio.gather(*(function.close() for function in functions.values()))
            server.should_exit = True
            await serving


def shared(home: Path) -> dict[str, str]:
    """Let functions keep files and keys where this home has them, unless the settings say otherwise."""
    settings, home = Settings.read(), home.absolute()
    found = {"TIERCEL_HOME": str(home)}
    if settings.storage_url is None:
        found["TIERCEL_STORAGE_URL"] = str(home / "storage")
    if settings.kv_url is None and settings.supabase_url is None:
        found["TIERCEL_KV_URL"] = f"sqlite:///{home / 'values.db'}"
    return found


class RuntimeApis:
    """The functions' ends of the Runtime API: the port says whose. An ASGI app."""

    def __init__(self, functions: dict[str, Function]) -> None:
        self.functions = {function.port: function for function in functions.values()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self.functions[scope["server"][1]].runtime_api(Request(scope, receive))
        await response(scope, receive, send)


def config_of(app: ASGIApp) -> uvicorn.Config:
    """Say how to serve: what a proxy says of the caller is not believed."""
    return uvicorn.Config(
        app, log_config=None, lifespan="off", proxy_headers=False, timeout_graceful_shutdown=STOPPING_SECONDS
    )


def check_setting() -> None:
    """Say what is missing before a function says it to nobody."""
    if importlib.util.find_spec(RUNTIME) is None:
        raise TiercelError(
            f"Lambda's runtime is not installed here ({RUNTIME}); install `tiercel-orchestrator[gateway]`."
        )
    settings = Settings.read()
    if TokenKeys.of(settings) is None and SharedSecrets.of(settings) is None:
        raise TiercelError(
            "Deployed functions want tokens: set TIERCEL_JWT_SECRET to a text of 32 bytes or more, or "
            "TIERCEL_JWT_KEY to a key, or TIERCEL_HMAC_SECRET to a secret for requests, here and where "
            "`tiercel run` or `tiercel server` is started."
        )


def read(file: Path) -> Table:
    """Read a table from a file as infra/routes/openapi.json is one."""
    try:
        return Table.read(json.loads(file.read_text(encoding="utf-8")))
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TiercelError(
            f"{file} holds no table of routes ({error}); give one that `make generate` wrote, as "
            "infra/routes/openapi.json."
        ) from error


async def for_ever() -> None:
    """Wait: the gateway has nothing else to do than to serve."""
    await asyncio.Event().wait()
