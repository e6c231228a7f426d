"""Families in this process: no network, one event loop."""

from tiercel import runtime
from tiercel.envelope import Envelope, Result
from tiercel.plugin import LogLine
from tiercel.registry import Registry
from tiercel.services import Services
from tiercel_orchestrator.dispatch.port import Sink


class InProcessDispatcher:
    """Hands each envelope to the runtime, as a family's own function would."""

    elsewhere = 0
    queues = None

    def __init__(self, registry: Registry, services: Services) -> None:
        self.registry = registry
        self.services = services

    async def run(self, envelope: Envelope, sink: Sink | None = None) -> Result:
        family = self.registry.family_of(envelope.task_type)
        if family is None:
            self.registry.plugin(envelope.task_type)  # raises, naming the nearest type
        assert family is not None
        # with a sink the whole log stays in the answer: nothing has to travel
        return await runtime.execute(envelope, family, self.services, sink=sink or _unseen)

    async def post(self, envelope: Envelope) -> None:
        return None

    def told(self, task_run_id: str, body: bytes, signed: str) -> bool:
        return False

    async def close(self) -> None:
        return None


def _unseen(line: LogLine) -> None:
    """See a line and let it pass."""
