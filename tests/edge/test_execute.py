"""The edge function, by a real Deno, before a real family: who may call, and what comes back."""

import contextlib
import json
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

from tests.contract.families import registry
from tests.e2e.cli import Cli
from tests.e2e.test_server import family
from tiercel.routing import FALLBACK

ROOT = Path(__file__).parents[2]
FUNCTION = ROOT / "infra/supabase/functions/execute/index.ts"
CLIENT = ROOT / "infra/supabase/functions/_shared/tiercel.ts"
KEY = ec.generate_private_key(ec.SECP256R1())
PUBLIC = {**json.loads(ECAlgorithm.to_jwk(KEY.public_key())), "kid": "k1", "alg": "ES256", "use": "sig"}
LOG = {"taskType": "io.kestra.plugin.core.log.Log", "params": {"message": "from the edge"}}


class Project(BaseHTTPRequestHandler):
    """Serves a project's public keys, and nothing else."""

    def do_GET(self) -> None:
        known = self.path == "/auth/v1/.well-known/jwks.json"
        body = json.dumps({"keys": [PUBLIC]} if known else {}).encode()
        self.send_response(200 if known else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def lowered(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@dataclass(frozen=True)
class Edge:
    """A function that serves."""

    url: str

    def call(
        self, body: Any = LOG, token: str | None = None, method: str = "POST", **headers: str
    ) -> tuple[int, Any, dict[str, str]]:
        """Call the function; gives status, content and headers."""
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        sent = {"Content-Type": "application/json", **headers}
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(self.url, data if method == "POST" else None, sent, method=method)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read()), lowered(answer.headers)
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read()), lowered(error.headers)


@contextlib.contextmanager
def served(deno: tuple[str, dict[str, str]], **settings: str) -> Iterator[Edge]:
    """Serve the function on a free port."""
    program, environment = deno
    process = subprocess.Popen(
        [program, "run", "--cached-only", "--allow-net", "--allow-env", str(FUNCTION)],
        env={**environment, "PORT": "0", **settings},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://127.0.0.1:" in line, line
        yield Edge(line.split()[-1])
    finally:
        process.kill()
        process.communicate()


@pytest.fixture(scope="module")
def edge(deno: tuple[str, dict[str, str]], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Edge]:
    """Serve the function before the core family, in a project whose users' tokens are signed by a key."""
    project = ThreadingHTTPServer(("127.0.0.1", 0), Project)
    threading.Thread(target=project.serve_forever, daemon=True).start()
    cli = Cli(tmp_path_factory.mktemp("family")).with_settings(
        TIERCEL_JWT_KEY=json.dumps(PUBLIC), TIERCEL_OPEN_TO_USERS="true"
    )
    try:
        with family(cli, "tiercel_core") as (url, _):
            places = {"core": url, "sql": "http://127.0.0.1:1"}
            address = f"http://127.0.0.1:{project.server_address[1]}"
            with served(deno, SUPABASE_URL=address, TIERCEL_FAMILY_URLS=json.dumps(places)) as edge:
                yield edge
    finally:
        project.shutdown()
        project.server_close()


def user(key: Any = KEY, algorithm: str = "ES256", **claims: Any) -> str:
    """Sign in."""
    payload = {"sub": "u1", "role": "authenticated", "exp": int(time.time()) + 600, **claims}
    return jwt.encode(payload, key, algorithm, headers={"kid": "k1"})


def test_a_user_s_task_runs_in_the_family_of_its_type(edge: Edge) -> None:
    status, result, headers = edge.call(token=user())
    assert (status, result["state"]) == (200, "SUCCESS")
    assert result["logs"][-1]["message"] == "from the edge"
    assert headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "token",
    [
        None,
        "x",
        "x.y.z",
        user(role="anon"),
        user(exp=1),
        user(ec.generate_private_key(ec.SECP256R1())),
        user("a secret that is nobody's, of more than thirty-two bytes", "HS256"),
    ],
)
def test_without_a_user_s_token_nothing_runs(edge: Edge, token: str | None) -> None:
    status, answer, _ = edge.call(token=token)
    assert (status, answer["error"]["kind"]) == (401, "Unauthorized")


def test_a_run_can_be_asked_for_instead_of_a_result(edge: Edge) -> None:
    headers = {"Prefer": "respond-async", "Idempotency-Key": "k"}
    status, run, answered = edge.call(token=user(), **headers)
    assert (status, run["id"]) == (202, answered["location"].rpartition("/")[2])
    assert edge.call(token=user(), **headers)[2]["location"] == answered["location"]


@pytest.mark.parametrize(
    ("body", "status", "kind"),
    [
        (b"{", 422, "InvalidEnvelope"),
        ({"params": {}}, 422, "InvalidEnvelope"),
        ({**LOG, "nonsense": 1}, 422, "InvalidEnvelope"),
        ({"taskType": "com.acme.Nothing"}, 404, "UnknownPlugin"),
        ({"taskType": "io.kestra.plugin.jdbc.duckdb.Query"}, 502, "Unreachable"),
        ({"taskType": "io.kestra.plugin.scripts.shell.Script"}, 502, "Unreachable"),
        (b"x" * (6 * 1024 * 1024 + 1), 413, "TooLarge"),
    ],
)
def test_what_goes_wrong_is_said_in_the_one_shape_of_errors(
    edge: Edge, body: Any, status: int, kind: str
) -> None:
    answered, answer, _ = edge.call(body, token=user())
    assert (answered, answer["error"]["kind"]) == (status, kind)
    assert "127.0.0.1" not in answer["error"]["message"]


def test_only_posts_are_answered(edge: Edge) -> None:
    assert edge.call(token=user(), method="GET")[0] == 405


def test_a_local_project_s_secret_is_enough(deno: tuple[str, dict[str, str]]) -> None:
    secret = "a secret of a local project, of more than thirty-two bytes"
    with served(deno, TIERCEL_JWT_SECRET=secret) as edge:
        assert edge.call(token=user(secret, "HS256"))[1]["error"]["kind"] == "Unreachable"
        assert edge.call(token=user())[0] == 401


def test_a_family_that_wants_signed_requests_is_sent_them(
    deno: tuple[str, dict[str, str]], tmp_path: Path
) -> None:
    secret = "a secret that signs requests, of more than thirty-two bytes"
    shared, project = {"TIERCEL_HMAC_SECRET": secret}, {"TIERCEL_JWT_SECRET": secret[::-1]}
    with family(
        Cli(tmp_path).with_settings(**shared, **project, TIERCEL_OPEN_TO_USERS="true"), "tiercel_core"
    ) as (url, _):
        places = {"TIERCEL_FAMILY_URLS": json.dumps({"core": url})}
        with served(deno, **shared, **project, **places) as edge:
            key = secret[::-1]
            assert edge.call(token=user(key, "HS256"))[1]["state"] == "SUCCESS"
            assert edge.call(token=user(key, "HS256", namespace="other"))[0] == 403
            assert edge.call(token=user(key[::-1], "HS256"))[0] == 401
        with served(deno, TIERCEL_HMAC_SECRET=key, **project, **places) as edge:
            assert edge.call(token=user(key, "HS256"))[0] == 401


def test_the_client_finds_the_family_of_every_type(deno: tuple[str, dict[str, str]], tmp_path: Path) -> None:
    known = registry()
    types = [*sorted(known.types()), "io.kestra.plugin.jdbc.invented.Query", "com.acme.Nothing", ""]
    program, environment = deno
    script = tmp_path / "families.ts"
    script.write_text(
        f'import {{ familyOf }} from "file://{CLIENT}";\n'
        "console.log(JSON.stringify(JSON.parse(Deno.args[0]).map(familyOf)));\n",
        encoding="utf-8",
    )
    ran = subprocess.run(
        [program, "run", "--quiet", str(script), json.dumps(types)],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stderr
    owners = [known.family_of(one) for one in types]
    assert json.loads(ran.stdout) == [owner.name if owner else FALLBACK for owner in owners]
