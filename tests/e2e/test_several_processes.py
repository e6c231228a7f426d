"""Several commands on one store, and stores that cannot be used."""

import signal
import subprocess
from pathlib import Path

from tests.e2e.cli import Cli
from tests.e2e.test_interruption import FLOW, ended, wait_until

SLEEPS = """
id: sleeps
namespace: tests
tasks:
  - id: sleep
    type: io.kestra.plugin.scripts.shell.Script
    taskRunner: {type: io.kestra.plugin.core.runner.Process}
    script: sleep 60
"""
PAUSE = """
id: pause
namespace: tests
tasks:
  - {id: wait, type: io.kestra.plugin.core.flow.Pause}
"""
AGAIN = """
id: again
namespace: tests
tasks:
  - id: ko
    type: io.kestra.plugin.core.execution.Fail
    retry: {type: constant, interval: PT0.1S, maxAttempts: 3, behavior: CREATE_NEW_EXECUTION}
"""
UNREADABLE = """
id: unreadable
namespace: tests
tasks:
  - {id: say, type: io.kestra.plugin.core.log.Log, message: "{{ 1 + "}
"""


def database(cli: Cli) -> Path:
    return cli.directory / ".tiercel/engine.db"


def test_a_run_ends_when_another_command_kills_its_execution(cli: Cli) -> None:
    cli.write("sleeps.yaml", SLEEPS)
    process = cli.start("run", "sleeps.yaml")
    wait_until(database(cli), process, ended(0))
    (execution,) = cli.run("executions", "--json").json
    cli.run("kill", execution["id"])
    process.communicate(timeout=20)
    assert process.returncode == 1


def test_ctrl_c_leaves_an_execution_that_is_only_followed(cli: Cli) -> None:
    cli.write("slow.yaml", FLOW)
    process = cli.start("run", "slow.yaml", "--quiet")
    wait_until(database(cli), process, ended(1))
    (execution,) = cli.run("executions", "--json").json
    follower = cli.start("follow", execution["id"])
    assert follower.stdout is not None
    follower.stdout.readline()
    follower.send_signal(signal.SIGINT)
    follower.communicate(timeout=20)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_two_runs_share_a_store(cli: Cli) -> None:
    cli.write("slow.yaml", FLOW)
    processes = [cli.start("run", "slow.yaml", "--quiet") for _ in range(2)]
    assert [process.communicate(timeout=60)[0] for process in processes] == ["", ""]
    assert [process.returncode for process in processes] == [0, 0]
    assert [one["state"]["current"] for one in cli.run("executions", "--json").json] == ["SUCCESS"] * 2


def test_a_paused_execution_is_followed_no_longer_than_it_moves(cli: Cli) -> None:
    cli.write("pause.yaml", PAUSE)
    execution_id = cli.run("run", "pause.yaml", "--json").json["id"]
    assert cli.run("follow", execution_id).code == 3


def test_a_retry_as_a_new_execution_is_followed_to_the_last(cli: Cli) -> None:
    cli.write("again.yaml", AGAIN)
    ran = cli.run("run", "again.yaml", "--json")
    assert (ran.code, ran.json["state"]["current"], ran.json["metadata"]["attemptNumber"]) == (1, "FAILED", 3)
    states = [one["state"]["current"] for one in cli.run("executions", "--json").json]
    assert states == ["FAILED", "RETRIED", "RETRIED"]


def test_an_expression_that_cannot_be_read_fails_its_task_with_a_sentence(cli: Cli) -> None:
    cli.write("unreadable.yaml", UNREADABLE)
    assert cli.run("validate", "unreadable.yaml").code == 2
    ran = cli.run("run", "unreadable.yaml", "--quiet")
    assert ran.code == 1
    assert ran.err.startswith("say: `message`: ")
    assert "line 1, column" in ran.err


def test_a_home_that_cannot_be_used_is_said_in_a_sentence(cli: Cli) -> None:
    cli.write("pause.yaml", PAUSE)
    cli.write("file", "")
    (cli.directory / "broken").mkdir()
    cli.write("broken/engine.db", "this is no database, and longer than a header of one would be")
    for home in ("file", "broken"):
        for arguments in (("run", "pause.yaml"), ("executions",), ("logs", "x")):
            ran = cli.run(*arguments, "--home", home)
            assert ran.code == 2
            assert home in ran.err
            assert "TIERCEL_HOME" in ran.err
            assert "Traceback" not in ran.err


def test_output_that_nobody_reads_leaves_no_traceback(cli: Cli) -> None:
    cli.write("slow.yaml", FLOW)
    process = cli.start("run", "slow.yaml")
    assert process.stdout is not None
    process.stdout.readline()
    process.stdout.close()
    process.wait(60)
    (execution,) = cli.run("executions", "--json").json
    assert execution["state"]["current"] == "SUCCESS"


def test_a_full_disk_behind_stdout_is_said_in_a_sentence(cli: Cli) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [*cli.command, "plugins", "--json"],
            cwd=cli.directory,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env=cli.environment,
            check=False,
        )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
