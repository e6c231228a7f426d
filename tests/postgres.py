"""A private Postgres for tests: started where Debian's server is at hand, and ended with them."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.servers import note

USER = "postgres"
GUARDED = "guarded"
"""A user of whom the server wants a password, if somebody creates it."""
ENTRIES = f"""
host all {GUARDED} 127.0.0.1/32 scram-sha-256
host all all 127.0.0.1/32 trust
local all all trust
"""


def programs() -> Path | None:
    """Name the folder of the newest server that is installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
    return found[-1].parent if found else None


def _as_owner(command: Sequence[str | Path]) -> None:
    """Run a command as somebody who may run a server: root may not."""
    who = ["runuser", "-u", USER, "--"] if os.getuid() == 0 else []
    subprocess.run([*who, *command], check=True, cwd="/", capture_output=True)


def free_port() -> int:
    """Give a port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@dataclass(frozen=True, slots=True)
class Server:
    """A server of our own, which can be stopped as if it had crashed, and started again."""

    binaries: Path
    home: Path
    port: int
    durable: bool = False
    """Whether a commit waits for the disk, as it does outside of tests."""

    @property
    def url(self) -> str:
        """Give the address of its database."""
        return f"postgresql://{USER}@127.0.0.1:{self.port}/postgres"

    @property
    def log(self) -> str:
        """Give what it has logged."""
        return (self.home / "log").read_text()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = ["listen_addresses=127.0.0.1", f"unix_socket_directories={self.home}"]
        settings += [] if self.durable else ["fsync=off"]
        options = " ".join([f"-p {self.port}", *(f"-c {setting}" for setting in settings)])
        self._control("-w", "-o", options, "-l", self.home / "log", "start")

    def stop(self) -> None:
        """Stop it at once: nobody is told, and it recovers from its log when it starts."""
        self._control("-m", "immediate", "stop")

    def _control(self, *command: str | Path) -> None:
        _as_owner([self.binaries / "pg_ctl", "-D", self.home / "data", *command])


@contextmanager
def serving(*, durable: bool = False) -> Iterator[Server | None]:
    """Give a server of our own; None where there is none to start."""
    binaries = programs()
    if binaries is None:
        note("Postgres", "missing", "install the package postgresql")
        yield None
        return
    home = Path(tempfile.mkdtemp(prefix="tiercel-postgres-"))
    if os.getuid() == 0:
        shutil.chown(home, USER)
    server = Server(binaries, home, free_port(), durable)
    try:
        _as_owner([binaries / "initdb", "-D", home / "data", "-A", "trust", "-U", USER, "--no-sync"])
        (home / "data" / "pg_hba.conf").write_text(ENTRIES)
        server.start()
        note("Postgres", "real", binaries.parts[-2])
        yield server
        server.stop()
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def running(*, durable: bool = False) -> Iterator[str | None]:
    """Give the URL of a server of our own; None where there is none to start."""
    with serving(durable=durable) as server:
        yield None if server is None else server.url
