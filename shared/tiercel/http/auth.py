"""Who may call a family: deny by default, `/health` alone is public.

With TIERCEL_JWT_KEY or TIERCEL_JWT_SECRET, who has a bearer token that is signed with it; with
TIERCEL_HMAC_SECRET, who signs each request; without any of them, programs on the same machine only.
"""

from ipaddress import ip_address
from typing import Any

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from tiercel.envelope import RunContext
from tiercel.errors import TiercelError
from tiercel.http.grants import anonymous, outside
from tiercel.http.problems import Refused, too_large
from tiercel.http.signed_requests import SCHEME, BadSignature, Seen, SharedSecrets, Signature
from tiercel.http.signing import Claims, TokenKeys
from tiercel.settings import Settings

PUBLIC = frozenset({("GET", "/health"), ("HEAD", "/health")})
FORWARDED = "x-forwarded-authorization"
FENCED = ("namespace", "flow_id", "execution_id", "task_run_id", "attempt")
"""What a token may claim of an envelope's context, in camelCase; what it claims must be so."""


def check_settings(settings: Settings) -> None:
    """Refuse to serve strangers without a way to tell them apart."""
    if TokenKeys.of(settings) is None and SharedSecrets.of(settings) is None and settings.deployed:
        raise TiercelError(
            "This function would be open to everybody: set TIERCEL_JWT_KEY to the public half of the key "
            "that the tokens of its callers are signed with, or set TIERCEL_JWT_SECRET to the secret "
            "(HS256, at least 32 bytes), or TIERCEL_HMAC_SECRET to one that its callers sign requests with."
        )


class Auth:
    """Let through what is public, and what comes with a token, signed, or from here. An ASGI middleware."""

    def __init__(self, app: ASGIApp, settings: Settings, family: str) -> None:
        self.app = app
        self.family = family
        self.to_users = settings.open_to_users
        self.forwarded = settings.on_cloud_run
        """Whether a gateway of Google's may have put its own token in the place of the caller's."""
        self.keys = TokenKeys.of(settings)
        self.secrets = SharedSecrets.of(settings)
        self.seen = Seen()
        self.body_bytes = settings.body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and (scope["method"], scope["path"]) not in PUBLIC:
            try:
                known = self.known(scope)
                if signature := known.pop("signature", None):
                    receive = await self.signed_body(signature, receive)
                scope.setdefault("state", {}).update(known)
            except Refused as refusal:
                await refusal.response()(scope, receive, send)
                return
        elif scope["type"] == "websocket":
            return  # there are none
        await self.app(scope, receive, send)

    def known(self, scope: Scope) -> dict[str, Any]:
        """Give the caller's `token` and the `claims` in it; none and nothing for a caller on this machine.

        Whoever signs requests is nobody in particular; the `signature` says what body belongs to it, and
        `claims_of` reads the token of whom it is for, which is in the envelope.
        """
        headers = Headers(scope=scope)
        if self.keys is None and self.secrets is None:
            check_local(scope, headers)
            return {"claims": {}, "token": bearer(headers)}
        if self.secrets and (credentials := self.credentials(headers, SCHEME)):
            try:
                signature = self.secrets.verify(credentials, scope["method"], scope["state"]["asked"])
                self.seen.take(signature)
            except BadSignature as error:
                raise unauthorized(str(error), SCHEME) from error
            found = {"claims": {"sub": SCHEME}, "token": None, "signature": signature}
            return found | ({"claims_of": self.claims_of} if self.keys else {})
        if self.keys is None:
            raise unauthorized(
                f"Sign the request: `Authorization: {SCHEME} t=…,n=…,d=…,v1=…`, with this function's secret.",
                SCHEME,
            )
        token = self.credentials(headers, "Bearer")
        if token is None:
            raise unauthorized("Send a token: `Authorization: Bearer …`, signed with this function's secret.")
        return {"claims": self.claims_of(token), "token": token}

    def claims_of(self, token: str) -> Claims:
        """Give the claims of a token that is ours, still valid, and meant for this family."""
        assert self.keys
        claims = verified(token, self.keys)
        if reason := outside(claims, self.family, to_users=self.to_users):
            raise Refused(403, "Forbidden", reason)
        return claims

    def credentials(self, headers: Headers, scheme: str) -> str | None:
        """Give what the caller shows under a scheme, to this function or to the gateway before it."""
        forwarded = credentials(headers, scheme, FORWARDED) if self.forwarded else None
        return forwarded or credentials(headers, scheme)

    async def signed_body(self, signature: Signature, receive: Receive) -> Receive:
        """Read the body, make sure that it is the one that was signed, and give it to the app once more."""
        body, more = bytearray(), True
        while more:
            message = await receive()
            if message["type"] != "http.request":
                break
            body += message.get("body", b"")
            more = message.get("more_body", False)
            if len(body) > self.body_bytes:
                raise too_large(self.body_bytes)
        try:
            signature.check_body(bytes(body))
        except BadSignature as error:
            raise unauthorized(str(error), SCHEME) from error
        whole: list[Message] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def again() -> Message:
            return whole.pop() if whole else await receive()

        return again


def bearer(headers: Headers) -> str | None:
    """Give the token that a request came with, if it has one."""
    return credentials(headers, "Bearer")


def credentials(headers: Headers, scheme: str, name: str = "authorization") -> str | None:
    """Give what a header shows under a scheme, if it does."""
    shown, _, value = headers.get(name, "").partition(" ")
    return value.strip() or None if shown.lower() == scheme.lower() else None


def check_local(scope: Scope, headers: Headers) -> None:
    """Let only programs on this machine in: not its network, and not web pages that its browser shows.

    A page can post to 127.0.0.1, under its own origin, or under a name of its own that resolves there.
    """
    client = scope.get("client")
    origin = headers.get("origin")
    pages = [headers.get("host", "")] + ([origin.partition("://")[2]] if origin is not None else [])
    if client is None or not is_loopback(client[0]) or not all(map(is_loopback, map(host_of, pages))):
        raise unauthorized(
            "This family has none of TIERCEL_JWT_KEY, TIERCEL_JWT_SECRET and TIERCEL_HMAC_SECRET, so it "
            "answers only programs on its own machine; set one, and sign tokens or requests with it."
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


def unauthorized(message: str, scheme: str = "Bearer") -> Refused:
    """Refuse with 401."""
    return Refused(401, "Unauthorized", message, headers={"WWW-Authenticate": scheme})


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
