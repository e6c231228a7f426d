"""WorkingDirectory: one directory for several tasks, on one machine or on several."""

import asyncio
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from textwrap import dedent
from typing import Any

import httpx
import pytest

from tests.flows.playing import on_engine, run_of, start
from tiercel import clock
from tiercel_orchestrator.dispatch.routes import Routes
from tiercel_orchestrator.local import open_engine
from tiercel_orchestrator.shell.engine import Engine

DIRECTORY = """
    id: directory
    namespace: tests
    inputs:
      - id: fail
        type: BOOL
        defaults: false
    tasks:
      - id: together
        type: io.kestra.plugin.core.flow.WorkingDirectory
        inputFiles:
          in.txt: "given"
        outputFiles: ["*.txt", "deep/*.txt"]
        tasks:
          - id: first
            type: io.kestra.plugin.scripts.shell.Commands
            taskRunner:
              type: io.kestra.plugin.core.runner.Process
            commands:
              - mkdir deep && cat in.txt > deep/one.txt && echo 'echo made' > tool.sh && chmod +x tool.sh
          - id: second
            type: io.kestra.plugin.core.storage.LocalFiles
            inputs:
              two.txt: "second"
          - id: third
            type: io.kestra.plugin.scripts.shell.Commands
            taskRunner:
              type: io.kestra.plugin.core.runner.Process
            commands:
              - ./tool.sh > three.txt && cat two.txt >> three.txt
              - "{{ inputs.fail ? 'exit 3' : 'true' }}"
"""
PATIENCE_SECONDS = 30


@contextmanager
def served(family: str, storage: Path) -> Iterator[str]:
    """Serve a family in a process of its own, over the same internal storage; give its URL."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        environment = {**os.environ, "TIERCEL_STORAGE_URL": str(storage), "TIERCEL_HOME": str(storage.parent)}
        descriptor = listener.fileno()
        command = [sys.executable, "-m", "uvicorn", f"tiercel_{family}.app:app", "--fd", str(descriptor)]
        process = subprocess.Popen(
            [*command, "--log-level", "warning"], env=environment, pass_fds=[descriptor]
        )
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            # the socket listens already: the answer comes when the family is there
            assert httpx.get(f"{url}/health", timeout=PATIENCE_SECONDS).json()["status"] == "ok"
            yield url
        finally:
            process.terminate()
            process.wait(PATIENCE_SECONDS)


def files_of(engine: Engine, outputs: dict[str, Any]) -> dict[str, str]:
    """Read what a WorkingDirectory has stored."""
    uris = outputs["outputFiles"]
    return {name: engine.services.storage.read(None, uri).decode() for name, uri in uris.items()}


EXPECTED = {"deep/one.txt": "given", "in.txt": "given", "three.txt": "made\nsecond", "two.txt": "second"}


async def played(engine: Engine) -> dict[str, str]:
    execution_id = await start(engine, "directory")
    assert (await engine.wait(execution_id)).state == "SUCCESS"
    return files_of(engine, (await run_of(engine, execution_id, "together")).outputs or {})


def archives(home: Path) -> list[Path]:
    return list((home / "storage").rglob("directories/**/*.zip"))


def test_tasks_of_one_process_share_one_directory(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        assert await played(engine) == EXPECTED

    on_engine(tmp_path, play, DIRECTORY)
    assert archives(tmp_path) == []


@pytest.mark.parametrize("elsewhere", [("core", "scripts"), ("scripts",)], ids=["both", "one"])
def test_families_in_processes_of_their_own_share_it_through_storage(
    tmp_path: Path, elsewhere: tuple[str, ...]
) -> None:
    storage = tmp_path / "storage"

    async def play(urls: dict[str, str]) -> None:
        routes = Routes.read(environment={"TIERCEL_FAMILY_URLS": json.dumps(urls)})
        async with open_engine(tmp_path, routes=routes) as engine:
            await engine.in_store(engine.operations.flows.put, dedent(DIRECTORY), clock.now())
            assert await played(engine) == EXPECTED

    with ExitStack() as stack:
        urls = {family: stack.enter_context(served(family, storage)) for family in elsewhere}
        asyncio.run(play(urls))
    assert archives(tmp_path) == []


def test_a_task_that_fails_elsewhere_leaves_nothing_behind_and_a_restart_runs_the_block_again(
    tmp_path: Path,
) -> None:
    storage = tmp_path / "storage"

    async def play(url: str) -> None:
        routes = Routes.read(environment={"TIERCEL_FAMILY_URLS": json.dumps({"scripts": url})})
        async with open_engine(tmp_path, routes=routes) as engine:
            await engine.in_store(engine.operations.flows.put, dedent(DIRECTORY), clock.now())
            execution_id = await start(engine, "directory", fail=True)
            assert (await engine.wait(execution_id)).state == "FAILED"
            await engine.operations.restart(execution_id)
            assert (await engine.wait(execution_id)).state == "FAILED"
            files = files_of(engine, (await run_of(engine, execution_id, "together")).outputs or {})
            assert files == EXPECTED

    with served("scripts", storage) as url:
        asyncio.run(play(url))
    assert archives(tmp_path) == []


def test_a_family_with_another_storage_says_what_to_set(tmp_path: Path) -> None:
    async def play(url: str) -> None:
        routes = Routes.read(environment={"TIERCEL_FAMILY_URLS": json.dumps({"scripts": url})})
        async with open_engine(tmp_path, routes=routes) as engine:
            await engine.in_store(engine.operations.flows.put, dedent(DIRECTORY), clock.now())
            execution_id = await start(engine, "directory")
            assert (await engine.wait(execution_id)).state == "FAILED"
            lines = await engine.in_store(engine.store.logs, execution_id)
            assert any("the same TIERCEL_STORAGE_URL" in row.line.message for row in lines)

    with served("scripts", tmp_path / "other" / "storage") as url:
        asyncio.run(play(url))


CACHE = """
    id: cache
    namespace: tests
    tasks:
      - id: together
        type: io.kestra.plugin.core.flow.WorkingDirectory
        cache:
          patterns: ["kept/**/*.txt"]
          TTL
        tasks:
          - id: count
            type: io.kestra.plugin.scripts.shell.Commands
            taskRunner:
              type: io.kestra.plugin.core.runner.Process
            commands:
              - mkdir -p kept/deep && echo line >> kept/deep/lines.txt && echo x > other.txt
              - lines=$(wc -l < kept/deep/lines.txt); files=$(ls | wc -l)
              - echo "::{\\"outputs\\":{\\"lines\\":$lines,\\"files\\":$files}}::"
"""


@pytest.mark.parametrize(
    ("ttl", "counts"), [("", [1, 2, 3]), ("ttl: PT1H", [1, 2, 3]), ("ttl: PT0S", [1, 1, 1])]
)
def test_files_are_kept_from_one_execution_to_the_next_until_they_are_too_old(
    tmp_path: Path, ttl: str, counts: list[int]
) -> None:
    async def play(engine: Engine) -> None:
        found = []
        for _ in counts:
            execution_id = await start(engine, "cache")
            assert (await engine.wait(execution_id)).state == "SUCCESS"
            found.append(((await run_of(engine, execution_id, "count")).outputs or {})["vars"])
        assert [one["lines"] for one in found] == counts
        assert {one["files"] for one in found} == {2}

    on_engine(tmp_path, play, CACHE.replace("TTL", ttl))
