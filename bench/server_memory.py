"""Resident memory of an idle `tiercel server`: alone, and with a family behind a URL."""

import contextlib
import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Iterator
from pathlib import Path

from bench.measuring import spread, table, verdict

ROUNDS = 5
BAR_MB = 80.0
WITH_FAMILY = {"TIERCEL_FAMILY_URLS": json.dumps({"core": "http://127.0.0.1:9"})}
FLOOR = "python, idle"


def main() -> None:
    """Start each server once a round, look at it after its first `/health`, and stop it."""
    variants: dict[str, dict[str, str]] = {"tiercel server": {}, "with a family behind a URL": WITH_FAMILY}
    taken: dict[str, list[float]] = {name: [] for name in (FLOOR, *variants)}
    for number in range(ROUNDS + 1):
        measured = {FLOOR: floor(), **{name: server(settings) for name, settings in variants.items()}}
        for name, value in measured.items() if number else ():
            taken[name].append(value)
    rows = []
    for name, values in taken.items():
        found = spread(values)
        judged = "floor" if name == FLOOR else verdict(found.greatest, BAR_MB)
        rows.append([name, found.text(1), judged])
    table("An orchestrator that has nothing to do", ["process", "resident MB", "verdict"], rows)


def server(settings: dict[str, str]) -> float:
    """Give the resident memory of a server that has answered once."""
    with tempfile.TemporaryDirectory(prefix="tiercel-bench-") as home:
        command = [str(Path(sys.executable).with_name("tiercel")), "server", "--port", "0", "--home", home]
        with started(command, settings) as (line, process):
            url = line.partition("tiercel serves at ")[2].partition(";")[0]
            with urllib.request.urlopen(f"{url}/health", timeout=10) as answer:
                answer.read()
            return resident_mb(process.pid)


def floor() -> float:
    """Give the resident memory of an interpreter that waits."""
    with started([sys.executable, "-c", "print('ready', flush=True); input()"], {}) as (_, process):
        return resident_mb(process.pid)


@contextlib.contextmanager
def started(command: list[str], settings: dict[str, str]) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """Start a process and wait for its first line."""
    pipe = subprocess.PIPE
    process = subprocess.Popen(command, stdin=pipe, stdout=pipe, text=True, env={**os.environ, **settings})
    try:
        assert process.stdout is not None
        yield process.stdout.readline(), process
    finally:
        process.terminate()
        process.communicate()


def resident_mb(pid: int) -> float:
    """Read VmRSS of a process."""
    for line in Path(f"/proc/{pid}/status").read_text(encoding="utf-8").splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    raise SystemExit(f"process {pid} has no resident memory: it has ended")


if __name__ == "__main__":
    main()
