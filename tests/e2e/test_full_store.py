"""A store without room, or that cannot be written: one sentence, an exit code, and it goes on once it can."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests import postgres
from tests.e2e.cli import TIMEOUT_SECONDS, Cli, Ran
from tests.store.conftest import Raw, empty

ITEMS = 40
BIG = f"""
id: big
namespace: tests
tasks:
  - id: each
    type: io.kestra.plugin.core.flow.ForEach
    values: {list(range(ITEMS))}
    tasks:
      - id: work
        type: io.kestra.plugin.core.debug.Return
        format: "{"x" * 30_000}"
"""
WITHIN_KB = 600


def limited(cli: Cli, *arguments: str) -> Ran:
    """Run a command that may not write files beyond a size; Python ignores the signal that says so."""
    done = subprocess.run(
        ["bash", "-c", f'ulimit -f {WITHIN_KB}; exec "$0" "$@"', *cli.command, *arguments],
        cwd=cli.directory,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        env=cli.environment,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


@contextmanager
def small_disk(directory: Path, size: str) -> Iterator[Path]:
    """Mount a file system that is soon full."""
    directory.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(directory)]
    if os.getuid() != 0 or subprocess.run(command, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root can mount a small file system here")
    try:
        yield directory
    finally:
        subprocess.run(["umount", "-l", str(directory)], check=True)


def remount(directory: Path, options: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{options}", str(directory)], check=True)


def said_in_a_sentence(ran: Ran, reason: str) -> None:
    assert ran.code == 2, ran.err
    assert "The store " in ran.err
    assert reason in ran.err
    assert "Traceback" not in ran.err + ran.out


def goes_on(cli: Cli) -> None:
    """Take up the one execution there is, and check that nothing of it was lost or done twice."""
    (execution,) = cli.run("executions", "--json").json
    assert execution["state"]["current"] == "RUNNING"
    ran = cli.run("follow", execution["id"], "--json")
    assert ran.code == 0, ran.err
    runs = [run for run in ran.json["taskRunList"] if run["taskId"] == "work"]
    assert [run["value"] for run in runs] == [str(number) for number in range(ITEMS)]
    assert {(run["state"]["current"], len(run["attempts"])) for run in runs} == {("SUCCESS", 1)}


def test_a_file_that_may_not_grow(cli: Cli) -> None:
    cli.write("big.yaml", BIG)
    said_in_a_sentence(limited(cli, "run", "big.yaml"), "with free space")
    goes_on(cli)


def test_a_full_disk(cli: Cli, tmp_path: Path) -> None:
    cli.write("big.yaml", BIG)
    with small_disk(tmp_path / "disk", f"{WITHIN_KB}k") as disk:
        there = cli.with_settings(TIERCEL_HOME=str(disk))
        said_in_a_sentence(there.run("run", "big.yaml"), "full")
        remount(disk, "size=50m")
        goes_on(there)


def test_a_database_that_cannot_be_written(cli: Cli, tmp_path: Path) -> None:
    cli.write("big.yaml", BIG)
    with small_disk(tmp_path / "disk", f"{WITHIN_KB}k") as disk:
        there = cli.with_settings(TIERCEL_HOME=str(disk))
        there.run("run", "big.yaml")
        remount(disk, "ro,size=50m")
        (execution,) = there.run("executions", "--json").json
        ran = there.run("follow", execution["id"])
        assert ran.code == 2
        assert "Traceback" not in ran.err + ran.out
        assert "cannot hold executions (Read-only file system)" in ran.err
        remount(disk, "rw")
        goes_on(there)


def test_a_postgres_that_lets_nobody_write(cli: Cli, postgres_url: str) -> None:
    empty(postgres_url)
    cli.write("big.yaml", BIG)
    there = cli.with_settings(TIERCEL_STORE=postgres_url)
    process = there.start("run", "big.yaml", "--quiet")
    with closing(Raw(postgres_url)) as raw:
        try:
            wait_for_work(raw, process)
            raw.execute("alter system set default_transaction_read_only = on")
            raw.execute("select pg_reload_conf()")
            out, _ = process.communicate(timeout=TIMEOUT_SECONDS)
        finally:
            raw.execute("set default_transaction_read_only = off")
            raw.execute("alter system reset default_transaction_read_only")
            raw.execute("select pg_reload_conf()")
    said_in_a_sentence(Ran(process.returncode, "", out), "name the primary server")
    goes_on(there)


def wait_for_work(raw: Raw, process: "subprocess.Popen[str]") -> None:
    """Wait until a few tasks of a running command have ended."""
    there = "select to_regclass('tiercel.task_runs') is not null"
    ended = "select count(*) from tiercel.task_runs where task_id = 'work' and state = 'SUCCESS'"
    while process.poll() is None:
        if raw.fetch(there)[0][0] and raw.fetch(ended)[0][0] > 2:
            return
    pytest.fail("the command ended first")


def test_a_postgres_without_room(cli: Cli, tmp_path: Path) -> None:
    cli.write("big.yaml", BIG)
    with postgres.serving() as server:
        if server is None:
            pytest.skip("Postgres is not installed here")
        with small_disk(server.home / "disk", "12m") as disk, closing(Raw(server.url)) as raw:
            shutil.chown(disk, postgres.USER)
            raw.execute(f"create tablespace small location '{disk}'")
            raw.execute("create database small tablespace small")
            there = cli.with_settings(TIERCEL_STORE=server.url.removesuffix("postgres") + "small")
            ran = there.run("db", "migrate")
            assert ran.code == 0, ran.err
            fill(disk)
            ran = there.run("run", "big.yaml")
            said_in_a_sentence(ran, "No space left on device")
            remount(disk, "size=100m")
            goes_on(there)


def fill(disk: Path) -> None:
    """Leave a little room on a disk."""
    free = shutil.disk_usage(disk).free
    (disk / "ballast").write_bytes(b"x" * max(0, free - 200_000))
