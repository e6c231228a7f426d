"""How executions begin: at a date, in a chain of others."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.flows.playing import on_engine, run_of, start
from tiercel import clock
from tiercel.errors import InvalidFlow
from tiercel_orchestrator.shell.engine import Engine
from tiercel_orchestrator.shell.starting import StartRequest
from tiercel_orchestrator.store.port import Filter

CHILD = """
    id: child
    namespace: tests
    tasks:
      - id: hello
        type: io.kestra.plugin.core.log.Log
        message: hello
"""
PARENT = """
    id: parent
    namespace: tests
    inputs:
      - id: at
        type: STRING
    tasks:
      - id: call
        type: io.kestra.plugin.core.flow.Subflow
        namespace: tests
        flowId: child
        wait: false
        scheduleDate: "{{ inputs.at }}"
"""
FAR = "2100-01-01T00:00:00Z"


def test_an_execution_with_a_date_waits_for_it(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        request = StartRequest("tests", "child", schedule_date=FAR)
        far = await engine.start(request)
        soon = clock.now() + timedelta(milliseconds=50)
        near = await engine.start(StartRequest("tests", "child", schedule_date=clock.timestamp(soon)))
        ended = await engine.wait(near.id)
        assert ended.history[1][1] >= clock.timestamp(soon)
        assert (await engine.execution(far.id)).state == "CREATED"

    on_engine(tmp_path, play, CHILD)


def test_somebody_may_start_it_before_its_date(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        execution = await engine.start(StartRequest("tests", "child", schedule_date=FAR))
        await engine.operations.force_run(execution.id)
        assert (await engine.wait(execution.id)).state == "SUCCESS"

    on_engine(tmp_path, play, CHILD)


def test_a_date_that_is_none_is_refused(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        with pytest.raises(InvalidFlow, match="`scheduleDate` is 'tomorrow', which is no moment"):
            await engine.start(StartRequest("tests", "child", schedule_date="tomorrow"))

    on_engine(tmp_path, play, CHILD)


def test_a_subflow_with_a_date_is_created_now_and_begins_then(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "parent", at=FAR)
        assert (await engine.wait(execution_id)).state == "SUCCESS"
        (child,) = await engine.in_store(engine.store.executions, Filter("tests", "child"))
        assert child.state == "CREATED"
        assert (await engine.in_store(engine.store.root_run, child.id)).due_at is not None

    on_engine(tmp_path, play, CHILD, PARENT)


def test_a_subflow_with_a_date_that_is_none_fails_its_task(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "parent", at="tomorrow")
        assert (await engine.wait(execution_id)).state == "FAILED"
        assert (await run_of(engine, execution_id, "call")).state == "FAILED"

    on_engine(tmp_path, play, CHILD, PARENT)


def test_all_that_follows_from_an_execution_carries_its_correlation_id(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        labels = {"system.correlationId": "chosen"}
        request = StartRequest("tests", "parent", inputs={"at": ""}, labels=labels)
        parent = await engine.start(request)
        await engine.wait_for_tree(parent.root_id)
        (child,) = await engine.in_store(engine.store.executions, Filter("tests", "child"))
        assert [parent.labels["system.correlationId"], child.labels["system.correlationId"]] == ["chosen"] * 2
        plain = await engine.start(StartRequest("tests", "child"))
        assert plain.labels["system.correlationId"] == plain.id

    on_engine(tmp_path, play, CHILD, PARENT)
