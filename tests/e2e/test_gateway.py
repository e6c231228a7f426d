"""The whole bundle on this machine: every family a Lambda function behind the emitted table of routes."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest

from tests.docs.checkout import ROOT
from tests.e2e.cli import Cli

pytest.importorskip("awslambdaric", reason="awslambdaric is not installed")

SECRET = "a secret of the bundle, of more than thirty-two bytes"
FAMILIES = ("core", "sql", "scripts", "cloud")
FLOW = """
id: bundled
namespace: tests
tasks:
  - {id: say, type: io.kestra.plugin.core.log.Log, message: hello}
  - {id: run, type: io.kestra.plugin.scripts.shell.Script, script: echo hello,
     taskRunner: {type: io.kestra.plugin.core.runner.Process}}
"""
LOG = "/v1/tasks/io/kestra/plugin/core/log/Log"


@contextlib.contextmanager
def gateway(cli: Cli, *options: str) -> Iterator[str]:
    """Run a gateway on a free port; gives its address."""
    process = cli.start("gateway", "--port", "0", *options)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line + process.stdout.read()
        yield found[0]
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)


def token() -> str:
    return jwt.encode({"exp": int(time.time()) + 600}, SECRET, "HS256")


def call(url: str, body: Any = None, authorized: bool = True) -> tuple[int, Any]:
    """Call an address: GET, or POST with a body."""
    headers = {"Content-Type": "application/json"} | (
        {"Authorization": f"Bearer {token()}"} if authorized else {}
    )
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, headers)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_the_example_runs_with_every_family_behind_the_gateway(cli: Cli) -> None:
    bundle = cli.with_settings(TIERCEL_JWT_SECRET=SECRET)
    table = ROOT / "infra/routes/openapi.json"
    with gateway(bundle, "--table", str(table)) as url:
        assert call(f"{url}/v1/families/sql/health", authorized=False)[1]["family"] == "sql"
        assert call(f"{url}{LOG}", {}, authorized=False)[0] == 401
        status, result = call(f"{url}{LOG}", {"params": {"message": "hello"}})
        assert (status, result["state"]) == (200, "SUCCESS")
        status, refusal = call(f"{url}/v1/tasks/com/acme/Nothing", {})
        assert (status, refusal["error"]["kind"]) == (404, "UnknownPlugin")
        urls = {name: f"{url}/v1/families/{name}" for name in FAMILIES}
        caller = cli.with_settings(TIERCEL_JWT_SECRET=SECRET, TIERCEL_FAMILY_URLS=json.dumps(urls))
        ran = caller.run("run", str(ROOT / "examples/seattle-weather.yaml"), "--json")
        assert ran.code == 0, ran.out + ran.err
        assert ran.json["state"]["current"] == "SUCCESS"
        assert ran.json["outputs"]["wettest_year"]


def test_a_family_with_a_url_is_called_there(cli: Cli) -> None:
    secret = cli.with_settings(TIERCEL_JWT_SECRET=SECRET)
    with gateway(secret) as inner:
        urls = json.dumps({name: inner for name in FAMILIES})
        with gateway(cli.with_settings(TIERCEL_JWT_SECRET=SECRET, TIERCEL_FAMILY_URLS=urls)) as outer:
            assert call(f"{outer}{LOG}", {"params": {"message": "hello"}})[1]["state"] == "SUCCESS"
            assert call(f"{outer}{LOG}", {}, authorized=False)[0] == 401


def test_a_flow_runs_behind_the_gateway_by_signed_requests(cli: Cli) -> None:
    signing = cli.with_settings(TIERCEL_HMAC_SECRET=SECRET)
    with gateway(signing) as url:
        assert call(f"{url}{LOG}", {})[0] == 401
        urls = json.dumps({"core": f"{url}/v1/families/core"})
        cli.write("hello.yaml", FLOW)
        caller = cli.with_settings(TIERCEL_HMAC_SECRET=SECRET, TIERCEL_FAMILY_URLS=urls)
        ran = caller.run("run", "hello.yaml", "--json")
        assert ran.json["state"]["current"] == "SUCCESS", ran.out
        other = cli.with_settings(TIERCEL_HMAC_SECRET=SECRET[::-1], TIERCEL_FAMILY_URLS=urls)
        refused = other.run("run", "hello.yaml")
        assert refused.code == 1
        assert "The signature is not that of this method and path" in refused.out


def test_a_gateway_without_a_secret_or_with_a_table_that_is_none_says_so(cli: Cli) -> None:
    ran = cli.run("gateway", "--port", "0")
    assert (ran.code, "set TIERCEL_JWT_SECRET" in ran.err) == (2, True)
    table = cli.write("table.json", "[]")
    ran = cli.with_settings(TIERCEL_JWT_SECRET=SECRET).run("gateway", "--port", "0", "--table", str(table))
    assert (ran.code, "no table of routes" in ran.err) == (2, True)


def test_make_demo_bundle_runs_a_flow_behind_the_gateway(tmp_path: Path) -> None:
    flow = tmp_path / "flow.yaml"
    flow.write_text(FLOW, encoding="utf-8")
    command = [sys.executable, "-m", "tools.demo_bundle", str(flow)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TIERCEL_HOME": str(tmp_path / "home")}
    ran = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "tiercel's gateway serves at http://127.0.0.1:" in ran.stdout
