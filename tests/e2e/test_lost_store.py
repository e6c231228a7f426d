"""A server that goes away while a command waits for its execution: the command says so, and goes on."""

import contextlib
import subprocess
from collections.abc import Iterator

import pytest

from tests import postgres
from tests.e2e.cli import Cli
from tiercel_orchestrator.store.opening import open_store

WAITS = """
id: waits
namespace: tests
tasks:
  - id: wait
    type: io.kestra.plugin.scripts.shell.Script
    taskRunner: {type: io.kestra.plugin.core.runner.Process}
    script: |
      until [ -e DIRECTORY/go ]; do sleep 0.05; done
  - {id: then, type: io.kestra.plugin.core.debug.Return, format: well}
outputs:
  - {id: said, type: STRING, value: "{{ outputs.then.value }}"}
"""


@pytest.fixture
def server() -> Iterator[postgres.Server]:
    with postgres.serving() as server:
        if server is None:
            pytest.skip("Postgres is not installed here")
        yield server


@pytest.mark.parametrize("shown", ["--json", "--quiet", "in lines"])
def test_an_outage_is_told_and_waited_out(shown: str, cli: Cli, server: postgres.Server) -> None:
    cli.write("waits.yaml", WAITS.replace("DIRECTORY", str(cli.directory)))
    options = [] if shown == "in lines" else [shown]
    running = subprocess.Popen(
        [*cli.command, "run", "waits.yaml", "--store", server.url, *options],
        cwd=cli.directory,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=cli.environment,
    )
    assert running.stderr is not None
    with contextlib.closing(open_store(server.url)) as store:
        while not store.owners():
            assert running.poll() is None
    server.stop()
    told = running.stderr.readline()
    assert "Trying again." in told
    assert server.url.rpartition("@")[2].partition("/")[0] in told
    server.start()
    (cli.directory / "go").touch()
    out, err = running.communicate(timeout=60)
    assert (running.returncode, "Traceback" in err) == (0, False), told + out + err
    assert shown != "--json" or '"said": "well"' in out
