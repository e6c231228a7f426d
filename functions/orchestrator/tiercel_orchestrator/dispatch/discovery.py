"""Families that are not installed here: what they serve is asked of them."""

import asyncio
import logging
from typing import Any

from tiercel.errors import TiercelError
from tiercel.http.client import HttpClient
from tiercel.registry import Family, Registry
from tiercel_orchestrator.dispatch.routes import Routes, Target
from tiercel_orchestrator.dispatch.tokens import Tokens

logger = logging.getLogger("tiercel.dispatch")
ANSWER_SECONDS = 5.0
KEYS = {"family", "version", "prefixes", "plugins"}


class Discovery:
    """Adds families to a registry by their `/plugins`; those that do not answer are asked again."""

    def __init__(self, routes: Routes, registry: Registry, client: HttpClient, tokens: Tokens) -> None:
        self.routes = routes
        self.registry = registry
        self.client = client
        self.tokens = tokens
        self.trouble: dict[str, str] = {}
        """Name of the family -> why it is not known what it serves."""

    async def ask(self) -> None:
        """Ask all families that have a URL and are neither installed nor known yet."""
        names = [name for name in self.routes.targets if name not in self.registry.families]
        await asyncio.gather(*(self._ask(name, self.routes.targets[name]) for name in names))

    async def _ask(self, name: str, target: Target) -> None:
        url = f"{target.url}/plugins"
        try:
            answer = await self.client.get(
                url,
                headers=self.tokens.headers("GET", url),
                follow_redirects=False,
                timeout_seconds=ANSWER_SECONDS,
            )
            self.registry.add(Family(f"{name} at {target.url}", checked(answer.json(), name, url)))
            self.trouble.pop(name, None)
        except TiercelError as error:
            if name not in self.trouble:
                logger.warning("family '%s' could not be asked what it serves: %s", name, error)
            self.trouble[name] = str(error)


def checked(manifest: Any, name: str, url: str) -> dict[str, Any]:
    """Make sure that a manifest is one, and that of the family that was meant."""
    if not isinstance(manifest, dict) or not manifest.keys() >= KEYS:
        raise TiercelError(f"{url} lists no plugins; correct the URL of family '{name}'.")
    if manifest["family"] != name:
        raise TiercelError(
            f"{url} is family '{manifest['family']}' and not '{name}'; correct TIERCEL_FAMILY_URLS."
        )
    return manifest
