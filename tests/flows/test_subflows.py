"""Subflows: what goes into them, what comes out, and in which state."""

from pathlib import Path
from textwrap import dedent

from tests.flows.conftest import RunFlow
from tests.flows.playing import MEND, mended, on_engine, run_of, start
from tiercel import clock
from tiercel_orchestrator.shell.engine import Engine

CHILD = """
    id: child
    namespace: tests
    inputs:
      - {id: name, type: STRING, defaults: nobody}
    tasks:
      - id: greet
        type: io.kestra.plugin.core.debug.Return
        format: "hello {{ inputs.name }}"
    outputs:
      - {id: greeting, type: STRING, value: "{{ outputs.greet.value }}"}
"""


def test_inputs_that_the_child_does_not_declare_are_left_out(run_flow: RunFlow) -> None:
    parent = """
        id: parent
        namespace: tests
        tasks:
          - id: call
            type: io.kestra.plugin.core.flow.Subflow
            namespace: tests
            flowId: child
            inputs: {name: you, spare: 1}
    """
    ran = run_flow(CHILD, parent)
    assert ran.outputs("call")["outputs"] == {"greeting": "hello you"}


def test_outputs_of_the_task_that_cannot_be_evaluated_fail_it_though_its_child_succeeded(
    run_flow: RunFlow,
) -> None:
    child = """
        id: plain
        namespace: tests
        tasks:
          - {id: say, type: io.kestra.plugin.core.log.Log, message: hi}
    """
    parent = """
        id: parent
        namespace: tests
        tasks:
          - id: call
            type: io.kestra.plugin.core.flow.Subflow
            namespace: tests
            flowId: plain
            outputs: {never: "{{ outputs.never.value }}"}
    """
    ran = run_flow(child, parent)
    assert ran.states == {"call": "FAILED"}
    assert ran.outputs("call").keys() == {"executionId", "state"}
    assert ran.outputs("call")["state"] == "SUCCESS"


FRAGILE = """
    id: fragile
    namespace: tests
    tasks:
      - id: ask
        type: io.kestra.plugin.core.debug.Return
        format: "{{ kv('mended') == 'yes' ? 'fine' : ko }}"
"""
CALLS = """
    id: calls
    namespace: tests
    tasks:
      - {id: call, type: io.kestra.plugin.core.flow.Subflow, namespace: tests, flowId: fragile}
      - {id: after, type: io.kestra.plugin.core.log.Log, message: after}
"""


async def child_of(engine: Engine, execution_id: str) -> str:
    return str(((await run_of(engine, execution_id, "call")).outputs or {})["executionId"])


def test_a_restart_goes_on_with_the_child_that_failed_and_says_so_in_a_label(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        parent = await start(engine, "calls")
        assert (await engine.wait(parent)).state == "FAILED"
        child = await child_of(engine, parent)
        await mended(engine)
        await engine.operations.restart(parent)
        ended = await engine.wait(parent)
        assert (ended.state, ended.labels["system.restarted"]) == ("SUCCESS", "true")
        assert await child_of(engine, parent) == child

    on_engine(tmp_path, play, MEND, FRAGILE, CALLS)


def test_a_replay_and_a_restart_on_another_revision_start_children_of_their_own(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        parent = await start(engine, "calls")
        await engine.wait(parent)
        await mended(engine)
        await engine.in_store(
            engine.library.put, dedent(CALLS.replace("message: after", "message: new")), clock.now()
        )
        again = (await engine.operations.restart(parent, revision=2)).execution.id
        assert (await engine.wait(again)).state == "SUCCESS"
        call = await run_of(engine, again, "call")
        replayed = (await engine.operations.replay(again, call.id)).execution.id
        assert (await engine.wait(replayed)).state == "SUCCESS"
        children = {await child_of(engine, one) for one in (parent, again, replayed)}
        assert len(children) == 3

    on_engine(tmp_path, play, MEND, FRAGILE, CALLS)


def test_a_restart_takes_over_what_a_child_has_come_to_that_was_restarted_by_itself(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        parent = await start(engine, "calls")
        await engine.wait(parent)
        child = await child_of(engine, parent)
        await mended(engine)
        await engine.operations.restart(child)
        assert (await engine.wait(child)).state == "SUCCESS"
        assert (await engine.execution(parent)).state == "FAILED"
        await engine.operations.restart(parent)
        assert (await engine.wait(parent)).state == "SUCCESS"
        assert (await run_of(engine, parent, "call")).outputs == {"executionId": child, "state": "SUCCESS"}

    on_engine(tmp_path, play, MEND, FRAGILE, CALLS)


def test_a_restart_evaluates_outputs_again_and_does_not_run_a_child_again_that_succeeded(
    tmp_path: Path,
) -> None:
    parent = """
        id: asks
        namespace: tests
        tasks:
          - id: call
            type: io.kestra.plugin.core.flow.Subflow
            namespace: tests
            flowId: child
            outputs: {answer: "{{ kv('mended') }}"}
    """
    child = CHILD[: CHILD.index("    outputs:")]

    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "asks")
        assert (await engine.wait(execution_id)).state == "FAILED"
        before = await child_of(engine, execution_id)
        await mended(engine)
        await engine.operations.restart(execution_id)
        assert (await engine.wait(execution_id)).state == "SUCCESS"
        call = await run_of(engine, execution_id, "call")
        assert call.outputs == {"executionId": before, "state": "SUCCESS", "outputs": {"answer": "yes"}}
        assert [state for state, _ in (await engine.execution(before)).history][-1:] == ["SUCCESS"]

    on_engine(tmp_path, play, MEND, child, parent)
