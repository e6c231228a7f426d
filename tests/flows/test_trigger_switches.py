"""Triggers that a task has switched off, and on again."""

from pathlib import Path

import pytest

from tests.flows.playing import on_engine, start
from tests.flows.test_flow_triggers import OTHER, settled, started
from tiercel_orchestrator.shell.engine import Engine

SWITCH = """
    id: switch
    namespace: tests
    inputs:
      - id: trigger
        type: STRING
    tasks:
      - id: "off"
        type: io.kestra.plugin.core.trigger.Toggle
        flowId: listener
        trigger: "{{ inputs.trigger }}"
      - id: wait
        type: io.kestra.plugin.core.flow.Pause
      - id: "on"
        type: io.kestra.plugin.core.trigger.Toggle
        namespace: tests
        flowId: listener
        trigger: listen
        enabled: true
"""
HEARS = """
    id: listener
    namespace: tests
    tasks:
      - id: show
        type: io.kestra.plugin.core.log.Log
        message: hello
    triggers:
      - id: listen
        type: io.kestra.plugin.core.trigger.Flow
        conditions:
          - type: io.kestra.plugin.core.condition.ExecutionFlow
            namespace: tests
            flowId: other
"""


def test_a_trigger_that_a_task_switched_off_starts_nothing_until_it_is_switched_on(tmp_path: Path) -> None:
    async def switch_off(engine: Engine) -> str:
        execution_id = await start(engine, "switch", trigger="listen")
        await engine.wait_until_idle(execution_id)
        await settled(engine, "other")
        return execution_id

    async def switch_on(engine: Engine) -> None:
        await settled(engine, "other")
        assert await started(engine) == []  # off for the next process, and in the next revision
        await engine.operations.resume(switching)
        assert (await engine.wait(switching)).state == "SUCCESS"
        await settled(engine, "other")
        assert len(await started(engine)) == 1

    switching = on_engine(tmp_path, switch_off, OTHER, HEARS, SWITCH)
    on_engine(tmp_path, switch_on, HEARS.replace("hello", "good day"))


@pytest.mark.parametrize(
    ("sources", "name", "told"),
    [
        ((HEARS, SWITCH), "lisen", "has no trigger 'lisen'; did you mean \"listen\"?"),
        ((HEARS.partition("triggers:")[0], SWITCH), "listen", "has no trigger 'listen'; it has none at all."),
        ((SWITCH,), "listen", "There is no flow 'listener' in namespace 'tests'"),
    ],
)
def test_a_trigger_that_is_not_there_cannot_be_switched(
    tmp_path: Path, sources: tuple[str, ...], name: str, told: str
) -> None:
    async def play(engine: Engine) -> None:
        execution = await engine.wait(await start(engine, "switch", trigger=name))
        assert execution.state == "FAILED"
        lines = await engine.in_store(engine.store.logs, execution.id)
        assert any(told in row.line.message for row in lines if row.line.level == "ERROR")

    on_engine(tmp_path, play, *sources)
