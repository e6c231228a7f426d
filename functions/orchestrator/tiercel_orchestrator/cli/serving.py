"""An orchestrator that stays: runs what its home holds, and takes results back from families."""

import asyncio
import contextlib
import secrets
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeAlias

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from tiercel.errors import TiercelError
from tiercel.http import callbacks
from tiercel.http.door import body_of
from tiercel.http.problems import Refused
from tiercel.registry import Registry
from tiercel.settings import Settings
from tiercel_orchestrator.cli import exits, say
from tiercel_orchestrator.dispatch.deployed import Deployed
from tiercel_orchestrator.dispatch.routes import Routes
from tiercel_orchestrator.local import open_engine

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}
"""Listening everywhere says nothing of an address by which others find us: families here do."""
STOPPING_SECONDS = 5
WAKE_KEY = "wake_key"
"""The store's setting that wakes are signed with."""

Told: TypeAlias = Callable[[str, bytes, str], bool]
"""Takes a task run's id, a body and its signature: `Dispatcher.told`."""


class Server(uvicorn.Server):
    """A server that leaves signals to its caller: uvicorn raises them again before the engine has stopped."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


async def serve(
    home: Path, store: str | None, host: str, port: int, concurrency: int, routes: Path | None
) -> int:
    """Serve until a signal comes; what runs then is given back, and goes on with the next start."""
    with listener_of(host, port) as listener:
        url = url_of(host, listener.getsockname()[1])
        registry, found = await families_of(store, Routes.read(routes))
        async with open_engine(
            home, store, concurrency=concurrency, registry=registry, routes=found, callback_url=url
        ) as engine:
            key = await engine.in_store(engine.store.setting, WAKE_KEY)
            # without a key nobody wakes us: no signature is made with one that nobody knows
            app = app_of(engine.work.dispatcher.told, engine.wake, key or secrets.token_hex())
            config = uvicorn.Config(
                app, log_config=None, lifespan="off", timeout_graceful_shutdown=STOPPING_SECONDS
            )
            server = Server(config)
            say.out.print(f"tiercel serves at {url}; Ctrl-C stops it.", markup=False, soft_wrap=True)
            await until_stopped(server, listener, asyncio.create_task(engine.serve()))
    return exits.OK


async def families_of(store: str | None, routes: Routes) -> tuple[Registry, Routes]:
    """Find the families: those that are installed, and with TIERCEL_SERVICE_REGISTRY those in the tables."""
    installed, settings = Registry.installed(), Settings.read()
    if not settings.service_registry:
        return installed, routes
    with contextlib.closing(Deployed.of(settings, store)) as deployed:
        return await asyncio.to_thread(deployed.read, installed, routes)


async def until_stopped(server: Server, listener: socket.socket, running: "asyncio.Task[None]") -> None:
    """Serve until somebody stops it or the engine fails, whose error is the caller's."""
    loop = asyncio.get_running_loop()
    for number in SIGNALS:
        loop.add_signal_handler(number, setattr, server, "should_exit", True)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    await asyncio.wait({serving, running}, return_when=asyncio.FIRST_COMPLETED)
    server.should_exit = True
    await serving
    if running.done():
        running.result()
    running.cancel()


def app_of(told: Told, wake: Callable[[], None], wake_key: str) -> Starlette:
    """Build the app: families send results back to it, which `told` takes; a store's database wakes it."""

    async def health(request: Request) -> Response:
        return JSONResponse({"status": "ok"})

    async def callback(request: Request) -> Response:
        try:
            body = await body_of(request)
            taken = told(request.path_params["run_id"], body, request.headers.get(callbacks.SIGNATURE, ""))
        except Refused as refusal:
            return refusal.response()
        except callbacks.BadSignature as error:
            return Refused(401, "Unauthorized", str(error)).response()
        except TiercelError as error:
            return Refused(422, "InvalidCallback", str(error)).response()
        if not taken:
            return Refused(404, "NotFound", "Nobody here waits for this dispatch.").response()
        return JSONResponse({"status": "taken"})

    async def woken(request: Request) -> Response:
        try:
            callbacks.check(wake_key, await body_of(request), request.headers.get(callbacks.SIGNATURE, ""))
        except Refused as refusal:
            return refusal.response()
        except callbacks.BadSignature:
            reason = (
                f"A wake carries a {callbacks.SIGNATURE} of now, made with the store's setting {WAKE_KEY}."
            )
            return Refused(401, "Unauthorized", reason).response()
        wake()
        return JSONResponse({"status": "woken"})

    return Starlette(
        routes=[
            Route("/health", health),
            Route("/v1/callbacks/{run_id}", callback, methods=["POST"]),
            Route("/wake", woken, methods=["POST"]),
        ]
    )


def listener_of(host: str, port: int) -> socket.socket:
    """Listen, or say why that cannot be."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise TiercelError(
            f"{host}:{port} cannot be listened on ({error.strerror or error}); give another --host or --port."
        ) from error


def url_of(host: str, port: int) -> str:
    """Give the address by which families reach us."""
    name = EVERYWHERE.get(host, host)
    return f"http://[{name}]:{port}" if ":" in name else f"http://{name}:{port}"
