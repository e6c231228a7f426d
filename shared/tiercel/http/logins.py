"""Log-ins of HTTP calls: what each kind of `auth` adds to a request."""

from typing import TYPE_CHECKING, Any

from tiercel.errors import TaskFailed
from tiercel.http.options import (
    BearerAuth,
    ClientCredentials,
    DigestAuth,
    HttpConfiguration,
    basic_login,
    call_options,
    plain,
)

if TYPE_CHECKING:
    from tiercel.http.client import HttpClient


async def logged_in(client: "HttpClient", options: HttpConfiguration) -> dict[str, Any]:
    """Give what logs a call in: `auth`, or a header; an OAuth 2 token is fetched."""
    if login := basic_login(options):
        return {"auth": login}
    match options.auth:
        case BearerAuth(token=token):
            return {"headers": {"Authorization": f"Bearer {plain(token)}"}}
        case DigestAuth(username=name, password=password):
            import httpx

            return {"auth": httpx.DigestAuth(name or "", plain(password))}
        case ClientCredentials() as credentials:
            fetched = await fetch_token(client, credentials, options)
            return {"headers": {"Authorization": f"Bearer {fetched}"}}
        case _:
            return {}


async def fetch_token(
    client: "HttpClient", credentials: ClientCredentials, options: HttpConfiguration
) -> str:
    """Fetch a token for client credentials (RFC 6749, section 4.4)."""
    form = {"grant_type": "client_credentials"}
    if credentials.scopes:
        form["scope"] = " ".join(credentials.scopes)
    if credentials.audience:
        form["audience"] = credentials.audience
    answer = await client.post(
        credentials.token_url,
        data=form,
        auth=(credentials.client_id, plain(credentials.client_secret)),
        **call_options(options),
    )
    found = answer.json()
    token = found.get("access_token") if isinstance(found, dict) else None
    if not isinstance(token, str) or not token:
        raise TaskFailed(
            f"{credentials.token_url} gave no `access_token`: correct `options.auth`, or ask its server why."
        )
    return token
