"""Object stores of this machine: S3, GCS and Azure as emulators, Supabase Storage by its own path."""

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar, TypeAlias
from urllib.request import Request, urlopen

import pytest

from tests.servers import note
from tests.unit.cloud.emulator import moto_server

TOOLS = Path(__file__).parents[3] / ".venv/azurite"
AZURITE = "azurite@3.37.0"
BUCKET = "tiercel"
DOOR = "/storage/v1/s3"
BOOT_SECONDS = 30
Rewrite: TypeAlias = Callable[[str, str], str]
SIGNED = (
    "AWS4-HMAC-SHA256 Credential=test/20200101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0"
)
"""What moto wants to see, and does not check."""
HOP = ("connection", "transfer-encoding")


@contextmanager
def s3_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run moto's S3 and make a bucket there."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    with moto_server() as endpoint:
        ask("PUT", f"{endpoint}/{BUCKET}")
        yield f"s3://{BUCKET}/some/prefix?endpoint={endpoint}&region=us-east-1"


@contextmanager
def supabase_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run moto's S3 behind the path at which Supabase Storage has its own."""
    monkeypatch.setenv("SUPABASE_S3_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("SUPABASE_S3_SECRET_ACCESS_KEY", "test")
    with moto_server() as endpoint, door_to(endpoint, without_door) as port:
        ask("PUT", f"{endpoint}/{BUCKET}")
        yield f"supabase://127.0.0.1:{port}/{BUCKET}"


@contextmanager
def gcs_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run moto's S3 as GCS, whose XML interface is that of S3 but for the names of headers.

    fake-gcs-server knows that interface only in parts: it gives no ETag, and signed uploads only.
    """
    with moto_server() as endpoint, door_to(endpoint, with_slashes) as port:
        ask("PUT", f"{endpoint}/{BUCKET}")
        yield f"gs://{BUCKET}/some/prefix?endpoint=http://127.0.0.1:{port}"


@contextmanager
def azure_url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Run azurite and make a container there."""
    program = azurite()
    port = free_port()
    options = ["--inMemoryPersistence", "--skipApiVersionCheck", "--silent"]
    options += ["--blobHost", "127.0.0.1", "--blobPort", str(port)]
    endpoint = f"http://127.0.0.1:{port}/devstoreaccount1"
    # the account and the key that every such emulator has
    key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_NAME", "devstoreaccount1")
    monkeypatch.setenv("AZURE_STORAGE_ACCOUNT_KEY", key)
    with booted([str(program), *options], port):
        note("azurite", "emulated", AZURITE)
        make_container(endpoint, key)
        yield f"az://{BUCKET}/some/prefix?endpoint={endpoint}"


def azurite() -> Path:
    """Give azurite, which npm fetches once into the environment of this checkout."""
    program = TOOLS / "node_modules/.bin/azurite-blob"
    if not program.exists():
        npm = shutil.which("npm")
        if npm is None:
            note("azurite", "missing", "install npm")
            pytest.skip("npm is not installed here, which fetches azurite")
        command = [npm, "install", "--prefix", str(TOOLS), "--no-audit", "--no-fund", AZURITE]
        if subprocess.run(command, capture_output=True, check=False, timeout=300).returncode:
            note("azurite", "missing", f"npm install {AZURITE} fails here")
            pytest.skip(f"npm cannot install {AZURITE} here")
    return program


def make_container(endpoint: str, key: str) -> None:
    """Make a container, signed as Azure's shared keys are."""
    import base64
    import hashlib
    import hmac
    from email.utils import formatdate

    date = formatdate(usegmt=True)
    path = f"/devstoreaccount1/{BUCKET}"
    headers = f"x-ms-date:{date}\nx-ms-version:2021-08-06"
    resource = f"/devstoreaccount1{path}\nrestype:container"
    text = "PUT" + "\n" * 12 + f"{headers}\n{resource}"
    signature = base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest())
    request = Request(f"{endpoint}/{BUCKET}?restype=container", method="PUT")
    request.add_header("Content-Length", "0")
    request.add_header("x-ms-date", date)
    request.add_header("x-ms-version", "2021-08-06")
    request.add_header("Authorization", f"SharedKey devstoreaccount1:{signature.decode()}")
    with urlopen(request) as answer:
        assert answer.status == 201


@contextmanager
def booted(command: list[str], port: int) -> Iterator[None]:
    """Run a server, and wait until it listens."""
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            deadline = time.monotonic() + BOOT_SECONDS
            while not listens(port):
                assert server.poll() is None, f"{command[0]} ended before it was ready"
                assert time.monotonic() < deadline, f"{command[0]} was not ready in time"
            yield
        finally:
            server.terminate()
            try:
                server.wait(BOOT_SECONDS)
            except subprocess.TimeoutExpired:
                server.kill()  # one that holds on to a connection does not go by itself


def listens(port: int) -> bool:
    """Say whether somebody listens."""
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    """Give a port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(method: str, url: str, body: bytes = b"") -> None:
    """Send a request."""
    request = Request(url, data=body, method=method, headers={"Content-Type": "application/json"})
    with urlopen(request) as answer:
        assert answer.status == 200


def without_door(method: str, path: str) -> str:
    """Take Supabase's path away."""
    assert path.startswith(DOOR)
    return path.removeprefix(DOOR)


def with_slashes(method: str, path: str) -> str:
    """Write the slashes of an object's name as such: GCS takes them in either form."""
    name, _, query = path.partition("?")
    return f"{name.replace('%2F', '/')}?{query}" if query else name.replace("%2F", "/")


class Door(BaseHTTPRequestHandler):
    """Pass what comes on to another server, at another path."""

    protocol_version = "HTTP/1.1"
    target: ClassVar[str]
    rewritten: ClassVar[Rewrite]

    def forward(self) -> None:
        """Ask the server behind, and give its answer."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        connection = HTTPConnection(self.target)
        kept = {name.title(): text for name, text in self.headers.items() if name.lower() != "host"}
        if not kept.get("Authorization", "").startswith("AWS4"):
            kept["Authorization"] = SIGNED
        headers = {name.lower().replace("x-goog-", "x-amz-"): text for name, text in kept.items()}
        connection.request(self.command, type(self).rewritten(self.command, self.path), body, headers)
        answer = connection.getresponse()
        content = answer.read()
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in (*HOP, "content-length", "date", "server"):
                self.send_header(name, value)
        length = answer.getheader("Content-Length") if self.command == "HEAD" else str(len(content))
        self.send_header("Content-Length", length or "0")
        self.end_headers()
        self.wfile.write(content)
        connection.close()

    do_GET = do_PUT = do_POST = do_DELETE = do_HEAD = forward

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def door_to(endpoint: str, rewritten: Rewrite) -> Iterator[int]:
    """Serve the door on a free port."""
    members = {"target": endpoint.removeprefix("http://"), "rewritten": staticmethod(rewritten)}
    handler = type("Bound", (Door,), members)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
