"""A real HTTP server for tests of the client: one answer per path, on this machine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass
class Seen:
    """What a server was asked: request lines, and headers in lower case."""

    requests: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)


def answer(status: int, body: bytes = b"", **headers: str) -> bytes:
    """Write an answer."""
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", "Connection: close"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@asynccontextmanager
async def serving(answers: dict[str, bytes]) -> AsyncIterator[tuple[str, Seen]]:
    """Serve `answers` by path; an empty answer hangs up. Gives the address and what was seen."""
    seen = Seen()

    async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        request, *lines = head.rstrip().split("\r\n")
        seen.requests.append(request)
        seen.headers.append(
            {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        )
        writer.write(answers[request.split()[1].partition("?")[0]])
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}", seen


def served(answers: dict[str, bytes], work: Callable[[str, Seen], Awaitable[None]]) -> None:
    """Run a test's work beside a server."""

    async def run() -> None:
        async with serving(answers) as (url, seen):
            await work(url, seen)

    asyncio.run(run())
