"""A cloud that answers over HTTP: moto's server, as a process of its own."""

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import boto3

from tests import servers

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

KEY = "test"
READY = "Running on"


@contextmanager
def moto_server() -> Iterator[str]:
    """Run the server on a free port and give its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    program = str(Path(sys.executable).with_name("moto_server"))
    with subprocess.Popen(
        [program, "-H", "127.0.0.1", "-p", str(port)],
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        text=True,
    ) as server:
        assert server.stderr is not None
        try:
            assert any(READY in line for line in server.stderr), "moto_server ended before it was ready"
            servers.note("moto", "emulated", "started")
            # it logs each request, and would stand still once nobody reads that
            threading.Thread(target=server.stderr.read, daemon=True).start()
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()


def s3_client(endpoint: str) -> "S3Client":
    """Open a client of the emulator."""
    return boto3.client(
        "s3",
        region_name="us-east-1",
        endpoint_url=endpoint,
        aws_access_key_id=KEY,
        aws_secret_access_key=KEY,
    )
