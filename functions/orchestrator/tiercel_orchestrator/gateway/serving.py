"""The gateway's own app: each request goes to the family whose route it is, as an event or to its URL."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tiercel.errors import Retriable
from tiercel.http.client import HttpClient
from tiercel_orchestrator.gateway.events import answer_of, event_of, trouble
from tiercel_orchestrator.gateway.functions import Function, FunctionFailed
from tiercel_orchestrator.gateway.matching import Table

logger = logging.getLogger("tiercel.gateway")
BODY_BYTES = 6 * 1024 * 1024
"""What Lambda lets in."""
GATEWAY_SECONDS = 30.0
HOP_BY_HOP = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "keep-alive", "content-encoding"}
)
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


@dataclass
class Gateway:
    """Routes requests by a table: to functions on this machine, or to families behind URLs."""

    table: Table
    functions: Mapping[str, Function] = field(default_factory=dict)
    urls: Mapping[str, str] = field(default_factory=dict)
    client: HttpClient | None = None

    def app(self) -> Starlette:
        """Build the app."""
        return Starlette(routes=[Route("/{path:path}", self.answer, methods=METHODS)])

    async def answer(self, request: Request) -> Response:
        """Answer one request, with the gateway's own words where no function does."""
        path: str = request.scope["path"]
        match = self.table.match(request.method, path)
        if match is None:
            return trouble(404, "Not Found")
        body = await request.body()
        if len(body) > BODY_BYTES:
            return trouble(413, "Request Entity Too Large")
        if match.family in self.urls:
            return await self.forward(request, self.urls[match.family], body)
        function = self.functions.get(match.family)
        if function is None:
            return trouble(503, "Service Unavailable")
        try:
            return answer_of(await function.invoke(event_of(request, match, body)))
        except FunctionFailed as error:
            logger.error("%s", error)
            return trouble(500, "Internal Server Error")
        except TimeoutError:
            return trouble(503, "Service Unavailable")

    async def forward(self, request: Request, url: str, body: bytes) -> Response:
        """Send a request on to a family behind a URL."""
        assert self.client is not None
        headers = {name: value for name, value in request.headers.items() if name not in HOP_BY_HOP}
        query = f"?{request.url.query}" if request.url.query else ""
        try:
            found = await self.client.request(
                request.method,
                f"{url}{request.url.path}{query}",
                headers=headers,
                content=body,
                check=False,
                follow_redirects=False,
                timeout_seconds=GATEWAY_SECONDS,
            )
        except Retriable as error:
            logger.error("%s", error)
            return trouble(503, "Service Unavailable")
        kept = {name: value for name, value in found.headers.items() if name.lower() not in HOP_BY_HOP}
        return Response(found.content, found.status, kept)
