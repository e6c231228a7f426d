"""Some families behind queues, some behind URLs, the others in this process."""

from datetime import datetime

from tiercel.envelope import Envelope, Result
from tiercel.errors import TaskFailed
from tiercel.registry import Registry, unknown_text
from tiercel_orchestrator.dispatch.discovery import Discovery
from tiercel_orchestrator.dispatch.http import HttpDispatcher
from tiercel_orchestrator.dispatch.in_process import InProcessDispatcher
from tiercel_orchestrator.dispatch.port import Sink
from tiercel_orchestrator.dispatch.queues import QueueDispatcher
from tiercel_orchestrator.dispatch.routes import EXAMPLE, URLS, Routes


class MixedDispatcher:
    """Sends a task where its family is: to its URL if it has one, else to what is installed here."""

    def __init__(
        self,
        registry: Registry,
        routes: Routes,
        in_process: InProcessDispatcher,
        http: HttpDispatcher,
        queues: QueueDispatcher | None = None,
    ) -> None:
        self.registry = registry
        self.routes = routes
        self.in_process = in_process
        self.http = http
        self.queues = queues
        self.installed = frozenset(registry.families)
        self.discovery = Discovery(routes, registry, http.client, http.tokens)

    async def post(self, envelope: Envelope) -> datetime | None:
        if self.queues is None:
            return None
        family = await self._family_of(envelope.task_type)
        return await self.queues.post(family, envelope) if family in self.queues.queues else None

    async def run(self, envelope: Envelope, sink: Sink | None = None) -> Result:
        family = await self._family_of(envelope.task_type)
        if family in self.routes.targets:
            return await self.http.run(family, envelope, sink)
        if family in self.installed:
            return await self.in_process.run(envelope, sink)
        raise TaskFailed(
            f"{envelope.task_type} belongs to family '{family}', which is not installed here and has no URL; "
            f"name it in {URLS}, for example {EXAMPLE.replace('sql', family)}."
        )

    async def _family_of(self, type_id: str) -> str:
        """Name the family of a task type; one that could not be asked before is asked now."""
        name = self._known(type_id)
        if name is None:
            await self.discovery.ask()
            name = self._known(type_id)
        if name is not None:
            return name
        trouble = "".join(
            f" Family '{name}' could not be asked: {why}" for name, why in self.discovery.trouble.items()
        )
        raise TaskFailed(unknown_text(type_id, self.registry.types()) + trouble)

    def _known(self, type_id: str) -> str | None:
        family = self.registry.family_of(type_id)
        return self.routes.family_of(type_id) or (family.name if family else None)

    @property
    def elsewhere(self) -> int:
        return self.http.elsewhere

    def told(self, task_run_id: str, body: bytes, signed: str) -> bool:
        return self.http.told(task_run_id, body, signed)

    async def close(self) -> None:
        await self.http.close()
