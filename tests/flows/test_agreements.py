"""What is agreed on before and while an execution runs: checks, SLA; and what listens to its end."""

from pathlib import Path

import pytest

from tests.flows.conftest import RunFlow
from tests.flows.playing import MEND, mended, on_engine, run_of, start, states_of
from tiercel.errors import InvalidFlow
from tiercel_orchestrator.shell.engine import Engine


def with_check(behavior: str) -> str:
    return f"""
        id: checked
        namespace: tests
        inputs:
          - id: n
            type: INT
        checks:
          - condition: "{{{{ inputs.n > 1 }}}}"
            message: n must be over 1
            behavior: {behavior}
        tasks:
          - id: a
            type: io.kestra.plugin.core.log.Log
            message: hi
    """


def test_a_check_that_does_not_hold_refuses_the_start(run_flow: RunFlow) -> None:
    with pytest.raises(InvalidFlow, match="refuses to start: n must be over 1"):
        run_flow(with_check("BLOCK_EXECUTION"), n=1)
    assert run_flow(with_check("BLOCK_EXECUTION"), n=2).state == "SUCCESS"


def test_a_check_may_fail_the_execution_instead_or_let_it_be(run_flow: RunFlow) -> None:
    failed = run_flow(with_check("FAIL_EXECUTION"), n=1)
    assert (failed.state, failed.states) == ("FAILED", {})
    assert failed.said("n must be over 1")
    assert run_flow(with_check("CREATE_EXECUTION"), n=1).state == "SUCCESS"


SLOW = """
    id: slow
    namespace: tests
    sla:
      - id: quick
        type: MAX_DURATION
        duration: PT1S
        behavior: FAIL
        labels:
          late: "yes"
    tasks:
      - id: wait
        type: io.kestra.plugin.core.flow.Pause
        pauseDuration: "{{ kv('mended', errorOnMissing=false) == 'yes' ? 'PT0S' : 'PT30S' }}"
"""


def test_one_that_takes_too_long_fails_and_is_labelled_and_can_be_restarted(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "slow")
        ended = await engine.wait(execution_id)
        assert (ended.state, ended.labels["late"]) == ("FAILED", "yes")
        assert await states_of(engine, execution_id) == {"wait": "KILLED"}
        await engine.operations.restart(execution_id)
        assert (await engine.wait(execution_id)).state == "FAILED"  # the agreement holds again
        await mended(engine)
        await engine.operations.restart(execution_id)
        assert (await engine.wait(execution_id)).state == "SUCCESS"

    on_engine(tmp_path, play, SLOW, MEND)


def test_a_broken_assertion_labels_or_ends_the_execution(run_flow: RunFlow) -> None:
    def flow(behavior: str) -> str:
        return f"""
            id: asserted
            namespace: tests
            sla:
              - id: small
                type: EXECUTION_ASSERTION
                assert: "{{{{ outputs.first.value < 5 }}}}"
                behavior: {behavior}
                labels:
                  big: "yes"
            tasks:
              - id: first
                type: io.kestra.plugin.core.output.OutputValues
                values: {{value: 1}}
              - id: last
                type: io.kestra.plugin.core.log.Log
                message: last
        """.replace("outputs.first.value", "(outputs.first['values'].value | number)").replace(
            "value: 1", "value: 7"
        )

    for behavior, state in (("NONE", "SUCCESS"), ("FAIL", "FAILED"), ("CANCEL", "CANCELLED")):
        ran = run_flow(flow(behavior))
        assert ran.state == state
        assert {"key": "big", "value": "yes"} in ran.execution["labels"]


def test_a_listener_runs_where_its_conditions_hold(run_flow: RunFlow) -> None:
    ran = run_flow("""
        id: heard
        namespace: tests
        listeners:
          - conditions:
              - type: io.kestra.plugin.core.condition.ExecutionStatus
                in: ["FAILED"]
            tasks:
              - id: sad
                type: io.kestra.plugin.core.log.Log
                message: sad
          - conditions:
              - type: io.kestra.plugin.core.condition.ExecutionStatus
                in: ["SUCCESS"]
            tasks:
              - id: glad
                type: io.kestra.plugin.core.log.Log
                message: glad
        tasks:
          - id: a
            type: io.kestra.plugin.core.log.Log
            message: hi
    """)
    assert (ran.state, ran.states["sad"], ran.states["glad"]) == ("SUCCESS", "SKIPPED", "SUCCESS")


def test_one_that_failed_only_in_its_outputs_can_be_restarted(tmp_path: Path) -> None:
    flow = """
        id: outputs
        namespace: tests
        tasks:
          - id: a
            type: io.kestra.plugin.core.debug.Return
            format: a
        outputs:
          - id: out
            type: STRING
            value: "{{ kv('mended') == 'yes' ? 'fine' : ko }}"
    """

    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "outputs")
        assert (await engine.wait(execution_id)).state == "FAILED"
        await mended(engine)
        await engine.operations.restart(execution_id)
        ended = await engine.wait(execution_id)
        assert (ended.state, ended.outputs) == ("SUCCESS", {"out": "fine"})
        assert len((await run_of(engine, execution_id, "a")).attempts) == 1

    on_engine(tmp_path, play, flow, MEND)


def test_one_that_never_began_is_restarted_from_its_beginning(tmp_path: Path) -> None:
    flow = """
        id: single
        namespace: tests
        concurrency:
          limit: 1
        tasks:
          - id: wait
            type: io.kestra.plugin.core.flow.Pause
    """

    async def play(engine: Engine) -> None:
        first, second = [await start(engine, "single") for _ in range(2)]
        await engine.wait_until_idle(first)
        await engine.kill(second)
        await engine.operations.resume(first)
        await engine.wait(first)
        await engine.operations.restart(second)
        await engine.wait_until_idle(second)
        await engine.operations.resume(second)
        assert (await engine.wait(second)).state == "SUCCESS"

    on_engine(tmp_path, play, flow)


def test_a_replay_reads_the_files_of_the_execution_it_comes_from(tmp_path: Path) -> None:
    flow = """
        id: files
        namespace: tests
        tasks:
          - id: file
            type: io.kestra.plugin.core.storage.Write
            content: kept
          - id: read
            type: io.kestra.plugin.core.debug.Return
            format: "{{ read(outputs.file.uri) }}"
    """

    async def play(engine: Engine) -> None:
        first = await start(engine, "files")
        await engine.wait(first)
        for _ in range(2):  # a replay of a replay, too
            again = await engine.operations.replay(first, (await run_of(engine, first, "read")).id)
            first = again.execution.id
            assert (await engine.wait(first)).state == "SUCCESS"
        assert (await run_of(engine, first, "read")).outputs == {"value": "kept"}

    on_engine(tmp_path, play, flow)
