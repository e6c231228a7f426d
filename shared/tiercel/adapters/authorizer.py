"""The gateway's check of tokens and signatures: a Lambda authorizer of an HTTP API, with simple responses.

The families check again: a call that goes around the gateway meets the same rules.
"""

import os
import re
from functools import cache
from typing import Any

from tiercel.adapters.observing import log_json
from tiercel.errors import TiercelError
from tiercel.http.grants import anonymous, outside
from tiercel.http.signed_requests import SCHEME, BadSignature, SharedSecrets
from tiercel.http.signing import TokenKeys
from tiercel.settings import Settings

FAMILY = re.compile(r"^[A-Z]+ /v1/families/([^/{]+)")
DENIED: dict[str, Any] = {"isAuthorized": False}
SHOWN = ("sub", "role", "namespace", "executionId")
"""What the access log may show of a token."""

if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    log_json("authorizer")


@cache
def keys() -> tuple[TokenKeys | None, SharedSecrets | None]:
    """Give the keys of tokens and of requests; a function without any lets nobody in, its log says why."""
    settings = Settings.read()
    found = TokenKeys.of(settings), SharedSecrets.of(settings)
    if found == (None, None):
        raise TiercelError(
            "The authorizer has no key: set TIERCEL_JWT_KEY, TIERCEL_JWT_SECRET or TIERCEL_HMAC_SECRET."
        )
    return found


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Answer whether a request may pass."""
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    scheme, _, credentials = headers.get("authorization", "").partition(" ")
    tokens, secrets = keys()
    if secrets and scheme.lower() == SCHEME.lower():
        return signed(secrets, credentials, event)
    if tokens and scheme.lower() == "bearer" and credentials.strip():
        return with_token(tokens, credentials.strip(), event)
    return DENIED


def signed(secrets: SharedSecrets, credentials: str, event: dict[str, Any]) -> dict[str, Any]:
    """Answer for a signed request; only its family is given the body, and compares that."""
    http = event["requestContext"]["http"]
    try:
        secrets.verify(credentials, http["method"], http["path"])
    except BadSignature:
        return DENIED
    return {"isAuthorized": True, "context": {"sub": SCHEME}}


def with_token(tokens: TokenKeys, token: str, event: dict[str, Any]) -> dict[str, Any]:
    """Answer for a request with a token."""
    import jwt

    try:
        claims = tokens.verify(token)
    except jwt.PyJWTError:
        return DENIED
    route = FAMILY.match(str(event.get("routeKey", "")))
    # the other routes' families are theirs to know: the app says 403
    # whether a family is for all users it alone knows
    if anonymous(claims) or (route and outside(claims, route[1], to_users=True)):
        return DENIED
    return {"isAuthorized": True, "context": {name: str(claims[name]) for name in SHOWN if name in claims}}
