"""Who may call a family: deny by default, `/health` alone is public.

With TIERCEL_JWT_KEY or TIERCEL_JWT_SECRET, who has a bearer token that is signed with it; without, programs
on the same machine only.
"""

from ipaddress import ip_address
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from tiercel.envelope import RunContext
from tiercel.errors import TiercelError
from tiercel.http.grants import anonymous, outside
from tiercel.http.problems import Refused
from tiercel.http.signing import Claims, TokenKeys
from tiercel.settings import Settings

PUBLIC = frozenset({("GET", "/health"), ("HEAD", "/health")})
FORWARDED = "x-forwarded-authorization"
FENCED = ("namespace", "flow_id", "execution_id", "task_run_id", "attempt")
"""What a token may claim of an envelope's context, in camelCase; what it claims must be so."""


def check_settings(settings: Settings) -> None:
    """Refuse to serve strangers without a way to tell them apart."""
    if TokenKeys.of(settings) is None and settings.deployed:
        raise TiercelError(
            "This function would be open to everybody: set TIERCEL_JWT_KEY to the public half of the key "
            "that the tokens of its callers are signed with, or set TIERCEL_JWT_SECRET to the secret "
            "(HS256, at least 32 bytes)."
        )


class Auth:
    """Let through what is public, and what comes with a token or from this machine. An ASGI middleware."""

    def __init__(self, app: ASGIApp, settings: Settings, family: str) -> None:
        self.app = app
        self.family = family
        self.forwarded = settings.on_cloud_run
        """Whether a gateway of Google's may have put its own token in the place of the caller's."""
        self.keys = TokenKeys.of(settings)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope["method"], scope["path"]) not in PUBLIC:
            try:
                scope.setdefault("state", {}).update(self.known(scope))
            except Refused as refusal:
                await refusal.response()(scope, receive, send)
                return
        elif scope["type"] == "websocket":
            return  # there are none
        await self.app(scope, receive, send)

    def known(self, scope: Scope) -> dict[str, Any]:
        """Give the caller's `token` and the `claims` in it; none and nothing for a caller on this machine."""
        headers = Headers(scope=scope)
        if self.keys is None:
            check_local(scope, headers)
            return {"claims": {}, "token": bearer(headers)}
        token = (bearer(headers, FORWARDED) if self.forwarded else None) or bearer(headers)
        if token is None:
            raise unauthorized("Send a token: `Authorization: Bearer …`, signed with this function's secret.")
        claims = verified(token, self.keys)
        if reason := outside(claims, self.family):
            raise Refused(403, "Forbidden", reason)
        return {"claims": claims, "token": token}


def bearer(headers: Headers, name: str = "authorization") -> str | None:
    """Give the token that a request came with, if it has one."""
    scheme, _, token = headers.get(name, "").partition(" ")
    return token.strip() or None if scheme.lower() == "bearer" else None


def check_local(scope: Scope, headers: Headers) -> None:
    """Let only programs on this machine in: not its network, and not web pages that its browser shows.

    A page can post to 127.0.0.1, under its own origin, or under a name of its own that resolves there.
    """
    client = scope.get("client")
    origin = headers.get("origin")
    pages = [headers.get("host", "")] + ([origin.partition("://")[2]] if origin is not None else [])
    if client is None or not is_loopback(client[0]) or not all(map(is_loopback, map(host_of, pages))):
        raise unauthorized(
            "This family has neither TIERCEL_JWT_KEY nor TIERCEL_JWT_SECRET, so it answers only programs on "
            "its own machine; set one, and send tokens signed with it."
        )


def host_of(netloc: str) -> str:
    """Leave out the port."""
    return netloc[1:].partition("]")[0] if netloc.startswith("[") else netloc.partition(":")[0]


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def verified(token: str, keys: TokenKeys) -> Claims:
    """Give the claims of a token that is ours and still valid."""
    import jwt  # 40 ms that a loopback caller and `/health` do not need

    try:
        claims = keys.verify(token)
    except jwt.ExpiredSignatureError as error:
        raise unauthorized("The token has expired; ask for a new one.") from error
    except jwt.PyJWTError as error:
        raise unauthorized(
            f"The token is not valid here ({error}); sign it with this function's key and let it expire."
        ) from error
    if reason := anonymous(claims):
        raise unauthorized(reason)
    return claims


def unauthorized(message: str) -> Refused:
    """Refuse with 401."""
    return Refused(401, "Unauthorized", message, headers={"WWW-Authenticate": "Bearer"})


def check_claims(claims: Claims, context: RunContext) -> None:
    """Refuse an envelope that says otherwise than its token."""
    said = context.model_dump(by_alias=True, include=set(FENCED))
    wrong = [name for name, value in said.items() if name in claims and str(claims[name]) != str(value)]
    if wrong:
        raise Refused(
            403,
            "Forbidden",
            f"The envelope's {', '.join(wrong)} is not what its token says; ask for one of this task run.",
        )
