"""A web server of this machine for the HTTP tasks, plain or with TLS, and the proxies to reach it by."""

import datetime
import json
import select
import socket
import socketserver
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass
class Asked:
    """One request as the server saw it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Route = Callable[["Handler"], None]


@dataclass
class Web:
    """A server: what it answers by path, and what it was asked."""

    url: str = ""
    routes: dict[str, Route] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)


class Handler(BaseHTTPRequestHandler):
    """Answer by the table of the server."""

    protocol_version = "HTTP/1.1"
    web: ClassVar[Web]

    def answer(self) -> None:
        """Note the request, and answer it."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else self.chunked()
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.web.asked.append(Asked(self.command, self.path, headers, body))
        route = self.web.routes.get(urlsplit(self.path).path)
        if route is None:
            self.give(404, b"no such page")
        else:
            route(self)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do_HEAD = answer

    def chunked(self) -> bytes:
        """Read a body that comes in chunks."""
        if "chunked" not in self.headers.get("Transfer-Encoding", ""):
            return b""
        body = b""
        while size := int(self.rfile.readline().strip(), 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def give(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Send a whole answer."""
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def give_json(self, value: Any, status: int = 200) -> None:
        """Send a value as JSON."""
        self.give(status, json.dumps(value).encode(), Content_Type="application/json")

    def give_open_end(self, chunks: Iterator[bytes], content_type: str = "text/plain") -> None:
        """Send chunks until they end or nobody listens, without saying how much will come."""
        self.send_response(200)
        self.send_header("Content-Type", content_type)
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        try:
            for chunk in chunks:
                self.wfile.write(chunk)
        except OSError:
            return

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet."""


class QuietServer(ThreadingHTTPServer):
    """A server whose clients may hang up, or not trust it."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep quiet."""


@contextmanager
def serving(routes: dict[str, Route], certificate: Path | None = None) -> Iterator[Web]:
    """Serve routes on a free port, with TLS where a certificate is given."""
    web = Web(routes=routes)
    server = QuietServer(("127.0.0.1", 0), type("Bound", (Handler,), {"web": web}))
    if certificate:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    web.url = f"{'https' if certificate else 'http'}://127.0.0.1:{server.server_address[1]}"
    with running(server):
        yield web


@contextmanager
def running(server: socketserver.BaseServer) -> Iterator[None]:
    """Run a server in a thread."""
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def self_signed(directory: Path) -> Path:
    """Write a certificate for 127.0.0.1 that nobody trusts, with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "nobody")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    path = directory / "server.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + certificate.public_bytes(serialization.Encoding.PEM)
    )
    return path


class Forwarder(socketserver.StreamRequestHandler):
    """Pass on what comes, to where the first lines say."""

    def pass_on(self, host: str, port: int, first: bytes = b"") -> None:
        """Copy both ways until one side is done."""
        with socket.create_connection((host, port)) as target:
            target.sendall(first)
            sides = {self.connection: target, target: self.connection}
            while True:
                for side in select.select(list(sides), [], [])[0]:
                    data = side.recv(65536)
                    if not data:
                        return
                    sides[side].sendall(data)


class HttpProxy(Forwarder):
    """An HTTP proxy for plain calls; notes what it was asked, and how the caller logged in."""

    asked: ClassVar[list[tuple[str, str]]]

    def handle(self) -> None:
        """Read the head, and pass the request on as it is."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += self.rfile.readline()
        request, *lines = head.decode().split("\r\n")
        login = next((line for line in lines if line.lower().startswith("proxy-authorization")), "")
        self.asked.append((request, login.partition(": ")[2]))
        target = urlsplit(request.split()[1])
        self.pass_on(target.hostname or "", target.port or 80, head)


class SocksProxy(Forwarder):
    """A SOCKS 5 proxy without log-in; notes where it was asked to go."""

    asked: ClassVar[list[tuple[str, str]]]

    def handle(self) -> None:
        """Shake hands, connect, and pass on."""
        version, methods = self.rfile.read(2)
        self.rfile.read(methods)
        self.wfile.write(bytes([version, 0]))
        kind = self.rfile.read(4)[3]
        if kind == 1:
            host = socket.inet_ntoa(self.rfile.read(4))
        else:
            host = self.rfile.read(self.rfile.read(1)[0]).decode()
        port = int.from_bytes(self.rfile.read(2), "big")
        self.asked.append((host, str(port)))
        self.wfile.write(bytes([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]))
        self.pass_on(host, port)


@contextmanager
def proxying(kind: type[HttpProxy] | type[SocksProxy]) -> Iterator[tuple[int, list[tuple[str, str]]]]:
    """Run a proxy; gives its port, and what it was asked."""
    asked: list[tuple[str, str]] = []
    server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), type("Bound", (kind,), {"asked": asked}))
    server.daemon_threads = True
    with running(server):
        yield server.server_address[1], asked
