"""The `options` of HTTP tasks: waits, proxy, certificates, log-in, and which answers are failures."""

import re
from datetime import timedelta
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, JsonValue, SecretStr

from tiercel.errors import InvalidParameters
from tiercel.http.ways import Proxy, Way
from tiercel.plugin import BaseParams, Static

DEPRECATED: dict[str, JsonValue] = {"deprecated": True}
"""Said in the schema only: pydantic's own mark warns whoever reads the property, and that is us."""
READ_SECONDS = 300.0
"""How long an answer, or its next part, may take: Kestra's five minutes."""


class TimeoutConfiguration(BaseParams):
    connect_timeout: timedelta | None = Field(None, description="How long a connection may take.")
    read_idle_timeout: timedelta | None = Field(
        timedelta(minutes=5), description="How long the answer, or its next part, may take."
    )


class ProxyConfiguration(BaseParams):
    type: Literal["DIRECT", "HTTP", "SOCKS"] = Field(
        "DIRECT", description="Kind of the proxy; DIRECT is none."
    )
    address: str | None = Field(None, description="Host of the proxy.")
    port: int | None = Field(None, description="Port of the proxy.")
    username: str | None = Field(None, description="User name for the proxy.")
    password: SecretStr | None = Field(None, description="Password for the proxy.")


class SslOptions(BaseParams):
    insecure_trust_all_certificates: bool | None = Field(
        None, description="Whether any certificate is taken, even one that nobody trusts."
    )


class BasicAuth(BaseParams):
    type: Static[Literal["BASIC"]] = Field(description="User name and password.")
    username: str | None = Field(None, description="The user name.")
    password: SecretStr | None = Field(None, description="The password.")


class DigestAuth(BaseParams):
    type: Static[Literal["DIGEST"]] = Field(description="User name and password, which is not sent itself.")
    username: str | None = Field(None, description="The user name.")
    password: SecretStr | None = Field(None, description="The password.")


class BearerAuth(BaseParams):
    type: Static[Literal["BEARER"]] = Field(description="A token.")
    token: SecretStr | None = Field(None, description="The token.")


class ClientCredentials(BaseParams):
    type: Static[Literal["OAUTH2"]] = Field(description="A token that is fetched first, by OAuth 2.")
    token_url: str = Field(description="Address that gives tokens for client credentials.")
    client_id: str = Field(description="Id of the client.")
    client_secret: SecretStr = Field(description="Secret of the client.")
    scopes: list[str] | None = Field(None, description="What the token is to be good for.")
    audience: str | None = Field(None, description="Whom the token is for, where the server asks for it.")


Auth: TypeAlias = Annotated[
    BasicAuth | DigestAuth | BearerAuth | ClientCredentials, Field(discriminator="type")
]
Part: TypeAlias = Literal["REQUEST_HEADERS", "REQUEST_BODY", "RESPONSE_HEADERS", "RESPONSE_BODY"]


class HttpConfiguration(BaseParams):
    timeout: TimeoutConfiguration | None = Field(None, description="How long to wait for what.")
    proxy: ProxyConfiguration | None = Field(None, description="The proxy to go through.")
    auth: Auth | None = Field(None, description="How to log in: BASIC, BEARER, DIGEST or OAUTH2.")
    ssl: SslOptions | None = Field(None, description="What to demand of certificates.")
    follow_redirects: bool = Field(True, description="Whether redirects are followed.")
    allow_failed: bool = Field(False, description="Whether an answer of 400 or more is no failure.")
    allowed_response_codes: list[int] | None = Field(
        None, description="The only codes that are no failure; those below 400 if left out."
    )
    enabled_tcp_extended_keep_alive: bool = Field(True, description="Without meaning here.")
    default_charset: str = Field("UTF-8", description="Charset of answers that name none.")
    logs: list[Part] | None = Field(None, description="What of the exchange the log is to show.")
    connect_timeout: timedelta | None = Field(
        None, description="Deprecated: use `timeout.connectTimeout`.", json_schema_extra=DEPRECATED
    )
    read_timeout: timedelta | None = Field(
        None, description="Deprecated: use `timeout.readIdleTimeout`.", json_schema_extra=DEPRECATED
    )
    read_idle_timeout: timedelta | None = Field(
        None, description="Deprecated: use `timeout.readIdleTimeout`.", json_schema_extra=DEPRECATED
    )
    connection_pool_idle_timeout: timedelta | None = Field(
        None, description="Deprecated; without meaning here.", json_schema_extra=DEPRECATED
    )
    proxy_type: Literal["DIRECT", "HTTP", "SOCKS"] | None = Field(
        None, description="Deprecated: use `proxy.type`.", json_schema_extra=DEPRECATED
    )
    proxy_address: str | None = Field(
        None, description="Deprecated: use `proxy.address`.", json_schema_extra=DEPRECATED
    )
    proxy_port: int | None = Field(
        None, description="Deprecated: use `proxy.port`.", json_schema_extra=DEPRECATED
    )
    proxy_username: str | None = Field(
        None, description="Deprecated: use `proxy.username`.", json_schema_extra=DEPRECATED
    )
    proxy_password: SecretStr | None = Field(
        None, description="Deprecated: use `proxy.password`.", json_schema_extra=DEPRECATED
    )
    basic_auth_user: str | None = Field(
        None, description="Deprecated: use `auth`.", json_schema_extra=DEPRECATED
    )
    basic_auth_password: SecretStr | None = Field(
        None, description="Deprecated: use `auth`.", json_schema_extra=DEPRECATED
    )
    log_level: str | None = Field(None, description="Deprecated: use `logs`.", json_schema_extra=DEPRECATED)
    max_content_length: int | None = Field(
        None, description="Deprecated: how many bytes an answer may have.", json_schema_extra=DEPRECATED, ge=1
    )


def read_seconds(options: HttpConfiguration) -> float:
    """Give how long an answer, or its next part, may take."""
    given = options.timeout.read_idle_timeout if options.timeout else None
    given = given or options.read_idle_timeout or options.read_timeout
    return given.total_seconds() if given else READ_SECONDS


def connect_seconds(options: HttpConfiguration) -> float | None:
    """Give how long a connection may take; None where that is not said."""
    given = (options.timeout.connect_timeout if options.timeout else None) or options.connect_timeout
    return given.total_seconds() if given else None


def way_of(options: HttpConfiguration, ssl: SslOptions | None = None) -> Way:
    """Give how to connect."""
    trusting = any(one.insecure_trust_all_certificates for one in (options.ssl, ssl) if one)
    return Way(verify=not trusting, proxy=proxy_of(options))


def proxy_of(options: HttpConfiguration) -> Proxy | None:
    """Give the proxy, whichever way it is written."""
    found = options.proxy or ProxyConfiguration(
        type=options.proxy_type or "DIRECT",
        address=options.proxy_address,
        port=options.proxy_port,
        username=options.proxy_username,
        password=options.proxy_password,
    )
    if found.type == "DIRECT":
        return None
    if not found.address or not found.port:
        raise InvalidParameters(
            "A proxy needs `address` and `port`: write both, or set its `type` to DIRECT."
        )
    login = (found.username, plain(found.password)) if found.username else None
    return Proxy(found.type, re.sub(r"^\w+://", "", found.address).rstrip("/"), found.port, login)


def basic_login(options: HttpConfiguration) -> tuple[str, str] | None:
    """Give user name and password, in either spelling."""
    if isinstance(options.auth, BasicAuth):
        return options.auth.username or "", plain(options.auth.password)
    if options.auth is None and options.basic_auth_user:
        return options.basic_auth_user, plain(options.basic_auth_password)
    return None


def plain(secret: SecretStr | None) -> str:
    """Give the text of a secret, "" where there is none."""
    return secret.get_secret_value() if secret else ""


def call_options(options: HttpConfiguration, ssl: SslOptions | None = None) -> dict[str, Any]:
    """Give what `HttpClient.stream` is to be called with; how to log in comes from `logged_in`."""
    return {
        "follow_redirects": options.follow_redirects,
        "timeout_seconds": read_seconds(options),
        "connect_seconds": connect_seconds(options),
        "way": way_of(options, ssl),
    }


def is_failure(status: int, options: HttpConfiguration, allow_failed: bool | None = None) -> bool:
    """Say whether a status is a failure."""
    if options.allow_failed or allow_failed:
        return False
    if options.allowed_response_codes:
        return status not in options.allowed_response_codes
    return status >= 400
