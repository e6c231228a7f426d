"""Child processes: allow-listed environment, own process group, limits, a deadline, output as it comes."""

import asyncio
import codecs
import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from tiercel.errors import TaskFailed

INHERITED = ("PATH", "HOME", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR", "USER", "SHELL", "SSL_CERT_FILE")
"""What a child may know of our environment: nothing that could hold a credential."""
OUTPUT_BYTES = 10 * 1024 * 1024
LINE_CHARACTERS = 1 << 20
TERM_SECONDS = 2.0
DRAIN_SECONDS = 2.0

OnLine = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a child may use at most; None means as much as we may."""

    cpu_seconds: int | None = None
    memory_bytes: int | None = None
    open_files: int | None = None
    file_bytes: int | None = None


@dataclass(frozen=True, slots=True)
class Exit:
    """How a child ended. `code`: negative for a signal, as in subprocess; `truncated`: output was cut."""

    code: int
    timed_out: bool = False
    truncated: bool = False


def child_environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """Make the environment of a child: the allow-list of ours, and what the task declares."""
    return {name: os.environ[name] for name in INHERITED if name in os.environ} | dict(extra or {})


async def run(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str] | None = None,
    on_stdout: OnLine | None = None,
    on_stderr: OnLine | None = None,
    timeout_seconds: float | None = None,
    limits: Limits | None = None,
    max_bytes: int = OUTPUT_BYTES,
    stdin: bytes | None = None,
) -> Exit:
    """Run a program to its end, and end whatever it started with it.

    `env`: added to the allow-list. Lines arrive without their newline. Output beyond `max_bytes` is dropped.
    At the timeout, or when the awaiting task is cancelled, the whole group gets SIGTERM, then SIGKILL.
    """
    child = Child(on_stdout, on_stderr, Budget(max_bytes))
    transport = await start(child, argv, cwd, env, stdin)
    timed_out = False
    try:
        limit(child.pid, limits)
        feed(transport, stdin)
        async with asyncio.timeout(timeout_seconds):
            await child.exited.wait()
    except TimeoutError:
        timed_out = True
    finally:
        try:
            await end_group(child)
            await child.drained()
        finally:
            transport.close()
    code = transport.get_returncode()
    return Exit(-signal.SIGKILL if code is None else code, timed_out, child.budget.exceeded)


async def start(
    child: "Child", argv: Sequence[str], cwd: Path, env: Mapping[str, str] | None, stdin: bytes | None
) -> asyncio.SubprocessTransport:
    """Start the program in a session, and so a process group, of its own."""
    try:
        transport, _ = await asyncio.get_running_loop().subprocess_exec(
            lambda: child,
            *argv,
            cwd=cwd,
            env=child_environment(env),
            stdin=subprocess.DEVNULL if stdin is None else subprocess.PIPE,
            start_new_session=True,
        )
    except (FileNotFoundError, PermissionError, NotADirectoryError) as error:
        raise TaskFailed(
            f"'{argv[0]}' cannot be started ({error.strerror}); install it where tasks run, or correct it."
        ) from error
    except (ValueError, OSError) as error:  # a NUL in an argument, an argument list too long
        raise TaskFailed(
            f"'{argv[0]}' cannot be started ({error}); correct its arguments or environment."
        ) from error
    return transport


def feed(transport: asyncio.SubprocessTransport, content: bytes | None) -> None:
    """Write the child's input; a child that does not read it is no error."""
    if content is not None:
        pipe = cast("asyncio.WriteTransport", transport.get_pipe_transport(0))
        pipe.write(content)
        pipe.write_eof()


class Child(asyncio.SubprocessProtocol):
    """What asyncio tells of one child.

    Not asyncio's own streams: their `wait` also waits, in some versions of Python, for pipes to close that a
    process in the background may hold open.
    """

    def __init__(self, on_stdout: OnLine | None, on_stderr: OnLine | None, budget: "Budget") -> None:
        self.lines = {1: Lines(on_stdout), 2: Lines(on_stderr)}
        self.budget = budget
        self.exited = asyncio.Event()
        self.closed = asyncio.Event()
        self.open = {1, 2}
        self.pid = 0
        self.error: Exception | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.pid = cast("asyncio.SubprocessTransport", transport).get_pid()

    def pipe_data_received(self, fd: int, data: bytes) -> None:
        # what is over the cap is read, too, or the child would block
        self.attempt(lambda: self.lines[fd].add(self.budget.take(data)))

    def pipe_connection_lost(self, fd: int, exc: Exception | None) -> None:
        self.open.discard(fd)
        if not self.open:
            self.closed.set()

    def process_exited(self) -> None:
        self.exited.set()

    async def drained(self) -> None:
        """Wait for the pipes to close, but not for ever: a process that left the group may hold them open."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(DRAIN_SECONDS):
                await self.closed.wait()
        for lines in self.lines.values():
            self.attempt(lines.flush)
        if self.error:
            raise self.error

    def attempt(self, work: Callable[[], None]) -> None:
        """Keep the first error of a line's receiver: raised here, it would end in asyncio's log."""
        try:
            work()
        except Exception as error:
            self.error = self.error or error


class Budget:
    """Count the bytes of both streams against one cap."""

    def __init__(self, max_bytes: int) -> None:
        self.left = max_bytes
        self.exceeded = False

    def take(self, chunk: bytes) -> bytes:
        """Give what of a chunk is still within the cap."""
        taken = chunk[: self.left]
        self.exceeded |= len(taken) < len(chunk)
        self.left -= len(taken)
        return taken


class Lines:
    """Cut chunks into lines; a line that does not end is passed on in pieces."""

    def __init__(self, on_line: OnLine | None) -> None:
        self.on_line = on_line
        self.decode = codecs.getincrementaldecoder("utf-8")(errors="replace").decode
        self.rest = ""

    def add(self, chunk: bytes, final: bool = False) -> None:
        """Take one chunk in."""
        *complete, self.rest = (self.rest + self.decode(chunk, final)).split("\n")
        for line in complete:
            self.give(line)
        while len(self.rest) > LINE_CHARACTERS:
            self.give(self.rest[:LINE_CHARACTERS])
            self.rest = self.rest[LINE_CHARACTERS:]

    def flush(self) -> None:
        """Pass on what has no newline at its end."""
        self.add(b"", final=True)
        if self.rest:
            self.give(self.rest)
        self.rest = ""

    def give(self, line: str) -> None:
        """Pass on one line."""
        if self.on_line:
            self.on_line(line.removesuffix("\r"))


def limit(pid: int, limits: Limits | None) -> None:
    """Set the child's limits from outside: code between fork and exec may deadlock beside threads."""
    if limits is None or sys.platform != "linux":
        return
    import resource

    wanted = {
        resource.RLIMIT_CPU: limits.cpu_seconds,
        resource.RLIMIT_AS: limits.memory_bytes,
        resource.RLIMIT_NOFILE: limits.open_files,
        resource.RLIMIT_FSIZE: limits.file_bytes,
    }
    for kind, value in wanted.items():
        if value is not None:
            with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended already
                resource.prlimit(pid, kind, (value, value))


async def end_group(child: Child) -> None:
    """End all that is left of the group: politely while its leader lives, then at once."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        if not child.exited.is_set():
            send(child.pid, number)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(TERM_SECONDS):
                    await child.exited.wait()
    send(child.pid, signal.SIGKILL)


def send(group: int, number: int) -> None:
    """Send a signal to a whole process group, which may be gone."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, number)
