"""The edge function of a project: what its users' tasks reach is decided by the project's own rules."""

import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.e2e.cli import Cli
from tests.e2e.test_server import family
from tests.edge.test_execute import Edge, served, user
from tests.postgrest import JWT_SECRET, PUBLIC_KEY, Project
from tests.unit.stores import EMPTY
from tiercel.http import callbacks

PATIENCE_SECONDS = 60
KEY = {"namespace": "company.team", "flowId": "f", "executionId": "e", "taskRunId": "r", "attempt": 1}


class Told(NamedTuple):
    """What was posted to an address."""

    body: bytes
    signed: str


class Listener(BaseHTTPRequestHandler):
    """Takes what is posted."""

    told: "queue.Queue[Told]"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.told.put(Told(body, self.headers[callbacks.SIGNATURE]))
        self.send_response(204)
        self.end_headers()

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@pytest.fixture
def edge(
    deno: tuple[str, dict[str, str]],
    project: Project,
    tmp_path: Path,
) -> Iterator[Edge]:
    """Serve the function before a core family that keeps its keys in the project."""
    project.run(EMPTY)
    known = {"TIERCEL_JWT_SECRET": JWT_SECRET}
    cli = Cli(tmp_path).with_settings(
        TIERCEL_OPEN_TO_USERS="true",
        **known,
        SUPABASE_URL=project.url,
        SUPABASE_ANON_KEY=PUBLIC_KEY,
        TIERCEL_KV_URL="supabase",
    )
    with (
        family(cli, "tiercel_core") as (url, _),
        served(deno, **known, TIERCEL_FAMILY_URLS=json.dumps({"core": url})) as edge,
    ):
        yield edge


def task(kind: str, **params: Any) -> dict[str, Any]:
    return {"taskType": f"io.kestra.plugin.core.{kind}", "params": params, "context": KEY}


def test_who_may_use_keys_is_for_the_project_to_say(edge: Edge, project: Project) -> None:
    place = {"key": "k", "namespace": "company.team"}
    put = task("kv.Set", **place, value="from the edge")
    # a token of a task run: what an orchestrator mints
    run = user(JWT_SECRET, "HS256", role="tiercel_task", **KEY)
    status, result, _ = edge.call(put, token=run)
    assert (status, result["state"]) == (200, "SUCCESS"), result["error"]
    rows = "select namespace, key, value_json from pipeline_kv_store"
    assert project.run(rows) == ['company.team|k|"from the edge"']
    assert edge.call(task("kv.Get", **place), token=run)[1]["data"] == {"value": "from the edge"}
    # nobody's but its own: another namespace is not in its token
    elsewhere = {**put, "context": {**KEY, "namespace": "company.other"}}
    assert edge.call(elsewhere, token=run)[0] == 403
    # a user who has signed in is no task run
    status, result, _ = edge.call(task("kv.Set", **place, value="mine"), user(JWT_SECRET, "HS256"))
    assert (status, result["state"]) == (200, "FAILED")
    assert project.run(rows) == ['company.team|k|"from the edge"']


def test_a_run_that_is_not_waited_for_is_told_of_by_a_signed_callback(edge: Edge) -> None:
    Listener.told = queue.Queue()
    listener = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    threading.Thread(target=listener.serve_forever, daemon=True).start()
    try:
        callback = {"url": f"http://127.0.0.1:{listener.server_address[1]}/told", "key": "of this dispatch"}
        envelope = {**task("log.Log", message="later"), "callback": callback}
        token = user(JWT_SECRET, "HS256")
        status, run, headers = edge.call(envelope, token=token, Prefer="respond-async")
        assert (status, headers["preference-applied"]) == (202, "respond-async")
        told = Listener.told.get(timeout=PATIENCE_SECONDS)
    finally:
        listener.shutdown()
        listener.server_close()
    callbacks.check("of this dispatch", told.body, told.signed)
    content = json.loads(told.body)
    assert (content["taskRunId"], content["result"]["state"]) == ("r", "SUCCESS")
    assert content["result"]["logs"][0]["message"] == "later"
    assert run["state"] in ("RUNNING", "SUCCESS")


def test_a_large_answer_comes_through_whole(edge: Edge) -> None:
    text = "x" * 200_000
    status, result, _ = edge.call(task("debug.Return", format=text), token=user(JWT_SECRET, "HS256"))
    assert (status, result["data"]["value"] == text) == (200, True)
