"""A private Postgres for tests: started where Debian's server is at hand, and ended with them."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
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


@contextmanager
def running(*, durable: bool = False) -> Iterator[str | None]:
    """Give the URL of a server of our own; None where there is none to start.

    `durable`: whether a commit waits for the disk, as it does outside of tests.
    """
    binaries = programs()
    if binaries is None:
        note("Postgres", "missing", "install the package postgresql")
        yield None
        return
    home = Path(tempfile.mkdtemp(prefix="tiercel-postgres-"))
    if os.getuid() == 0:
        shutil.chown(home, USER)
    data, port = home / "data", free_port()
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home}"
    options += "" if durable else " -c fsync=off"
    try:
        _as_owner([binaries / "initdb", "-D", data, "-A", "trust", "-U", USER, "--no-sync"])
        (data / "pg_hba.conf").write_text(ENTRIES)
        _as_owner([binaries / "pg_ctl", "-D", data, "-w", "-o", options, "-l", home / "log", "start"])
        note("Postgres", "real", binaries.parts[-2])
        yield f"postgresql://{USER}@127.0.0.1:{port}/postgres"
        _as_owner([binaries / "pg_ctl", "-D", data, "-m", "immediate", "stop"])
    finally:
        shutil.rmtree(home, ignore_errors=True)
