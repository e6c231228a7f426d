"""Task cache: a task that was run with the same properties gives what it gave then."""

from pathlib import Path
from typing import Any

from tests.flows.playing import on_engine, run_of, start
from tiercel_orchestrator.shell.engine import Engine

CACHED = """
    id: cached
    namespace: tests
    inputs:
      - id: value
        type: STRING
    tasks:
      - id: costly
        type: io.kestra.plugin.core.output.OutputValues
        taskCache:
          enabled: true
          TTL
        values:
          value: "{{ inputs.value }}"
"""
BIG = """
    id: cached
    namespace: tests
    inputs:
      - id: value
        type: STRING
    tasks:
      - id: costly
        type: io.kestra.plugin.core.debug.Return
        taskCache:
          enabled: true
        format: "{{ inputs.value }}{% for n in range(1, 40000) %}0123456789{% endfor %}"
"""


async def played(engine: Engine, value: str) -> tuple[bool, dict[str, Any]]:
    """Run the flow; say whether its task's outputs came from the cache, and give them."""
    execution_id = await start(engine, "cached", value=value)
    assert (await engine.wait(execution_id)).state == "SUCCESS"
    rows = await engine.in_store(engine.store.logs, execution_id)
    cached = any("from the task's cache" in row.line.message for row in rows)
    return cached, (await run_of(engine, execution_id, "costly")).outputs or {}


def test_the_same_properties_give_the_same_outputs_without_running_again(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        assert await played(engine, "a") == (False, {"values": {"value": "a"}})
        assert await played(engine, "a") == (True, {"values": {"value": "a"}})
        assert await played(engine, "b") == (False, {"values": {"value": "b"}})

    on_engine(tmp_path, play, CACHED.replace("TTL", ""))


def test_the_cache_outlives_the_engine_and_ends_with_its_ttl(tmp_path: Path) -> None:
    async def once(engine: Engine) -> None:
        await played(engine, "a")

    async def again(engine: Engine) -> None:
        assert (await played(engine, "a"))[0]

    async def too_old(engine: Engine) -> None:
        assert not (await played(engine, "a"))[0]

    on_engine(tmp_path, once, CACHED.replace("TTL", "ttl: PT1H"))
    on_engine(tmp_path, again)
    on_engine(tmp_path, too_old, CACHED.replace("TTL", "ttl: PT0S"))


def test_a_failure_is_not_kept(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        for _ in range(2):
            execution_id = await start(engine, "cached", value="a")
            assert (await engine.wait(execution_id)).state == "FAILED"

    broken = CACHED.replace("TTL", "").replace("OutputValues", "OutputValues\n        timeout: PT0.0001S")
    broken = broken.replace("core.output.OutputValues", "core.flow.Sleep")
    broken = broken.replace('values:\n          value: "{{ inputs.value }}"', "duration: PT10S")
    on_engine(tmp_path, play, broken)


def test_what_is_kept_does_not_go_with_the_files_of_the_execution_that_made_it(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        _, first = await played(engine, "a")
        engine.services.storage.delete(None, first["value"]["$ref"])
        cached, second = await played(engine, "a")
        assert cached
        assert second["value"]["size"] == first["value"]["size"]
        assert second["value"]["$ref"] != first["value"]["$ref"]

    on_engine(tmp_path, play, BIG)


def test_a_broken_entry_is_as_good_as_none(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        await played(engine, "a")
        files = engine.services.storage.list(None, "kestra:///tests/")
        (entry,) = [file for file in files if "task-cache" in file.uri]
        engine.services.storage.put(entry.uri, b"{")
        assert not (await played(engine, "a"))[0]
        assert (await played(engine, "a"))[0]

    on_engine(tmp_path, play, CACHED.replace("TTL", ""))
