"""A family of small plugins behind a real server, with a gateway before it that can make trouble."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from pydantic import Field
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tiercel.context import ExecutionContext
from tiercel.errors import TaskFailed
from tiercel.http.app import create_app
from tiercel.manifests import describe
from tiercel.plugin import BaseParams, BasePlugin, PluginOutput, success
from tiercel.registry import Family, PluginEntry, Registry
from tiercel.services import Services
from tiercel.settings import Settings
from tiercel.testing.running import MemoryServices


class EchoParams(BaseParams):
    text: str = Field("", description="A text.")


class Echo(BasePlugin[EchoParams]):
    """Log a text and give it back, with how often that has been done here."""

    task_types = ("io.test.Echo",)
    times = 0

    async def run(self, params: EchoParams, context: ExecutionContext) -> PluginOutput:
        Echo.times += 1
        context.log.info(f"said {params.text}")
        return success({"text": params.text, "times": Echo.times})


class Fail(BasePlugin):
    """Fail."""

    task_types = ("io.test.Fail",)

    async def run(self, params: BaseParams, context: ExecutionContext) -> PluginOutput:
        raise TaskFailed("The answer is no.")


class Wait(BasePlugin):
    """Wait until it is released or stopped."""

    task_types = ("io.test.Wait",)
    started: asyncio.Event
    release: asyncio.Event
    stopped: asyncio.Event
    running = 0
    most = 0

    @classmethod
    def reset(cls) -> None:
        cls.started, cls.release, cls.stopped = asyncio.Event(), asyncio.Event(), asyncio.Event()
        cls.running = cls.most = Echo.times = 0

    async def run(self, params: BaseParams, context: ExecutionContext) -> PluginOutput:
        Wait.running += 1
        Wait.most = max(Wait.most, Wait.running)
        Wait.started.set()
        try:
            await Wait.release.wait()
        except asyncio.CancelledError:
            Wait.stopped.set()
            raise
        finally:
            Wait.running -= 1
        return success({"done": True})


class SmallFamily(Family):
    """The family of this module's plugins, under a name and a prefix of its own."""

    def __init__(self, name: str = "test") -> None:
        rows = [describe(plugin) for plugin in (Echo, Fail, Wait)]
        for row in rows:
            row["type"] = row["type"].replace("io.test", f"io.{name}")
        manifest = {"family": name, "version": "1.2.3", "prefixes": [f"io.{name}"], "plugins": rows}
        super().__init__(f"tiercel_{name}", manifest)

    def load(self, entry: PluginEntry) -> type[BasePlugin[Any, Any]]:
        classes: dict[str, type[BasePlugin[Any, Any]]] = {"Echo": Echo, "Fail": Fail, "Wait": Wait}
        return classes[entry.class_name]


@dataclass(frozen=True, slots=True)
class Trouble:
    """One answer of the gateway's instead of the family's. `lost`: the task runs, its answer is lost."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    lost: bool = False


@dataclass
class Gateway:
    """Stands before a family: makes the trouble it was given, one for each request, then lets all through."""

    app: ASGIApp
    troubles: list[Trouble] = field(default_factory=list)
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            headers = {name.decode(): value.decode() for name, value in scope["headers"]}
            self.requests.append((f"{scope['method']} {scope['path']}", headers))
            if self.troubles:
                return await self._trouble(self.troubles.pop(0), scope, receive, send)
        await self.app(scope, receive, send)

    async def _trouble(self, trouble: Trouble, scope: Scope, receive: Receive, send: Send) -> None:
        if trouble.lost:
            await self.app(scope, receive, _unsent)
            # announced, and never sent: the server has to hang up
            trouble = Trouble(200, {"content-length": "100"})
        headers = [(name.encode(), value.encode()) for name, value in trouble.headers.items()]
        await send({"type": "http.response.start", "status": trouble.status, "headers": headers})
        if trouble.headers.get("content-length") is None:
            await send({"type": "http.response.body", "body": b""})

    def asked(self, request: str) -> list[dict[str, str]]:
        """Give the headers of all requests like this one."""
        return [headers for name, headers in self.requests if name == request]


async def _unsent(message: Message) -> None:
    """Lose what was to be sent."""


class Server(uvicorn.Server):
    """A server that leaves signals to pytest."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextlib.asynccontextmanager
async def listening(app: Any) -> AsyncIterator[str]:
    """Serve an app on this machine and give its address; connections wait until it is ready."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_config=None, lifespan="auto", timeout_graceful_shutdown=1)
        server = Server(config)
        serving = asyncio.create_task(server.serve(sockets=[listener]))
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            await serving


@contextlib.asynccontextmanager
async def gateway(
    *troubles: Trouble, name: str = "test", secret: str | None = None, services: Services | None = None
) -> AsyncIterator[tuple[str, Gateway]]:
    """Serve a family behind a gateway; gives its address."""
    app = create_app(SmallFamily(name), services or MemoryServices(), settings=Settings(jwt_secret=secret))
    before = Gateway(app, list(troubles))
    async with listening(before) as url:
        yield url, before


def installed() -> Registry:
    """Give a registry in which the family is installed."""
    registry = Registry([])
    registry.add(SmallFamily())
    return registry
