"""A start that comes through the gateway, as an event of an HTTP API: `POST /v1/executions`."""

import base64
import json
from collections.abc import Mapping
from typing import Any

from tiercel.errors import InvalidFlow
from tiercel.http.grants import anonymous, outside
from tiercel.http.signing import Claims, TokenKeys
from tiercel_orchestrator.dispatch.tokens import TASK_ROLE
from tiercel_orchestrator.waking.orchestrator import Orchestrator, Start

ROUTE = ("POST", "/v1/executions")
NAME = "orchestrator"
"""A token with scopes starts executions with `tiercel:orchestrator` among them."""
TASKS = (TASK_ROLE, "tiercel_service")
"""Roles of tokens that flows and families have: they start nothing."""

Event = Mapping[str, Any]


class Refused(Exception):
    """A request that is answered with a status and a sentence."""

    def __init__(self, status: int, kind: str, message: str, problems: list[Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"kind": kind, "message": message, "problems": problems or []}


async def answer(event: Event, keys: TokenKeys, orchestrator: Orchestrator) -> dict[str, Any]:
    """Start what a request wants, for a caller with a token."""
    try:
        check_route(event)
        check_caller(event, keys)
        started = await orchestrator.start(start_of(event))
    except Refused as refusal:
        return response(refusal.status, {"error": refusal.error})
    except InvalidFlow as error:
        problems = [problem.as_dict() for problem in error.problems]
        content = {"kind": "InvalidFlow", "message": str(error), "problems": problems}
        return response(422, {"error": content})
    return response(201, started)


def check_route(event: Event) -> None:
    """Refuse all but the one route."""
    http = event["requestContext"]["http"]
    if (http.get("method"), http.get("path")) != ROUTE:
        raise Refused(404, "NotFound", f"{' '.join(ROUTE)} starts an execution; nothing else is served here.")


def check_caller(event: Event, keys: TokenKeys) -> None:
    """Refuse who has no token, or one that is for something else; the gateway has looked before."""
    import jwt

    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise Refused(401, "Unauthorized", "Send a token: `Authorization: Bearer …`.")
    try:
        claims = keys.verify(token.strip())
    except jwt.PyJWTError as error:
        raise Refused(401, "Unauthorized", f"The token is not valid here ({error}).") from error
    if reason := anonymous(claims):
        raise Refused(401, "Unauthorized", reason)
    if reason := misused(claims) or outside(claims, NAME):
        raise Refused(403, "Forbidden", reason)


def misused(claims: Claims) -> str | None:
    """Say that a token is a task's or a family's, and not a caller's."""
    if claims.get("role") not in TASKS:
        return None
    return "A token of a task or a family starts no execution; a flow does so with a Subflow."


def start_of(event: Event) -> Start:
    """Read what is to be started; flows are kept by those who may invoke the function itself."""
    body = str(event.get("body") or "")
    try:
        text = base64.b64decode(body).decode() if event.get("isBase64Encoded") else body
        content = json.loads(text)
    except ValueError as error:
        raise Refused(422, "InvalidStart", f"The body is no JSON: {error}.") from error
    start = Start.read(content)
    if start.flow is not None:
        raise Refused(
            422, "InvalidStart", "Name a flow by `namespace` and `flowId`; no source is taken here."
        )
    return start


def response(status: int, content: Any) -> dict[str, Any]:
    """Write an answer as an HTTP API takes it."""
    headers = {"content-type": "application/json"}
    return {"statusCode": status, "headers": headers, "body": json.dumps(content)}
