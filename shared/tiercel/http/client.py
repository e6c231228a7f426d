"""The HTTP client of the tasks: async, guarded, with errors that say what happens next."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from tiercel import clock
from tiercel.errors import Retriable, TaskFailed
from tiercel.http.guard import Guard
from tiercel.http.ways import USUAL, Way

if TYPE_CHECKING:
    import httpx

REDIRECTS = 5
USER_AGENT = "tiercel"
TIMEOUT_SECONDS = 30.0
CONNECTIONS = 100
RESPONSE_BYTES = 32 * 1024 * 1024
SHOWN_CHARACTERS = 300
"""How much of an error's body its message shows."""


class Response(NamedTuple):
    """One answer. `headers`: names in lower case; `url`: where redirects led."""

    status: int
    headers: Mapping[str, str]
    content: bytes
    url: str
    encoding: str = "utf-8"

    @property
    def text(self) -> str:
        """Give the body as text."""
        return self.content.decode(self.encoding, errors="replace")

    @property
    def content_type(self) -> str:
        """Give the content type in lower case, '' where there is none."""
        return self.headers.get("content-type", "").lower()

    def json(self) -> Any:
        """Read the body as JSON."""
        try:
            return json.loads(self.content)
        except ValueError as error:
            raise TaskFailed(f"{self.url} answered {self.status} with a body that is no JSON.") from error


class HttpClient:
    """Call HTTP services; built on first use, one connection pool per event loop.

    5xx, 429 and lost connections raise `Retriable`, other 4xx `TaskFailed`; `check=False` gives all answers.
    """

    def __init__(self, guard: Guard | None = None, *, connections: int = CONNECTIONS) -> None:
        self.guard = guard or Guard()
        self.connections = connections
        self._client: httpx.AsyncClient | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def get(self, url: str, **options: Any) -> Response:
        """Send GET; options as for `request`."""
        return await self.request("GET", url, **options)

    async def post(self, url: str, **options: Any) -> Response:
        """Send POST; options as for `request`."""
        return await self.request("POST", url, **options)

    async def put(self, url: str, **options: Any) -> Response:
        """Send PUT; options as for `request`."""
        return await self.request("PUT", url, **options)

    async def delete(self, url: str, **options: Any) -> Response:
        """Send DELETE; options as for `request`."""
        return await self.request("DELETE", url, **options)

    async def request(
        self,
        method: str,
        url: str,
        *,
        check: bool = True,
        max_bytes: int = RESPONSE_BYTES,
        **options: Any,
    ) -> Response:
        """Send a request and read its answer, up to `max_bytes`; options as for `stream`."""
        async with self.stream(method, url, **options) as answer:
            content = await read(answer, max_bytes, url)
        headers = {name.lower(): value for name, value in answer.headers.items()}
        encoding = answer.charset_encoding or "utf-8"
        response = Response(answer.status_code, headers, content, str(answer.url), encoding)
        return checked(method, response) if check else response

    @asynccontextmanager
    async def stream(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        json: Any = None,
        content: bytes | str | None = None,
        data: Mapping[str, Any] | None = None,
        files: Any = None,
        auth: "tuple[str, str] | httpx.Auth | None" = None,
        follow_redirects: bool = True,
        timeout_seconds: float = TIMEOUT_SECONDS,
        connect_seconds: float | None = None,
        way: Way = USUAL,
    ) -> "AsyncIterator[httpx.Response]":
        """Send a request and give its answer before its body is read; statuses are not looked at.

        `json`, `content`, `data` (a form) or `files` (multipart) is the body; `timeout_seconds`: each wait,
        `connect_seconds`: the one for a connection, where it is another.
        """
        import httpx

        given = {
            "json": json,
            "content": content,
            "data": data,
            "files": files,
            "auth": auth,
            "params": params,
        }
        answered = False
        try:
            async with (
                self.clients(way) as client,
                client.stream(
                    method.upper(),
                    url,
                    headers=dict(headers or {}),
                    follow_redirects=follow_redirects,
                    timeout=httpx.Timeout(timeout_seconds, connect=connect_seconds or timeout_seconds),
                    **{name: value for name, value in given.items() if value is not None},
                ) as answer,
            ):
                answered = True
                yield answer
        except (ValueError, OverflowError, ExceptionGroup) as error:
            if answered:
                raise  # whoever reads the answer has raised it
            raise unsent(method, url, error) from error
        except httpx.LocalProtocolError as error:
            raise unsent(method, url, error) from error
        except httpx.DecodingError as error:
            raise TaskFailed(
                f"{method} {shown(url)} answered with a body that is not encoded as its header says "
                f"({str(error).rstrip('.')}); ask for it with the header Accept-Encoding: identity."
            ) from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol) as error:
            raise TaskFailed(
                f"'{shown(url)}' cannot be called ({error}); write an http:// or https:// URL."
            ) from error
        except httpx.TooManyRedirects as error:
            raise TaskFailed(
                f"{method} {shown(url)} was redirected more than {REDIRECTS} times; correct the URL."
            ) from error
        except httpx.ConnectTimeout as error:
            waited = connect_seconds or timeout_seconds
            raise Retriable(f"{method} {shown(url)} got no connection within {waited:g} s.") from error
        except httpx.TimeoutException as error:
            raise Retriable(f"{method} {shown(url)} got no answer within {timeout_seconds:g} s.") from error
        except httpx.TransportError as error:
            raise lost(method, url, error) from error

    def client(self) -> "httpx.AsyncClient":
        """Give the connection pool of the running loop: connections cannot move from one loop to another."""
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            self._client, self._loop = self.made(USUAL), loop
        return self._client

    @asynccontextmanager
    async def clients(self, way: Way) -> "AsyncIterator[httpx.AsyncClient]":
        """Give the client for a way of connecting; one that is unusual is made for this call only."""
        if way == USUAL:
            yield self.client()
            return
        async with self.made(way) as client:
            yield client

    def made(self, way: Way) -> "httpx.AsyncClient":
        """Make a client."""
        import httpx

        from tiercel.http.transport import GuardedTransport

        # trust_env: a proxy or a .netrc from the environment would go around the guard
        return httpx.AsyncClient(
            transport=GuardedTransport(self.guard, self.connections, way),
            trust_env=False,
            max_redirects=REDIRECTS,
            headers={"User-Agent": USER_AGENT},
        )

    async def close(self) -> None:
        """Close the connections of the running loop."""
        if self._client is not None and self._loop is asyncio.get_running_loop():
            await self._client.aclose()
        self._client = None


async def read(answer: "httpx.Response", max_bytes: int, url: str) -> bytes:
    """Read a body, decompressed, up to a limit."""
    content = bytearray()
    async for chunk in answer.aiter_bytes():
        content += chunk
        if len(content) > max_bytes:
            raise TaskFailed(
                f"{shown(url)} answered with more than the {max_bytes:,} bytes that a task may hold; "
                "ask for less, or download it to a file."
            )
    return bytes(content)


def checked(method: str, response: Response) -> Response:
    """Raise for statuses that are failures."""
    if response.status < 400:
        return response
    told = " ".join(response.text.split())[:SHOWN_CHARACTERS]
    message = f"{method} {shown(response.url)} answered {response.status}{f': {told}' if told else ''}."
    if response.status == 429 or response.status >= 500:
        raise Retriable(message, retry_after=retry_after(response.headers.get("retry-after")))
    raise TaskFailed(message)


def retry_after(header: str | None) -> float | None:
    """Read Retry-After, seconds or a date, as seconds from now."""
    if not header:
        return None
    if header.strip().isdigit():
        return float(header)
    try:
        return max(0.0, (parsedate_to_datetime(header) - clock.now()).total_seconds())
    except (ValueError, TypeError):
        return None


def lost(method: str, url: str, error: Exception) -> TaskFailed:
    """Say that a connection failed; a bad certificate stays bad, everything else may pass."""
    reason = (str(error) or type(error).__name__).rstrip(".")
    if "CERTIFICATE" in reason.upper():
        return TaskFailed(
            f"{method} {shown(url)} failed: the server's certificate is not trusted ({reason})."
        )
    return Retriable(
        f"{method} {shown(url)} failed: {reason}; see that it runs and can be reached from here."
    )


def unsent(method: str, url: str, error: Exception) -> TaskFailed:
    """Say that there is no such request: its host, its port, its proxy or a header cannot be written."""
    inner = error.exceptions[0] if isinstance(error, ExceptionGroup) else error
    reason = (str(inner) or type(inner).__name__).partition("\n")[0].rstrip(".")
    return TaskFailed(
        f"{method} {shown(url)} cannot be sent ({reason}); correct its method, host, port, headers or proxy."
    )


def shown(url: str) -> str:
    """Write a URL for a message: without user, query and fragment, where secrets may stand."""
    try:
        parts = urlsplit(url)
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return "the URL"
    return f"{parts.scheme}://{host}{parts.path}" if host else parts.path
