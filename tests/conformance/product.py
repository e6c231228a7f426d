"""The product as the runner sees it: one home, its engine, and views of its executions.

All access to the engine is here, so that the REST API can take its place.
"""

import asyncio
import base64
import dataclasses
import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.conformance.data import FileData
from tests.conformance.view import ENDED, View
from tiercel import clock
from tiercel.errors import TiercelError
from tiercel.flows.models import Flow
from tiercel.flows.reading import read_flow
from tiercel.registry import Registry
from tiercel.secrets.environment import EnvironmentSecrets
from tiercel.services import Services, local_services
from tiercel.settings import Settings
from tiercel_orchestrator.kernel.rows import Execution
from tiercel_orchestrator.local import open_engine
from tiercel_orchestrator.shell.engine import Engine
from tiercel_orchestrator.shell.operations import Standing
from tiercel_orchestrator.shell.starting import StartRequest
from tiercel_orchestrator.store.port import Filter
from tiercel_orchestrator.views import execution_view

TEST_KEY = base64.b64encode(b"a key of thirty-two characters!!").decode()
TEST_GLOBALS: Mapping[str, Any] = {"string": "string", "int": 1, "bool": True, "nested": {"int": 2}}
KESTRA_PREFIX = "KESTRA_"
LOOK_AGAIN_SECONDS = 0.02
PATIENCE_SECONDS = 5.0
REGISTRY = Registry.installed()


class NoVerb(Exception):
    """The product cannot do this yet."""


@dataclass(frozen=True)
class Surroundings:
    """What an entry wants around the engine."""

    environment: Mapping[str, str] = field(default_factory=dict)
    globals_: Mapping[str, Any] = field(default_factory=lambda: TEST_GLOBALS)
    encryption_key: str | None = TEST_KEY


def services_for(home: Path, wanted: Surroundings) -> Services:
    """Build the laptop's services; the environment is the entry's, not this process's."""
    services = local_services(home, Settings(home=home, encryption_key=wanted.encryption_key))
    shown = {
        name.removeprefix(KESTRA_PREFIX).lower(): value
        for name, value in wanted.environment.items()
        if name.startswith(KESTRA_PREFIX)
    }
    return dataclasses.replace(services, secrets=EnvironmentSecrets(wanted.environment), environment=shown)


def read(source: str) -> Flow:
    """Read a flow as `tiercel validate` does; `InvalidFlow` lists what is wrong with it."""
    return read_flow(source, catalog=REGISTRY)


@asynccontextmanager
async def opened(home: Path, wanted: Surroundings) -> AsyncIterator["Product"]:
    """Open the product on a home directory."""
    services = services_for(home, wanted)
    try:
        async with open_engine(
            home, registry=REGISTRY, services=services, globals_=wanted.globals_
        ) as engine:
            yield Product(home, engine, services)
    finally:
        services.close()


class Product:
    """An open engine."""

    def __init__(self, home: Path, engine: Engine, services: Services) -> None:
        self.home = home
        self.engine = engine
        self.services = services

    async def put_flow(self, source: str) -> Flow:
        """Keep a flow."""
        flow: Flow = await self.engine.in_store(self.engine.library.put, source, clock.now())
        return flow

    async def put_template(self, template: Mapping[str, Any]) -> None:
        """Keep a template."""
        await self.verb("put_template", template)

    async def start(
        self,
        namespace: str,
        flow_id: str,
        inputs: Mapping[str, Any],
        labels: Mapping[str, str] | None = None,
        *,
        raw: bool = False,
        **options: Any,
    ) -> str:
        """Start a flow and give the execution's id. `raw`: the inputs are taken as they are."""
        unknown = options.keys() - StartRequest.__dataclass_fields__.keys()
        if unknown:
            raise NoVerb(f"the product has no start option {', '.join(sorted(unknown))} yet")
        files = self.home / "given"
        given = {
            name: value.below(files) if isinstance(value, FileData) else value
            for name, value in inputs.items()
        }
        request = StartRequest(
            namespace, flow_id, inputs=given, labels=labels or {}, raw_inputs=raw, **options
        )
        return (await self.engine.start(request)).id

    async def idle(self, execution_id: str) -> View:
        """Wait until an execution has ended, or is paused and waits for somebody."""
        await self.engine.wait_until_idle(execution_id)
        return await self.view(execution_id)

    async def view(self, execution_id: str) -> View:
        """Show an execution as it is."""
        execution = await self.engine.execution(execution_id)
        return await self.shown(execution)

    async def shown(self, execution: Execution) -> View:
        """Show an execution with its task runs and its log."""
        store = self.engine.store
        runs = await self.engine.in_store(store.task_runs, execution.id)
        rows = await self.engine.in_store(store.logs, execution.id)
        logs = [
            {
                "level": row.line.level,
                "message": row.line.message,
                "taskId": row.task_id,
                "taskRunId": row.task_run_id,
            }
            for row in rows
        ]
        return View(execution_view(execution, runs), logs, self.read_file)

    def read_file(self, uri: str) -> bytes:
        """Read a file of internal storage."""
        return self.services.storage.read(None, uri)

    async def executions(self, flow_id: str) -> list[View]:
        """Show the executions of a flow, the oldest first."""
        found = await self.engine.in_store(self.engine.store.executions, Filter(flow_id=flow_id, limit=1000))
        return [await self.shown(execution) for execution in reversed(found)]

    async def metrics(self, execution_id: str) -> dict[str, float]:
        """Give the metrics of an execution by name."""
        return {
            metric.name: metric.value
            for _, metric in await self.engine.in_store(self.engine.store.metrics, execution_id)
        }

    async def reach(self, execution_id: str, states: Sequence[str]) -> View:
        """Wait until an execution is in one of these states, or can no more come into one."""
        while True:
            view = await self.view(execution_id)
            over = (
                view.state in ENDED
                and (await self.engine.in_store(self.engine.store.root_run, execution_id)).ended
            )
            if over or (view.state in states and view.state not in ENDED):
                return view
            await asyncio.sleep(LOOK_AGAIN_SECONDS)

    async def until(self, condition: Callable[[], Awaitable[bool]]) -> bool:
        """Wait a while for something to hold, and say whether it does."""
        loop = asyncio.get_running_loop()
        limit = loop.time() + PATIENCE_SECONDS
        while not (holds := await condition()) and loop.time() < limit:
            await asyncio.sleep(LOOK_AGAIN_SECONDS)
        return holds

    async def resume(self, execution_id: str, inputs: Mapping[str, Any]) -> None:
        """Go on after a Pause."""
        view = await self.view(execution_id)
        paused = [run["id"] for run in view.runs if run["state"]["current"] == "PAUSED"]
        if not paused:
            raise TiercelError(f"Execution {execution_id} is {view.state} and has no paused task run.")
        given = {
            name: value.below(self.home / "given") if isinstance(value, FileData) else value
            for name, value in inputs.items()
        }
        await self.engine.resume(paused[-1], dict(given))

    async def verb(self, name: str, *arguments: Any, **options: Any) -> Any:
        """Do what an engine's method of this name does; `NoVerb` if it has none."""
        method = getattr(self.engine.operations, name, None) or getattr(self.engine, name, None)
        if method is None:
            raise NoVerb(f"the product has no verb {name} yet")
        answer = method(*arguments, **{key: value for key, value in options.items() if value is not None})
        answer = await answer if inspect.isawaitable(answer) else answer
        return await self.stood(answer) if isinstance(answer, Standing) else answer

    async def stood(self, standing: Standing) -> View:
        """Show an execution as it stood when a verb had done its work."""
        view = await self.shown(standing.execution)
        return View(execution_view(standing.execution, standing.runs), view.logs, self.read_file)
