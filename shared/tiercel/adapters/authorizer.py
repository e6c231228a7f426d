"""The check of tokens before the gateway: a Lambda authorizer of an HTTP API, with simple responses.

The families check again: a call that goes around the gateway meets the same rules.
"""

import os
import re
from functools import cache
from typing import Any

from tiercel.adapters.observing import log_json
from tiercel.errors import TiercelError
from tiercel.http.grants import anonymous, outside
from tiercel.http.signing import TokenKeys
from tiercel.settings import Settings

FAMILY = re.compile(r"^[A-Z]+ /v1/families/([^/{]+)")
DENIED: dict[str, Any] = {"isAuthorized": False}
SHOWN = ("sub", "role", "namespace", "executionId")
"""What the access log may show of a token."""

if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    log_json("authorizer")


@cache
def keys() -> TokenKeys:
    """Give the keys; a function without any lets nobody in, and its log says why."""
    found = TokenKeys.of(Settings.read())
    if found is None:
        raise TiercelError("The authorizer has no key: set TIERCEL_JWT_KEY or TIERCEL_JWT_SECRET.")
    return found


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer whether a request may pass."""
    import jwt

    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        return DENIED
    try:
        claims = keys().verify(token.strip())
    except jwt.PyJWTError:
        return DENIED
    route = FAMILY.match(str(event.get("routeKey", "")))
    # the other routes' families are theirs to know: the app says 403
    if anonymous(claims) or (route and outside(claims, route[1])):
        return DENIED
    return {"isAuthorized": True, "context": {name: str(claims[name]) for name in SHOWN if name in claims}}
