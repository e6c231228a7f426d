"""The dispatcher that a configuration asks for."""

from tiercel.registry import Registry
from tiercel.services import Services
from tiercel.settings import Settings
from tiercel_orchestrator.dispatch.in_process import InProcessDispatcher
from tiercel_orchestrator.dispatch.port import Dispatcher
from tiercel_orchestrator.dispatch.routes import Routes


async def dispatcher_for(
    registry: Registry, services: Services, routes: Routes, callback_url: str | None = None
) -> Dispatcher:
    """Build a dispatcher; families that are not installed are asked what they serve.

    `callback_url`: where this orchestrator takes results back.
    """
    in_process = InProcessDispatcher(registry, services)
    if not routes.targets and not routes.prefixes:
        return in_process
    from tiercel.http.signing import TokenKeys
    from tiercel_orchestrator.dispatch.http import HttpDispatcher  # httpx: 170 ms, 12 MB
    from tiercel_orchestrator.dispatch.mixed import MixedDispatcher
    from tiercel_orchestrator.dispatch.tokens import Tokens

    tokens = Tokens(TokenKeys.of(Settings.read()))
    http = HttpDispatcher(routes.targets, tokens, services.storage, callback_url)
    mixed = MixedDispatcher(registry, routes, in_process, http)
    await mixed.discovery.ask()
    return mixed
