"""Flow triggers: executions that others start by reaching a state."""

import asyncio
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.flows.playing import on_engine, start
from tiercel import clock
from tiercel_orchestrator.kernel.rows import Execution
from tiercel_orchestrator.local import open_engine
from tiercel_orchestrator.shell.engine import Engine
from tiercel_orchestrator.store.port import Claim, Filter

UPSTREAM = """
    id: upstream
    namespace: tests
    inputs:
      - id: fail
        type: BOOL
        defaults: false
    tasks:
      - id: say
        type: io.kestra.plugin.core.debug.Return
        format: "said by {{ execution.id }}"
      - id: fail
        type: io.kestra.plugin.core.execution.Fail
        condition: "{{ inputs.fail }}"
    outputs:
      - id: answer
        type: INT
        value: 42
"""
OTHER = """
    id: other
    namespace: tests
    labels:
      colour: red
    tasks:
      - id: say
        type: io.kestra.plugin.core.log.Log
        message: other
"""
LISTENER = """
    id: listener
    namespace: tests
    inputs:
      - id: said
        type: STRING
      - id: answer
        type: INT
      - id: never
        type: STRING
    tasks:
      - id: show
        type: io.kestra.plugin.core.debug.Return
        format: "{{ trigger.flowId }} {{ trigger.state }} {{ inputs.said }} {{ inputs.answer + 1 }}"
    triggers:
      - id: listen
        type: io.kestra.plugin.core.trigger.Flow
        labels:
          by: trigger
        inputs:
          said: "{{ outputs.say.value }}"
          answer: "{{ trigger.outputs.answer }}"
        conditions:
          - type: io.kestra.plugin.core.condition.ExecutionFlow
            namespace: tests
            flowId: upstream
          - type: io.kestra.plugin.core.condition.ExecutionStatus
            in: [SUCCESS]
"""


def waiting_for(preconditions: str, extra: str = "") -> str:
    """Write a flow that waits for others."""
    return f"""
    id: listener
    namespace: tests
    tasks:
      - id: show
        type: io.kestra.plugin.core.debug.Return
        format: "{{{{ trigger.flowId }}}}"
    triggers:
      - id: listen
        type: io.kestra.plugin.core.trigger.Flow
        {extra}
        preconditions:
          id: together
          {preconditions}
"""


async def settled(engine: Engine, flow_id: str, **inputs: Any) -> Execution:
    """Run a flow and wait until all that follows from it has happened."""
    execution_id = await start(engine, flow_id, **inputs)
    execution = await engine.wait(execution_id)
    await engine.wait_for_tree(execution.root_id)
    return execution


async def started(engine: Engine, flow_id: str = "listener") -> list[Execution]:
    found = await engine.in_store(engine.store.executions, Filter("tests", flow_id))
    return list(reversed(found))


def test_a_flow_starts_when_another_has_ended_with_its_outputs_as_inputs(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        upstream = await settled(engine, "upstream")
        (execution,) = await started(engine)
        (run,) = await engine.in_store(engine.store.task_runs, execution.id)
        assert run.outputs == {"value": f"upstream SUCCESS said by {upstream.id} 43"}
        assert execution.trigger is not None
        assert execution.trigger["id"] == "listen"
        assert execution.trigger["variables"]["executionId"] == upstream.id
        assert execution.labels == {"by": "trigger", "system.correlationId": upstream.id}
        assert execution.root_id == upstream.id

    on_engine(tmp_path, play, UPSTREAM, LISTENER)


def test_other_flows_and_other_states_start_nothing(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        assert (await settled(engine, "upstream", fail=True)).state == "FAILED"
        await settled(engine, "other")
        assert await started(engine) == []

    on_engine(tmp_path, play, UPSTREAM, OTHER, LISTENER)


def test_an_input_that_cannot_be_rendered_starts_nothing_and_is_named_in_the_log(tmp_path: Path) -> None:
    broken = LISTENER.replace("outputs.say.value", "outputs.missing.value")

    async def play(engine: Engine) -> None:
        upstream = await settled(engine, "upstream")
        assert await started(engine) == []
        lines = [row.line for row in await engine.in_store(engine.store.logs, upstream.id)]
        (warning,) = [line.message for line in lines if line.level == "WARN"]
        assert warning.startswith("The trigger 'listen' of tests.listener did not start it: ")
        assert "missing" in warning

    on_engine(tmp_path, play, UPSTREAM, broken)


def test_each_state_that_is_listened_to_starts_one_execution_in_its_order(tmp_path: Path) -> None:
    pauses = """
        id: upstream
        namespace: tests
        tasks:
          - id: pause
            type: io.kestra.plugin.core.flow.Pause
    """
    listens = """
        id: listener
        namespace: tests
        tasks:
          - id: show
            type: io.kestra.plugin.core.log.Log
            message: "{{ trigger.state }}"
        triggers:
          - id: listen
            type: io.kestra.plugin.core.trigger.Flow
            states: [CREATED, RUNNING, PAUSED, KILLED]
            when: "{{ trigger.flowId == 'upstream' }}"
    """

    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "upstream")
        await engine.wait_until_idle(execution_id)
        # that a kill ends all that lives takes nothing from those who listen
        await engine.kill(execution_id)
        await engine.wait_for_tree(execution_id)
        heard = [(one.trigger or {})["variables"]["state"] for one in await started(engine)]
        assert heard == ["CREATED", "RUNNING", "PAUSED", "KILLED"]

    on_engine(tmp_path, play, pauses, listens)


def test_a_flow_never_listens_to_itself_and_a_disabled_trigger_to_nobody(tmp_path: Path) -> None:
    listens = """
        id: listener
        namespace: tests
        tasks:
          - id: show
            type: io.kestra.plugin.core.log.Log
            message: hello
        triggers:
          - id: listen
            type: io.kestra.plugin.core.trigger.Flow
    """
    disabled = listens.replace("id: listener", "id: deaf").rstrip() + "\n            disabled: true\n"

    async def play(engine: Engine) -> None:
        await settled(engine, "other")
        assert [len(await started(engine, name)) for name in ("other", "listener", "deaf")] == [1, 1, 0]

    on_engine(tmp_path, play, OTHER, listens, disabled)


def test_preconditions_wait_for_all_flows_and_begin_anew_once_they_have_come(tmp_path: Path) -> None:
    listens = waiting_for("flows: [{namespace: tests, flowId: upstream}, {namespace: tests, flowId: other}]")

    async def play(engine: Engine) -> None:
        counts = []
        for flow_id in ("upstream", "upstream", "other", "other", "upstream"):
            await settled(engine, flow_id)
            counts.append(len(await started(engine)))
        assert counts == [0, 0, 1, 1, 2]
        assert [(one.trigger or {})["variables"]["flowId"] for one in await started(engine)] == [
            "other",
            "upstream",
        ]

    on_engine(tmp_path, play, UPSTREAM, OTHER, listens)


def test_the_outputs_of_all_that_came_together_are_merged(tmp_path: Path) -> None:
    other = (
        OTHER
        + """
    outputs:
      - id: other
        type: STRING
        value: from other
      - id: answer
        type: INT
        value: 43
    """
    )
    listener = waiting_for(
        "flows: [{namespace: tests, flowId: upstream}, {namespace: tests, flowId: other}]",
        "labels: {via: '{{ trigger.flowId }}', never: '{{ nothing }}'}",
    ).replace('trigger.flowId }}"', 'trigger.outputs.answer }} {{ trigger.outputs.other }}"')

    async def play(engine: Engine) -> None:
        await settled(engine, "upstream")
        await settled(engine, "other")
        (execution,) = await started(engine)
        (run,) = await engine.in_store(engine.store.task_runs, execution.id)
        assert run.outputs == {"value": "43 from other"}
        assert {name: execution.labels.get(name) for name in ("via", "never")} == {
            "via": "other",
            "never": None,
        }

    on_engine(tmp_path, play, UPSTREAM, other, listener)


def test_inputs_that_the_flow_does_not_declare_are_left_out(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        await settled(engine, "upstream")
        (execution,) = await started(engine)
        assert execution.inputs == {"said": "yes", "answer": 1, "never": None}

    on_engine(
        tmp_path,
        play,
        UPSTREAM,
        LISTENER.replace('said: "{{ outputs.say.value }}"', "said: 'yes'\n          more: 1").replace(
            "{{ trigger.outputs.answer }}", "1"
        ),
    )


def test_preconditions_look_at_states_and_labels(tmp_path: Path) -> None:
    listens = waiting_for(
        "flows: [{namespace: tests, flowId: upstream, states: [FAILED]}, "
        "{namespace: tests, labels: {colour: red}}]"
    )

    async def play(engine: Engine) -> None:
        await settled(engine, "upstream")
        await settled(engine, "other")
        assert await started(engine) == []
        await settled(engine, "upstream", fail=True)
        assert len(await started(engine)) == 1

    on_engine(tmp_path, play, UPSTREAM, OTHER, listens)


def test_where_tests_the_execution_field_by_field(tmp_path: Path) -> None:
    listens = waiting_for(
        "where: [{id: failed, filters: [{field: STATE, type: IN, values: [FAILED, WARNING]}, "
        "{field: FLOW_ID, type: STARTS_WITH, value: up}, "
        "{field: EXPRESSION, type: IS_TRUE, value: \"{{ trigger.namespace == 'tests' }}\"}]}]"
    )

    async def play(engine: Engine) -> None:
        await settled(engine, "upstream")
        await settled(engine, "other")
        assert await started(engine) == []
        await settled(engine, "upstream", fail=True)
        assert len(await started(engine)) == 1

    on_engine(tmp_path, play, UPSTREAM, OTHER, listens)


def test_who_is_told_twice_starts_one_execution(tmp_path: Path) -> None:
    listens = waiting_for("flows: [{namespace: tests, flowId: upstream}]")

    async def play(engine: Engine) -> None:
        upstream = await settled(engine, "upstream")
        rows = await engine.in_store(engine.store.every_run, upstream.id)
        (herald,) = [run for run in rows if run.role == "monitor"]
        # as an engine does that died before it had written that it told
        await engine.reactions.tell(Claim(herald, upstream))
        assert len(await started(engine)) == 1

    on_engine(tmp_path, play, UPSTREAM, listens)


def test_the_next_engine_tells_what_the_last_one_could_not(tmp_path: Path) -> None:
    async def leave(engine: Engine) -> None:
        await engine.reactions.in_turn.acquire()  # nobody is told any more
        execution_id = await start(engine, "upstream")
        await engine.wait(execution_id)
        assert await started(engine) == []

    async def take_up() -> list[Execution]:
        async with open_engine(tmp_path) as engine:
            (upstream,) = await started(engine, "upstream")
            await engine.wait_for_tree(upstream.id)
            return await started(engine)

    on_engine(tmp_path, leave, UPSTREAM, LISTENER)
    (execution,) = asyncio.run(take_up())
    assert execution.state == "SUCCESS"


def test_a_listener_that_another_process_puts_is_heard_after_the_next_look(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        await settled(engine, "upstream")  # by now it is known that nobody listens
        async with open_engine(tmp_path, claiming=False) as other:
            await other.in_store(other.operations.flows.put, dedent(LISTENER), clock.now())
        await engine.in_store(engine.operations.flows.look_again)
        await settled(engine, "upstream")
        assert len(await started(engine)) == 1

    on_engine(tmp_path, play, UPSTREAM)


CONDITIONS = {
    "ExecutionLabels": ("labels: {env: prod}", [1, 1]),
    "ExecutionNamespace": ("namespace: te, comparison: PREFIX", [1, 1]),
    "ExecutionOutputs": ("expression: '{{ trigger.outputs.answer > 41 }}'", [1, 1]),
    "ExecutionStatus": ("notIn: [FAILED]", [1, 0]),
    "Expression": ("expression: \"{{ execution.state == 'FAILED' }}\"", [0, 1]),
    "FlowCondition": ("namespace: tests, flowId: other", [0, 0]),
    "HasRetryAttempt": ("in: [FAILED]", [0, 1]),
    "Not": ("conditions: [{type: io.kestra.plugin.core.condition.ExecutionStatus, in: [FAILED]}]", [1, 0]),
}


@pytest.mark.parametrize("kind", CONDITIONS)
def test_conditions_see_the_execution_that_is_listened_to(tmp_path: Path, kind: str) -> None:
    properties, counts = CONDITIONS[kind]
    upstream = UPSTREAM.replace("    inputs:", "    labels: {env: prod}\n    inputs:", 1)
    listens = f"""
        id: listener
        namespace: tests
        tasks: [{{id: show, type: io.kestra.plugin.core.log.Log, message: hello}}]
        triggers:
          - id: listen
            type: io.kestra.plugin.core.trigger.Flow
            conditions:
              - {{type: io.kestra.plugin.core.condition.{kind}, {properties}}}
    """

    async def play(engine: Engine) -> None:
        found = []
        for fail in (False, True):
            before = len(await started(engine))
            await settled(engine, "upstream", fail=fail)
            found.append(len(await started(engine)) - before)
        assert found == counts

    on_engine(tmp_path, play, upstream, listens)


def test_a_trigger_that_cannot_be_worked_out_keeps_no_other_from_its_flow(tmp_path: Path) -> None:
    broken = waiting_for("where: [{id: w, filters: [{field: NOPE, type: EQUAL_TO, value: x}]}]").replace(
        "id: listener", "id: a-broken-one"
    )

    async def play(engine: Engine) -> None:
        upstream = await settled(engine, "upstream")
        assert len(await started(engine)) == 1
        assert await started(engine, "a-broken-one") == []
        logs = await engine.in_store(engine.store.logs, upstream.id)
        assert any("a-broken-one" in row.line.message and row.line.level == "WARN" for row in logs)

    on_engine(tmp_path, play, UPSTREAM, broken, LISTENER)
