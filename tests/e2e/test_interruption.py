"""Executions that are interrupted: nothing is lost, nothing is applied twice."""

import json
import signal
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.e2e.cli import Cli

ITEMS = 12
FLOW = f"""
id: slow
namespace: tests
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: {list(range(ITEMS))}
    concurrencyLimit: 3
    tasks:
      - id: work
        type: io.kestra.plugin.scripts.shell.Script
        taskRunner: {{type: io.kestra.plugin.core.runner.Process}}
        script: |
          sleep 0.05
          echo '::{{"outputs": {{"done": "{{{{ taskrun.value }}}}"}}}}::'
  - id: last
    type: io.kestra.plugin.core.output.OutputValues
    values:
      all: "{{{{ outputs.work | keys }}}}"
"""


def wait_until(
    database: Path, process: "subprocess.Popen[str]", holds: Callable[[sqlite3.Connection], bool]
) -> None:
    """Watch the database of a running command until something holds in it, or the command ends."""
    while process.poll() is None:
        try:
            with sqlite3.connect(f"file:{database}?mode=ro", uri=True) as connection:
                if holds(connection):
                    return
        except sqlite3.OperationalError:
            continue
    pytest.fail(f"the command ended first: {process.stdout.read() if process.stdout else ''}")


def ended(count: int) -> Callable[[sqlite3.Connection], bool]:
    def holds(connection: sqlite3.Connection) -> bool:
        executions = connection.execute("select count(*) from executions").fetchone()[0]
        query = "select count(*) from task_runs where task_id = 'work' and state = 'SUCCESS'"
        return bool(executions and connection.execute(query).fetchone()[0] >= count)

    return holds


@pytest.mark.parametrize("after", [0, 1, 5, ITEMS - 1])
def test_an_execution_that_kill_9_interrupted_goes_on_with_follow(cli: Cli, after: int) -> None:
    cli.write("slow.yaml", FLOW)
    process = cli.start("run", "slow.yaml")
    wait_until(cli.directory / ".tiercel/engine.db", process, ended(after))
    process.kill()
    process.communicate()
    (execution,) = cli.run("executions", "--json").json
    ran = cli.run("follow", execution["id"], "--json")
    assert ran.code == 0
    runs = ran.json["taskRunList"]
    assert [run["taskId"] for run in runs].count("work") == ITEMS
    assert {run["state"]["current"] for run in runs} == {"SUCCESS"}
    assert [run["outputs"]["vars"]["done"] for run in runs if run["taskId"] == "work"] == [
        str(n) for n in range(ITEMS)
    ]
    assert json.loads(runs[-1]["outputs"]["values"]["all"]) == [str(number) for number in range(ITEMS)]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_kills_the_execution_and_leaves_nothing_half_written(cli: Cli, number: signal.Signals) -> None:
    cli.write("slow.yaml", FLOW)
    process = cli.start("run", "slow.yaml")
    wait_until(cli.directory / ".tiercel/engine.db", process, ended(1))
    process.send_signal(number)
    out, _ = process.communicate()
    assert process.returncode == 1
    assert "Traceback" not in out
    (execution,) = cli.run("executions", "--json").json
    assert execution["state"]["current"] == "KILLED"
    assert {run["state"]["current"] for run in execution["taskRunList"]} <= {"SUCCESS", "KILLED"}
    assert cli.run("follow", execution["id"]).code == 1
