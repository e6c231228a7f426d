"""The dispatcher that a configuration asks for."""

from datetime import timedelta
from typing import TYPE_CHECKING

from tiercel.errors import TiercelError
from tiercel.registry import Registry
from tiercel.services import Services
from tiercel.settings import Settings
from tiercel_orchestrator.dispatch.in_process import InProcessDispatcher
from tiercel_orchestrator.dispatch.port import Dispatcher
from tiercel_orchestrator.dispatch.routes import Routes

if TYPE_CHECKING:
    from tiercel_orchestrator.dispatch.queues import QueueDispatcher
    from tiercel_orchestrator.dispatch.tokens import Tokens


async def dispatcher_for(
    registry: Registry, services: Services, routes: Routes, callback_url: str | None = None
) -> Dispatcher:
    """Build a dispatcher; families that are not installed are asked what they serve.

    `callback_url`: where this orchestrator takes results back.
    """
    in_process = InProcessDispatcher(registry, services)
    if not (routes.targets or routes.prefixes or routes.queues):
        return in_process
    from tiercel_orchestrator.dispatch.http import HttpDispatcher  # httpx: 170 ms, 12 MB
    from tiercel_orchestrator.dispatch.mixed import MixedDispatcher
    from tiercel_orchestrator.dispatch.tokens import Tokens

    settings = Settings.read()
    tokens = Tokens.of(settings)
    http = HttpDispatcher(routes.targets, tokens, services.storage, callback_url)
    queues = queues_for(routes, settings, tokens, services)
    mixed = MixedDispatcher(registry, routes, in_process, http, queues)
    await mixed.discovery.ask()
    return mixed


def queues_for(
    routes: Routes, settings: Settings, tokens: "Tokens", services: Services
) -> "QueueDispatcher | None":
    """Build what leaves tasks to queues, where a family has one."""
    if not routes.queues:
        return None
    from tiercel_orchestrator.dispatch.queues import QueueDispatcher

    if settings.results_queue is None:
        raise TiercelError(
            "TIERCEL_FAMILY_QUEUES is set and TIERCEL_RESULTS_QUEUE_URL is not: name the queue to which "
            "the families' workers send their results."
        )
    lease = timedelta(seconds=settings.queue_lease_seconds)
    return QueueDispatcher(routes.queues, settings.results_queue, tokens, services.storage, lease)
