"""Requests as an HTTP API of AWS's hands them to a function (payload format 2.0), and answers taken back."""

import base64
import time
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from tiercel_orchestrator.gateway.matching import Match

TEXTS = ("text/", "application/json", "application/xml", "application/javascript")
"""What travels as it is; any other body is written in base64."""


def event_of(request: Request, match: Match, body: bytes) -> dict[str, Any]:
    """Write a request as an event."""
    headers = joined_headers(request)
    cookies = [part.strip() for part in headers.pop("cookie", "").split(";") if part.strip()]
    path: str = request.scope["path"]
    now = time.time()
    host = headers.get("host", "localhost")
    encoded = bool(body) and not headers.get("content-type", "").lower().startswith(TEXTS)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": match.key,
        "rawPath": path,
        "rawQueryString": request.url.query,
        "headers": headers,
        "requestContext": {
            "accountId": "000000000000",
            "apiId": "local",
            "domainName": host,
            "domainPrefix": host.partition(".")[0],
            "http": {
                "method": request.method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": request.client.host if request.client else "",
                "userAgent": headers.get("user-agent", ""),
            },
            "requestId": uuid.uuid4().hex,
            "routeKey": match.key,
            "stage": "$default",
            "time": datetime.fromtimestamp(now, UTC).strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": int(now * 1000),
        },
        "isBase64Encoded": encoded,
    }
    if match.parameters:
        event["pathParameters"] = dict(match.parameters)
    if request.query_params:
        event["queryStringParameters"] = {
            name: ",".join(request.query_params.getlist(name)) for name in request.query_params
        }
    if cookies:
        event["cookies"] = cookies
    if body:
        event["body"] = base64.b64encode(body).decode() if encoded else body.decode()
    return event


def joined_headers(request: Request) -> dict[str, str]:
    """Give each header once, in lower case, several values with commas between them."""
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        found[name] = f"{found[name]},{value}" if name in found else value
    return found


def answer_of(result: Any) -> Response:
    """Read what a function answered; what is no answer of its kind is the body of a 200, as on AWS."""
    if not isinstance(result, Mapping) or "statusCode" not in result:
        return JSONResponse(result)
    body = str(result.get("body") or "")
    content = base64.b64decode(body) if result.get("isBase64Encoded") else body.encode()
    response = Response(content, int(result["statusCode"]))
    for name, value in (result.get("headers") or {}).items():
        response.headers[name] = str(value)
    for cookie in result.get("cookies") or ():
        response.headers.append("set-cookie", str(cookie))
    return response


def trouble(status: int, message: str) -> Response:
    """Answer as the gateway itself does."""
    return JSONResponse({"message": message}, status)
