"""Exit: an execution that ends itself."""

from pathlib import Path

import pytest

from tests.flows.conftest import RunFlow
from tests.flows.playing import on_engine, run_of, start, states_of
from tiercel_orchestrator.shell.engine import Engine

WAITS = """
    id: waits
    namespace: tests
    tasks:
      - {id: wait, type: io.kestra.plugin.core.flow.Pause}
"""
EXITS = """
    id: exits
    namespace: tests
    tasks:
      - id: beside
        type: io.kestra.plugin.core.flow.Parallel
        tasks:
          - id: block
            type: io.kestra.plugin.core.flow.Sequential
            tasks:
              - {id: call, type: io.kestra.plugin.core.flow.Subflow, namespace: tests, flowId: waits}
              - {id: never, type: io.kestra.plugin.core.log.Log, message: never}
          - id: other
            type: io.kestra.plugin.core.flow.Sequential
            tasks:
              - {id: first, type: io.kestra.plugin.core.log.Log, message: first}
              - {id: exit, type: io.kestra.plugin.core.execution.Exit, state: STATE}
      - {id: neither, type: io.kestra.plugin.core.log.Log, message: never}
    errors:
      - {id: sorry, type: io.kestra.plugin.core.log.Log, message: never}
    finally:
      - {id: tidy, type: io.kestra.plugin.core.log.Log, message: never}
    afterExecution:
      - {id: tell, type: io.kestra.plugin.core.debug.Return, format: "{{ execution.state }}"}
"""


@pytest.mark.parametrize("state", ["SUCCESS", "WARNING", "FAILED"])
def test_what_runs_beside_an_exit_ends_by_itself_and_nothing_follows(tmp_path: Path, state: str) -> None:
    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "exits")
        await engine.wait_until_idle(execution_id)
        call = await run_of(engine, execution_id, "call")
        assert call.state == "RUNNING"
        await engine.operations.resume(str((call.outputs or {})["executionId"]))
        assert (await engine.wait(execution_id)).state == state
        assert await states_of(engine, execution_id) == {
            "beside": state,
            "other": state,
            "first": "SUCCESS",
            "exit": state,
            "block": "KILLED",
            "call": "SUCCESS",
            "tell": "SUCCESS",
        }

    on_engine(tmp_path, play, WAITS, EXITS.replace("STATE", state))


@pytest.mark.parametrize("state", ["KILLED", "CANCELLED"])
def test_an_exit_that_kills_takes_all_that_runs_with_it(run_flow: RunFlow, state: str) -> None:
    ran = run_flow(WAITS, EXITS.replace("STATE", state))
    ended = dict.fromkeys(["beside", "block", "call", "other", "exit"], state)
    assert ran.states == ended | {"first": "SUCCESS", "tell": "SUCCESS"}


def test_one_that_waits_for_what_an_exit_left_can_be_killed(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "exits")
        await engine.wait_until_idle(execution_id)
        await engine.kill(execution_id)
        assert (await engine.wait(execution_id)).state == "KILLED"
        assert (await states_of(engine, execution_id))["call"] == "KILLED"

    on_engine(tmp_path, play, WAITS, EXITS.replace("STATE", "SUCCESS"))
