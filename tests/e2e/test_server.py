"""An orchestrator and a family as processes of their own, on this machine."""

import contextlib
import json
import re
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator

from tests.e2e.cli import TIMEOUT_SECONDS, Cli
from tests.e2e.test_interruption import FLOW, ITEMS, ended, wait_until

RETURNS = """
id: returns
namespace: tests
tasks:
  - {id: say, type: io.kestra.plugin.core.debug.Return, format: "hello {{ 1 + 1 }}"}
  - {id: again, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.say.value }}"}
"""


@contextlib.contextmanager
def serving(cli: Cli, *options: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Run a server on a free port; gives its address."""
    process = cli.start("server", "--port", "0", *options)
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        found = re.search(r"http://127\.0\.0\.1:\d+", line)
        assert found, line + process.stdout.read()
        yield found[0], process
    finally:
        process.kill()
        process.communicate()


@contextlib.contextmanager
def family(cli: Cli, package: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Serve a family under uvicorn; connections wait in the socket until it is ready."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", f"{package}.app:app", "--fd", str(listener.fileno())],
            cwd=cli.directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=cli.environment,
            pass_fds=[listener.fileno()],
        )
        try:
            yield url, process
        finally:
            process.kill()
            process.communicate()


def status_of(request: urllib.request.Request | str) -> int:
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        return error.code


def test_a_server_goes_on_with_what_was_interrupted_and_stops_when_it_is_asked_to(cli: Cli) -> None:
    cli.write("slow.yaml", FLOW)
    interrupted = cli.start("run", "slow.yaml")
    wait_until(cli.directory / ".tiercel/engine.db", interrupted, ended(1))
    interrupted.kill()
    interrupted.communicate()
    with serving(cli) as (url, process):
        assert status_of(f"{url}/health") == 200
        wait_until(cli.directory / ".tiercel/engine.db", process, ended(ITEMS))
        (execution,) = cli.run("executions", "--json").json
        assert cli.run("follow", execution["id"]).code == 0
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=TIMEOUT_SECONDS)
        assert (process.returncode, out) == (0, "")


def test_a_server_that_is_stopped_gives_back_what_it_worked_on(cli: Cli) -> None:
    cli.write("slow.yaml", FLOW)
    interrupted = cli.start("run", "slow.yaml")
    wait_until(cli.directory / ".tiercel/engine.db", interrupted, ended(1))
    interrupted.kill()
    interrupted.communicate()
    with serving(cli) as (_, process):
        wait_until(cli.directory / ".tiercel/engine.db", process, ended(3))
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=TIMEOUT_SECONDS)
        assert process.returncode == 0
    (execution,) = cli.run("executions", "--json").json
    assert cli.run("follow", execution["id"]).code == 0


def test_a_callback_that_nobody_signed_is_refused(cli: Cli) -> None:
    body = {"taskRunId": "run", "attempt": 1, "lease": 1, "result": {"state": "SUCCESS"}}
    remote = cli.with_settings(TIERCEL_FAMILY_URLS='{"core": "http://127.0.0.1:9"}')
    with serving(remote) as (url, _):
        for content, status in ((json.dumps(body), 401), ("{}", 422)):
            request = urllib.request.Request(f"{url}/v1/callbacks/run", content.encode(), method="POST")
            assert status_of(request) == status


def test_a_port_that_is_taken_is_said_in_a_sentence(cli: Cli) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ran = cli.run("server", "--port", str(port))
    assert ran.code == 2
    assert f"127.0.0.1:{port} cannot be listened on" in ran.err


def test_a_flow_runs_in_a_family_that_is_a_process_of_its_own(cli: Cli) -> None:
    cli.write("returns.yaml", RETURNS)
    with family(cli, "tiercel_core") as (url, process):
        remote = cli.with_settings(TIERCEL_FAMILY_URLS=json.dumps({"core": url}))
        ran = remote.run("run", "returns.yaml", "--json")
        assert ran.code == 0, ran.err
        assert ran.json["taskRunList"][1]["outputs"]["value"] == "hello 2"
        process.terminate()
        log, _ = process.communicate(timeout=TIMEOUT_SECONDS)
    assert log.count('"POST /execute HTTP/1.1" 200') == 2
