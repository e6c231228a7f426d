"""What a sleeping orchestrator does when it is woken; only the store remembers anything between two times."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_camel

from tiercel import clock
from tiercel.calling import in_thread
from tiercel.errors import InvalidFlow, Problem
from tiercel.registry import Registry
from tiercel_orchestrator.dispatch.deployed import Deployed
from tiercel_orchestrator.dispatch.returning import Answer
from tiercel_orchestrator.dispatch.routes import Routes
from tiercel_orchestrator.local import open_engine
from tiercel_orchestrator.shell.engine import Engine
from tiercel_orchestrator.shell.starting import StartRequest
from tiercel_orchestrator.waking.alarm import Alarm

START_SECONDS = 0.5
"""How long somebody who starts an execution waits for its first tasks to be sent."""
CONCURRENCY = 100
"""How many tasks are sent at once: each costs no more than its place in a message."""


class Start(BaseModel):
    """What somebody who wants an execution says; `flow`: a source to be kept first, whose flow it is then."""

    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, extra="forbid")

    namespace: str = ""
    flow_id: str = ""
    revision: int | None = None
    inputs: dict[str, Any] = {}
    labels: dict[str, str] = {}
    flow: str | None = None

    @classmethod
    def read(cls, content: Any) -> "Start":
        """Read one from outside; `InvalidFlow` lists each problem."""
        try:
            start = cls.model_validate(content)
        except ValidationError as error:
            problems = tuple(
                Problem(one["msg"], ".".join(map(str, one["loc"])))
                for one in error.errors(include_url=False, include_input=False, include_context=False)
            )
            listed = "; ".join(f"`{problem.path or '(all)'}`: {problem.message}" for problem in problems)
            raise InvalidFlow(f"This starts no execution: {listed}.", problems) from None
        if start.flow is None and not (start.namespace and start.flow_id):
            raise InvalidFlow("Say which flow to start: `namespace` and `flowId`, or `flow` with its source.")
        return start


@dataclass
class Orchestrator:
    """Opens an engine for each time that it is woken, and closes it when there is nothing left to do now."""

    home: Path
    store_url: str
    alarm: Alarm
    deployed: Deployed | None = None
    """The tables that say which families there are, if they do."""
    registry: Registry = field(default_factory=Registry.installed)

    @asynccontextmanager
    async def awake(self, seconds: float) -> AsyncIterator[Engine]:
        """Run an engine for what is in the block, and so long for what follows; then set the alarm."""
        registry, routes = self.registry, Routes.read()
        if self.deployed is not None:
            registry, routes = await in_thread(partial(self.deployed.read, registry, routes))
        async with open_engine(
            self.home,
            self.store_url,
            registry=registry,
            routes=routes,
            concurrency=CONCURRENCY,
            receives=False,
        ) as engine:
            yield engine
            try:
                due = await asyncio.wait_for(engine.idle(), max(seconds, 0.0))
            except TimeoutError:
                due = clock.now()  # somebody else goes on with what is left
            if due is not None:
                await self.alarm.set(engine, due)

    async def start(self, start: Start) -> Mapping[str, Any]:
        """Begin with an execution; `InvalidFlow` says what is wrong with its flow or its inputs."""
        async with self.awake(START_SECONDS) as engine:
            namespace, flow_id = start.namespace, start.flow_id
            if start.flow is not None:
                flow = await engine.in_store(engine.library.put, start.flow, clock.now())
                namespace, flow_id = flow.namespace, flow.id
            request = StartRequest(namespace, flow_id, start.revision, start.inputs, labels=start.labels)
            execution = await engine.start(request)
        return {"id": execution.id, "namespace": namespace, "flowId": flow_id}

    async def take_in(self, answers: Sequence[Answer], seconds: float) -> None:
        """Take in what families have sent back."""
        async with self.awake(seconds) as engine:
            await engine.answering.take_in(answers)

    async def sweep(self, seconds: float) -> None:
        """Look for what is due, for leases that nobody holds any more, and for what was asked for by SQL."""
        async with self.awake(seconds) as engine:
            await engine.sweep()
