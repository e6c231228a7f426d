"""A private pgbouncer before a private Postgres: each transaction may meet another server connection."""

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from tests.postgres import USER, free_port
from tests.servers import note

SETTINGS = """
[databases]
* = host={host} port={port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {listen_port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 12
min_pool_size = 3
server_round_robin = 1
server_check_delay = 0
logfile = {home}/log
pidfile = {home}/pid
admin_users = {user}
"""
"""Round robin: what one transaction leaves behind on its connection, the next one does not find."""


@contextmanager
def running(postgres_url: str) -> Iterator[str | None]:
    """Give the URL of a pooler of our own in transaction mode; None where the program is missing."""
    program = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin") or _installed()
    if program is None:
        note("PgBouncer", "missing", "install the package pgbouncer")
        yield None
        return
    home = Path(tempfile.mkdtemp(prefix="tiercel-pooler-"))
    behind, port = urlsplit(postgres_url), free_port()
    places = {"host": behind.hostname, "port": behind.port, "user": USER, "listen_port": port, "home": home}
    (home / "settings.ini").write_text(SETTINGS.format(**places))
    owner = USER if os.getuid() == 0 else None
    if owner:
        shutil.chown(home, owner)
    process = subprocess.Popen([program, "-q", home / "settings.ini"], cwd="/", user=owner)
    try:
        while not _listens(port):
            assert process.poll() is None, (home / "log").read_text()
        version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True)
        note("PgBouncer", "real", version.stdout.split()[1])
        yield f"postgresql://{USER}@127.0.0.1:{port}/postgres"
    finally:
        process.terminate()
        process.wait()
        shutil.rmtree(home, ignore_errors=True)


def _installed() -> str | None:
    """Fetch the program where the tests may: as root, from Debian."""
    if os.getuid() != 0 or not shutil.which("apt-get"):
        return None
    command = [
        "apt-get",
        "install",
        "-qq",
        "-y",
        "-o",
        "DPkg::Lock::Timeout=60",
        "--no-install-recommends",
        "pgbouncer",
    ]
    subprocess.run(
        command, capture_output=True, check=False, env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    )
    return shutil.which("pgbouncer", path="/usr/sbin")


def _listens(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0
