"""httpx's transport over a connection pool that dials only what the guard allows."""

import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Iterable
from typing import Any

import httpcore
import httpx

from tiercel.http.guard import Guard, UnknownHost
from tiercel.http.ways import USUAL, Way

ERRORS = {
    httpcore.ConnectTimeout: httpx.ConnectTimeout,
    httpcore.ReadTimeout: httpx.ReadTimeout,
    httpcore.WriteTimeout: httpx.WriteTimeout,
    httpcore.PoolTimeout: httpx.PoolTimeout,
    httpcore.ProxyError: httpx.ProxyError,
    httpcore.ConnectError: httpx.ConnectError,
    httpcore.ReadError: httpx.ReadError,
    httpcore.WriteError: httpx.WriteError,
    httpcore.UnsupportedProtocol: httpx.UnsupportedProtocol,
    httpcore.LocalProtocolError: httpx.LocalProtocolError,
    httpcore.RemoteProtocolError: httpx.RemoteProtocolError,
}


class GuardedNetwork(httpcore.AsyncNetworkBackend):
    """Resolve a name once, check the answer, dial that: a second answer of the resolver changes nothing."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard
        self.network = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        try:
            addresses = await self.guard.resolve(host, port)
        except UnknownHost as error:
            raise httpcore.ConnectError(str(error)) from error
        for address in addresses[:-1]:  # a name may have an address that leads nowhere from here
            with contextlib.suppress(httpcore.ConnectError, httpcore.ConnectTimeout):
                return await self.network.connect_tcp(address, port, timeout, local_address, socket_options)
        return await self.network.connect_tcp(addresses[-1], port, timeout, local_address, socket_options)

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        raise httpcore.ConnectError("Unix sockets are not for tasks")

    async def sleep(self, seconds: float) -> None:
        await self.network.sleep(seconds)


class Body(httpx.AsyncByteStream):
    """An answer's body, as httpx wants it."""

    def __init__(self, stream: AsyncIterable[bytes]) -> None:
        self.stream = stream

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for chunk in self.stream:
                yield chunk
        except tuple(ERRORS) as error:
            raise translated(error) from error

    async def aclose(self) -> None:
        close = getattr(self.stream, "aclose", None)
        if close:
            await close()


class GuardedTransport(httpx.AsyncBaseTransport):
    """Send requests through the guarded pool, or through a proxy that the guard allows."""

    def __init__(self, guard: Guard, connections: int, way: Way = USUAL) -> None:
        self.guard = guard
        self.proxied = way.proxy is not None
        self.pool = pool_of(way, connections, GuardedNetwork(guard))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request; redirects come back here, and so through the guard."""
        if self.proxied:
            await self.check_target(request.url)
        url = httpcore.URL(
            scheme=request.url.raw_scheme,
            host=request.url.raw_host,
            port=request.url.port,
            target=request.url.raw_path,
        )
        if url.scheme not in (b"http", b"https"):
            raise httpx.UnsupportedProtocol(f"the scheme is '{url.scheme.decode()}'")
        sent = httpcore.Request(
            method=request.method,
            url=url,
            headers=request.headers.raw,
            content=request.stream,
            extensions=request.extensions,
        )
        try:
            answer = await self.pool.handle_async_request(sent)
        except tuple(ERRORS) as error:
            raise translated(error) from error
        stream: Any = answer.stream
        return httpx.Response(
            answer.status, headers=answer.headers, stream=Body(stream), extensions=answer.extensions
        )

    async def check_target(self, url: httpx.URL) -> None:
        """Refuse what a proxy must not be asked for either; a name that only it knows is its matter."""
        port = url.port or (443 if url.scheme == "https" else 80)
        with contextlib.suppress(UnknownHost):
            await self.guard.resolve(url.host, port)

    async def aclose(self) -> None:
        await self.pool.aclose()


def pool_of(
    way: Way, connections: int, network: httpcore.AsyncNetworkBackend
) -> httpcore.AsyncConnectionPool:
    """Make the pool of one way of connecting."""
    options: dict[str, Any] = {
        "ssl_context": httpx.create_ssl_context(verify=way.verify, trust_env=False),
        "max_connections": connections,
        # all may idle: one too many is closed even when a request has just been given it
        "max_keepalive_connections": None,
        "keepalive_expiry": 5.0,
        "network_backend": network,
    }
    if way.proxy is None:
        return httpcore.AsyncConnectionPool(**options)
    if way.proxy.kind == "SOCKS":
        return httpcore.AsyncSOCKSProxy(proxy_url=way.proxy.url, proxy_auth=way.proxy.auth, **options)
    return httpcore.AsyncHTTPProxy(proxy_url=way.proxy.url, proxy_auth=way.proxy.auth, **options)


def translated(error: Exception) -> httpx.TransportError:
    """Give httpx's error for httpcore's."""
    for kind in type(error).__mro__:
        if kind in ERRORS:
            return ERRORS[kind](str(error))
    return httpx.TransportError(str(error))
