"""One family among others behind a gateway: `/v1/families/sql/execute` is `/execute` of the family sql."""

from starlette.types import ASGIApp, Receive, Scope, Send

from tiercel.routing import TASKS, family_base


class Base:
    """Take the family's base off a path, once, before anybody looks at it. An ASGI middleware."""

    def __init__(self, app: ASGIApp, family: str) -> None:
        self.app = app
        self.base = family_base(family)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            path: str = scope["path"]
            below = path.startswith(f"{self.base}/")
            # who came through a gateway finds its run behind the gateway, too
            shown = self.base if below or path.startswith(f"{TASKS}/") else ""
            state = {**scope.get("state", {}), "base": shown, "asked": path}
            scope = {**scope, "state": state}
            if below:
                scope["path"] = path[len(self.base) :]
                scope["raw_path"] = scope["path"].encode()
        await self.app(scope, receive, send)
