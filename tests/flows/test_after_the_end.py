"""What comes after an execution (`afterExecution`), however it ended; what an assertion holds up."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.flows.conftest import RunFlow
from tests.flows.playing import on_engine, start, states_of
from tiercel_orchestrator.shell.engine import Engine

WAITS = """
    id: waits
    namespace: tests
    tasks:
      - id: wait
        type: io.kestra.plugin.core.flow.Pause
    errors:
      - id: sorry
        type: io.kestra.plugin.core.log.Log
        message: sorry
    finally:
      - id: tidy
        type: io.kestra.plugin.core.log.Log
        message: tidy
    afterExecution:
      - id: tell
        type: io.kestra.plugin.core.debug.Return
        format: "{{ execution.state }}"
"""


def paused_then(tmp_path: Path, play: Callable[[Engine, str], Awaitable[object]], source: str) -> list[str]:
    """Do something with an execution that waits; give its states, then those of its task runs."""

    async def played(engine: Engine) -> list[str]:
        execution_id = await start(engine, "waits")
        await engine.wait_until_idle(execution_id)
        await play(engine, execution_id)
        ended = await engine.wait(execution_id)
        runs = await states_of(engine, execution_id)
        return [ended.state, *(f"{task} {state}" for task, state in runs.items())]

    return on_engine(tmp_path, played, source)


def test_what_comes_after_runs_for_an_execution_that_was_killed(tmp_path: Path) -> None:
    async def kill(engine: Engine, execution_id: str) -> None:
        await engine.kill(execution_id)

    assert paused_then(tmp_path, kill, WAITS) == ["KILLED", "wait KILLED", "tell SUCCESS"]


@pytest.mark.parametrize(("behavior", "state"), [("FAIL", "FAILED"), ("CANCEL", "CANCELLED")])
def test_what_comes_after_runs_when_an_agreement_on_time_ends_it(
    run_flow: RunFlow, behavior: str, state: str
) -> None:
    ran = run_flow(f"""{WAITS}
    sla:
      - id: soon
        type: MAX_DURATION
        duration: PT0.1S
        behavior: {behavior}
    """)
    assert (ran.state, ran.outputs("tell")) == (state, {"value": state})


def test_what_comes_after_runs_when_a_pause_cancels_it(run_flow: RunFlow) -> None:
    ran = run_flow(
        WAITS.replace("Pause\n", "Pause\n        pauseDuration: PT0.1S\n        behavior: CANCEL\n")
    )
    assert list(ran.states.items()) == [("wait", "CANCELLED"), ("tell", "SUCCESS")]
    assert ran.state == "CANCELLED"


def test_what_comes_after_is_killed_where_it_runs(tmp_path: Path) -> None:
    waits_again = WAITS.replace("debug.Return", "flow.Pause").replace("format:", "description:")

    async def kill_twice(engine: Engine, execution_id: str) -> None:
        await engine.kill(execution_id)
        await engine.wait_until_idle(execution_id)
        assert (await states_of(engine, execution_id))["tell"] == "PAUSED"
        await engine.kill(execution_id)

    assert paused_then(tmp_path, kill_twice, waits_again) == ["KILLED", "wait KILLED", "tell KILLED"]


def test_nothing_more_starts_once_an_assertion_does_not_hold(run_flow: RunFlow) -> None:
    ran = run_flow("""
        id: asserted
        namespace: tests
        sla:
          - id: expected
            type: EXECUTION_ASSERTION
            assert: "{{ outputs.first.value == 'expected' }}"
            behavior: CANCEL
            labels: {sla: missed}
        tasks:
          - id: first
            type: io.kestra.plugin.core.debug.Return
            format: surprise
          - id: second
            type: io.kestra.plugin.core.log.Log
            message: never
        finally:
          - id: tidy
            type: io.kestra.plugin.core.log.Log
            message: never
    """)
    assert (ran.state, ran.states) == ("CANCELLED", {"first": "SUCCESS"})
    assert {"key": "sla", "value": "missed"} in ran.execution["labels"]
