"""Child processes: output, environment, deadlines, and nothing left behind."""

import asyncio
import os
import select
from pathlib import Path
from typing import Any

import pytest

from tiercel.errors import TaskFailed
from tiercel.processes import Exit, Limits, Lines, child_environment, run


def shell(script: str, directory: Path, **options: Any) -> tuple[Exit, list[str], list[str]]:
    """Run a shell script and give its end and its lines."""
    out: list[str] = []
    err: list[str] = []
    argv = ["/bin/sh", "-c", script]
    ended = asyncio.run(run(argv, cwd=directory, on_stdout=out.append, on_stderr=err.append, **options))
    return ended, out, err


def ends(pid: int) -> bool:
    """Wait for a process that was killed to be gone; False if it lives on."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], 10)[0])
    finally:
        os.close(watched)


def test_the_exit_code_and_both_streams_arrive(tmp_path: Path) -> None:
    ended, out, err = shell("echo one; printf two; echo three >&2; exit 3", tmp_path)
    assert (ended, out, err) == (Exit(3), ["one", "two"], ["three"])


def test_a_child_sees_the_allow_list_and_what_is_declared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    monkeypatch.setenv("SECRET_TOKEN", "x")
    _, out, _ = shell("env", tmp_path, env={"DECLARED": "yes"})
    names = {line.partition("=")[0] for line in out}
    assert "DECLARED" in names
    assert names & {"AWS_SECRET_ACCESS_KEY", "SECRET_TOKEN"} == set()
    assert "PATH" in child_environment()


def test_a_deadline_ends_the_whole_group(tmp_path: Path) -> None:
    ended, out, _ = shell("sleep 100 & echo $!; wait", tmp_path, timeout_seconds=0.2)
    assert ended.timed_out
    assert ends(int(out[0]))


def test_a_child_that_ignores_the_polite_signal_is_killed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiercel.processes.TERM_SECONDS", 0.1)
    ended, _, _ = shell("trap '' TERM; while true; do sleep 1; done", tmp_path, timeout_seconds=0.1)
    assert (ended.code, ended.timed_out) == (-9, True)


def test_what_a_child_leaves_in_the_background_ends_with_it(tmp_path: Path) -> None:
    ended, out, _ = shell("sleep 100 & echo $!", tmp_path)
    assert ended == Exit(0)
    assert ends(int(out[0]))


def test_cancelling_the_caller_ends_the_child(tmp_path: Path) -> None:
    pids: list[str] = []

    async def cancel() -> None:
        started = asyncio.Event()

        def on_line(line: str) -> None:
            pids.append(line)
            started.set()

        task = asyncio.create_task(
            run(["/bin/sh", "-c", "echo $$; sleep 100"], cwd=tmp_path, on_stdout=on_line)
        )
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(cancel())
    assert ends(int(pids[0]))


def test_output_over_the_cap_is_dropped_and_said(tmp_path: Path) -> None:
    ended, out, _ = shell("yes | head -c 1000000", tmp_path, max_bytes=1000)
    assert ended == Exit(0, truncated=True)
    assert sum(map(len, out)) == 500


def test_a_limit_is_held(tmp_path: Path) -> None:
    _, out, _ = shell("read go; ulimit -n", tmp_path, limits=Limits(open_files=50), stdin=b"go\n")
    assert out == ["50"]


def test_input_is_given_and_not_reading_it_is_no_error(tmp_path: Path) -> None:
    assert shell("cat", tmp_path, stdin=b"hello")[1] == ["hello"]
    assert shell("exit 0", tmp_path, stdin=b"x" * 1_000_000)[0] == Exit(0)


def test_a_program_that_is_not_there_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(TaskFailed, match="'/no/such' cannot be started"):
        asyncio.run(run(["/no/such"], cwd=tmp_path))


def test_an_error_of_a_lines_receiver_is_raised_to_the_caller(tmp_path: Path) -> None:
    def refuse(line: str) -> None:
        raise TaskFailed(f"not {line}")

    with pytest.raises(TaskFailed, match="not one"):
        asyncio.run(run(["/bin/echo", "one"], cwd=tmp_path, on_stdout=refuse))


def test_no_descriptor_is_left_open(tmp_path: Path) -> None:
    async def many() -> tuple[int, int]:
        await run(["/bin/true"], cwd=tmp_path)
        before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names are all that is wanted
        for _ in range(20):
            await run(["/bin/true"], cwd=tmp_path)
        return before, len(os.listdir("/proc/self/fd"))  # noqa: PTH208

    before, after = asyncio.run(many())
    assert after <= before


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_lines_are_the_same_however_they_are_cut(size: int) -> None:
    text = "grün\nzwei\r\n\nlast"
    content = text.encode()
    seen: list[str] = []
    lines = Lines(seen.append)
    for start in range(0, len(content), size):
        lines.add(content[start : start + size])
    lines.flush()
    assert seen == ["grün", "zwei", "", "last"]


def test_a_line_without_end_is_given_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tiercel.processes.LINE_CHARACTERS", 10)
    seen: list[str] = []
    lines = Lines(seen.append)
    lines.add(b"x" * 25)
    lines.flush()
    assert seen == ["x" * 10, "x" * 10, "x" * 5]
