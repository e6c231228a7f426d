"""Templates: tasks kept apart from the flows that run them."""

from pathlib import Path

import pytest

from tests.flows.playing import on_engine, start, states_of
from tiercel.clock import timestamp
from tiercel.errors import InvalidFlow
from tiercel_orchestrator.shell.engine import Engine

USES = """
    id: uses
    namespace: tests
    pluginDefaults:
      - type: io.kestra.plugin.core.log.Log
        values:
          level: WARN
    tasks:
      - id: wait
        type: io.kestra.plugin.core.flow.Pause
      - id: block
        type: io.kestra.plugin.core.flow.Template
        namespace: tests
        templateId: greeting
        args:
          name: "{{ flow.id }}"
"""
GREETING = {
    "id": "greeting",
    "namespace": "tests",
    "tasks": [
        {
            "id": "greet",
            "type": "io.kestra.plugin.core.log.Log",
            "message": "Hello {{ parent.outputs.args.name }}",
        }
    ],
    "errors": [{"id": "sorry", "type": "io.kestra.plugin.core.log.Log", "message": "sorry"}],
}


async def said(engine: Engine, execution_id: str) -> list[tuple[str, str]]:
    rows = await engine.in_store(engine.store.logs, execution_id)
    return [(row.line.level, row.line.message) for row in rows]


def test_a_template_runs_with_its_arguments_and_under_the_flows_plugin_defaults(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        await engine.operations.put_template(GREETING)
        execution_id = await start(engine, "uses")
        await engine.wait_until_idle(execution_id)
        await engine.operations.resume(execution_id)
        assert (await engine.wait(execution_id)).state == "SUCCESS"
        assert ("WARN", "Hello uses") in await said(engine, execution_id)
        assert await states_of(engine, execution_id) == {
            "wait": "SUCCESS",
            "block": "SUCCESS",
            "greet": "SUCCESS",
        }

    on_engine(tmp_path, play, USES)


def test_an_execution_keeps_the_template_that_was_there_when_it_began(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        await engine.operations.put_template(GREETING)
        execution_id = await start(engine, "uses")
        await engine.wait_until_idle(execution_id)
        other = {"id": "other", "type": "io.kestra.plugin.core.log.Log", "message": "other"}
        # a later moment, as the store counts them: milliseconds
        while timestamp() == (await engine.execution(execution_id)).history[0][1]:
            pass
        await engine.operations.put_template({**GREETING, "tasks": [other]})
        await engine.operations.resume(execution_id)
        await engine.wait(execution_id)
        assert "greet" in await states_of(engine, execution_id)
        later = await start(engine, "uses")
        await engine.wait_until_idle(later)
        await engine.operations.resume(later)
        await engine.wait(later)
        assert "other" in await states_of(engine, later)

    on_engine(tmp_path, play, USES)


def test_a_template_that_is_missing_fails_its_task_and_is_named(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "uses")
        await engine.wait_until_idle(execution_id)
        await engine.operations.resume(execution_id)
        assert (await engine.wait(execution_id)).state == "FAILED"
        assert "Can't find flow template 'tests.greeting'" in (await said(engine, execution_id))[-1][1]

    on_engine(tmp_path, play, USES)


def test_a_template_inside_itself_ends_as_a_missing_one(tmp_path: Path) -> None:
    itself = {
        "id": "greeting",
        "namespace": "tests",
        "tasks": [
            {
                "id": "again",
                "type": "io.kestra.plugin.core.flow.Template",
                "namespace": "tests",
                "templateId": "greeting",
            }
        ],
    }

    async def play(engine: Engine) -> None:
        await engine.operations.put_template(itself)
        execution_id = await start(engine, "uses")
        await engine.wait_until_idle(execution_id)
        await engine.operations.resume(execution_id)
        assert (await engine.wait(execution_id)).state == "FAILED"
        assert (await states_of(engine, execution_id))["again"] == "FAILED"

    on_engine(tmp_path, play, USES)


def test_a_template_with_a_flows_properties_is_refused_with_their_place(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        with pytest.raises(InvalidFlow, match=r"line 2, column 1: triggers: a template has no such property"):
            await engine.operations.put_template("id: x\ntriggers: []\nnamespace: tests\n")

    on_engine(tmp_path, play)
