"""What people do with executions: restart, replay, mark, pause, queue; on the engine itself."""

from pathlib import Path

import pytest

from tests.flows.playing import MEND, mended, on_engine, run_of, start, states_of
from tiercel.errors import InvalidFlow
from tiercel_orchestrator.shell.engine import Engine

FAILS_ONCE = """
    id: fails-once
    namespace: tests
    tasks:
      - id: first
        type: io.kestra.plugin.core.debug.Return
        format: "{{ execution.id }}"
      - id: block
        type: io.kestra.plugin.core.flow.Sequential
        tasks:
          - id: fragile
            type: io.kestra.plugin.core.debug.Return
            format: "{{ kv('mended') == 'yes' ? 'fine' : ko }}"
          - id: after
            type: io.kestra.plugin.core.debug.Return
            format: "{{ outputs.fragile.value }} after {{ outputs.first.value }}"
        errors:
          - id: sorry
            type: io.kestra.plugin.core.log.Log
            message: sorry
    finally:
      - id: tidy
        type: io.kestra.plugin.core.log.Log
        message: tidy
"""
PAUSES = """
    id: waits
    namespace: tests
    concurrency:
      limit: 1
      behavior: QUEUE
    tasks:
      - id: wait
        type: io.kestra.plugin.core.flow.Pause
      - id: end
        type: io.kestra.plugin.core.log.Log
        message: end
"""


def test_a_restart_runs_what_failed_and_what_follows_and_nothing_else(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "fails-once")
        failed = await engine.wait(execution_id)
        assert failed.state == "FAILED"
        assert await states_of(engine, execution_id) == {
            "first": "SUCCESS",
            "block": "FAILED",
            "fragile": "FAILED",
            "sorry": "SUCCESS",
            "tidy": "SUCCESS",
        }
        await mended(engine)
        standing = await engine.operations.restart(execution_id)
        assert standing.execution.state == "RESTARTED"
        assert {run.task_id: run.state for run in standing.runs} == {
            "first": "SUCCESS",
            "block": "RUNNING",
            "fragile": "RESTARTED",
        }
        ended = await engine.wait(execution_id)
        assert [state for state, _ in ended.history] == [
            "CREATED", "RUNNING", "FAILED", "RESTARTED", "RUNNING", "SUCCESS",
        ]  # fmt: skip
        assert set((await states_of(engine, execution_id)).values()) == {"SUCCESS"}
        assert len((await run_of(engine, execution_id, "fragile")).attempts) == 2
        assert len((await run_of(engine, execution_id, "first")).attempts) == 1
        after = await run_of(engine, execution_id, "after")
        assert after.outputs == {"value": f"fine after {execution_id}"}

    on_engine(tmp_path, play, FAILS_ONCE, MEND)


def test_a_restart_of_what_has_not_failed_is_refused(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "mend")
        await engine.wait(execution_id)
        with pytest.raises(InvalidFlow, match="No task found to restart"):
            await engine.operations.restart(execution_id)

    on_engine(tmp_path, play, MEND)


def test_an_each_that_failed_goes_on_with_the_values_it_had_not_come_to(tmp_path: Path) -> None:
    flow = """
        id: each
        namespace: tests
        tasks:
          - id: all
            type: io.kestra.plugin.core.flow.ForEach
            values: [1, 2, 3]
            concurrencyLimit: 2
            tasks:
              - id: one
                type: io.kestra.plugin.core.debug.Return
                format: "{{ kv('mended') == 'yes' or taskrun.value == '1' ? taskrun.value : ko }}"
              - id: two
                type: io.kestra.plugin.core.debug.Return
                format: "{{ outputs.one[taskrun.value].value }}"
    """

    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "each")
        assert (await engine.wait(execution_id)).state == "FAILED"
        await mended(engine)
        await engine.operations.restart(execution_id)
        assert (await engine.wait(execution_id)).state == "SUCCESS"
        runs = await engine.in_store(engine.store.task_runs, execution_id)
        assert {(run.task_id, run.value): run.state for run in runs if run.value} == {
            (task, value): "SUCCESS" for task in ("one", "two") for value in "123"
        }

    on_engine(tmp_path, play, flow, MEND)


def test_a_restarted_subflow_task_restarts_the_execution_that_it_started(tmp_path: Path) -> None:
    parent = """
        id: parent
        namespace: tests
        tasks:
          - id: child
            type: io.kestra.plugin.core.flow.Subflow
            namespace: tests
            flowId: fails-once
    """

    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "parent")
        assert (await engine.wait(execution_id)).state == "FAILED"
        child_id = ((await run_of(engine, execution_id, "child")).outputs or {})["executionId"]
        await mended(engine)
        await engine.operations.restart(execution_id)
        assert (await engine.wait(execution_id)).state == "SUCCESS"
        run = await run_of(engine, execution_id, "child")
        assert (run.outputs or {})["executionId"] == child_id
        assert "RESTARTED" in [state for state, _ in (await engine.execution(child_id)).history]

    on_engine(tmp_path, play, FAILS_ONCE, MEND, parent)


def test_a_replay_keeps_what_came_before_and_leaves_the_first_execution_alone(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        first_id = await start(engine, "fails-once")
        await engine.wait(first_id)
        await mended(engine)
        block = await run_of(engine, first_id, "block")
        replayed = (await engine.operations.replay(first_id, block.id)).execution
        ended = await engine.wait(replayed.id)
        assert (ended.state, ended.parent_id, ended.original_id) == ("SUCCESS", first_id, first_id)
        after = await run_of(engine, replayed.id, "after")
        assert after.outputs == {"value": f"fine after {first_id}"}
        assert (await engine.execution(first_id)).state == "FAILED"
        whole = (await engine.operations.replay(first_id)).execution
        await engine.wait(whole.id)
        assert (await run_of(engine, whole.id, "after")).outputs == {"value": f"fine after {whole.id}"}

    on_engine(tmp_path, play, FAILS_ONCE, MEND)


def test_a_replay_from_a_task_run_that_is_not_there_is_refused(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "mend")
        await engine.wait(execution_id)
        with pytest.raises(InvalidFlow, match="has no run 'nowhere'"):
            await engine.operations.replay(execution_id, "nowhere")

    on_engine(tmp_path, play, MEND)


def test_a_task_run_marked_as_successful_lets_the_execution_go_on(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "fails-once")
        await engine.wait(execution_id)
        fragile = await run_of(engine, execution_id, "fragile")
        await engine.operations.mark(execution_id, fragile.id, "SUCCESS")
        ended = await engine.wait(execution_id)
        assert ended.state == "FAILED"  # `after` reads an output that nobody has written
        states = await states_of(engine, execution_id)
        assert (states["fragile"], states["after"], states["tidy"]) == ("SUCCESS", "FAILED", "SUCCESS")

    on_engine(tmp_path, play, FAILS_ONCE)


def test_an_ended_execution_takes_another_state_and_labels_a_running_one_does_not(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "mend")
        await engine.wait(execution_id)
        operations = engine.operations
        assert (await operations.change_status(execution_id, "WARNING")).execution.state == "WARNING"
        labelled = (await operations.set_labels(execution_id, {"team": "data"})).execution
        assert labelled.labels["team"] == "data"
        with pytest.raises(InvalidFlow, match="System labels"):
            await operations.set_labels(execution_id, {"system.x": "y"})
        waiting = await start(engine, "waits")
        await engine.wait_until_idle(waiting)
        with pytest.raises(InvalidFlow, match="wait until it has ended"):
            await operations.change_status(waiting, "SUCCESS")
        await engine.kill(waiting)

    on_engine(tmp_path, play, MEND, PAUSES)


def test_one_more_than_the_limit_waits_in_the_queue_until_a_slot_is_free(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        first, second, third = [await start(engine, "waits") for _ in range(3)]
        await engine.wait_until_idle(first)
        assert [(await engine.execution(one)).state for one in (first, second, third)] == [
            "PAUSED", "QUEUED", "QUEUED",
        ]  # fmt: skip
        await engine.operations.resume(first)
        assert (await engine.wait(first)).state == "SUCCESS"
        await engine.wait_until_idle(second)
        assert (await engine.execution(third)).state == "QUEUED"
        await engine.operations.unqueue(third, "CANCELLED")
        await engine.operations.resume(second)
        assert [state for state, _ in (await engine.wait(second)).history] == [
            "CREATED", "QUEUED", "RUNNING", "PAUSED", "RESTARTED", "RUNNING", "SUCCESS",
        ]  # fmt: skip
        assert (await engine.wait(third)).state == "CANCELLED"

    on_engine(tmp_path, play, PAUSES)


def test_a_queued_execution_can_be_forced_to_run(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        first, second = [await start(engine, "waits") for _ in range(2)]
        await engine.wait_until_idle(first)
        await engine.operations.force_run(second)
        await engine.wait_until_idle(second)
        assert (await engine.execution(second)).state == "PAUSED"
        with pytest.raises(InvalidFlow, match="only one that is queued"):
            await engine.operations.force_run(second)
        await engine.kill(first)
        await engine.kill(second)

    on_engine(tmp_path, play, PAUSES)


def test_a_paused_execution_starts_nothing_until_it_is_resumed(tmp_path: Path) -> None:
    flow = """
        id: goes
        namespace: tests
        tasks:
          - id: wait
            type: io.kestra.plugin.core.flow.Pause
          - id: end
            type: io.kestra.plugin.core.log.Log
            message: end
    """

    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "goes")
        await engine.wait_until_idle(execution_id)
        wait = await run_of(engine, execution_id, "wait")
        with pytest.raises(InvalidFlow, match="only one that is RUNNING"):
            await engine.operations.pause(execution_id)
        engine.pump.claiming = False  # so that the execution is RUNNING for as long as it takes to pause it
        await engine.resume(wait.id)
        await engine.operations.pause(execution_id)
        engine.pump.claiming = True
        await engine.wait_until_idle(execution_id)
        assert (await engine.execution(execution_id)).state == "PAUSED"
        await engine.operations.resume(execution_id)
        assert (await engine.wait(execution_id)).state == "SUCCESS"

    on_engine(tmp_path, play, flow)


def test_one_that_was_killed_while_it_stood_still_can_be_restarted(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        engine.pump.claiming = False
        execution_id = await start(engine, "mend")
        await engine.operations.pause(execution_id)
        await engine.kill(execution_id)
        engine.pump.claiming = True
        await engine.operations.restart(execution_id)
        assert (await engine.wait(execution_id)).state == "SUCCESS"

    on_engine(tmp_path, play, MEND)
