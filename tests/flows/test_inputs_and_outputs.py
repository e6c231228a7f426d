"""What goes into an execution and what comes out of it: inputs, outputs, labels."""

from pathlib import Path

import pytest

from tests.flows.conftest import RunFlow
from tests.flows.playing import on_engine, run_of, start
from tiercel.errors import InvalidFlow
from tiercel_orchestrator.shell.engine import Engine
from tiercel_orchestrator.shell.starting import StartRequest


def test_an_input_without_a_value_reads_as_its_default(tmp_path: Path) -> None:
    flow = """
        id: f
        namespace: tests
        inputs:
          - {id: name, type: STRING, defaults: nobody}
          - {id: nested.number, type: INT, defaults: 7}
          - {id: needed, type: STRING}
        tasks:
          - id: show
            type: io.kestra.plugin.core.debug.Return
            format: "{{ inputs.name }} {{ inputs.nested.number + 1 }} {{ inputs.needed ?? 'none' }}"
    """

    async def play(engine: Engine) -> None:
        execution = await engine.start(StartRequest("tests", "f", raw_inputs=True))
        await engine.wait(execution.id)
        (run,) = await engine.in_store(engine.store.task_runs, execution.id)
        assert run.outputs == {"value": "nobody 8 none"}

    on_engine(tmp_path, play, flow)


def test_an_output_that_is_not_required_is_left_empty_with_a_warning(run_flow: RunFlow) -> None:
    ran = run_flow("""
        id: f
        namespace: tests
        tasks:
          - {id: say, type: io.kestra.plugin.core.debug.Return, format: said}
        outputs:
          - {id: said, type: STRING, value: "{{ outputs.say.value }}"}
          - {id: never, type: STRING, required: false, value: "{{ outputs.never.value }}"}
    """)
    assert ran.state == "SUCCESS"
    assert ran.execution["outputs"] == {"said": "said", "never": None}
    assert [level for level, message in ran.logs if "`never`" in message] == ["WARN"]


def test_labels_without_a_name_or_value_are_left_out(run_flow: RunFlow) -> None:
    ran = run_flow("""
        id: f
        namespace: tests
        labels: {kept: "1"}
        tasks:
          - id: label
            type: io.kestra.plugin.core.execution.Labels
            labels: {kept: "", "": nameless, missing: "{{ null }}", number: 2}
    """)
    labels = {one["key"]: one["value"] for one in ran.execution["labels"]}
    assert {name: value for name, value in labels.items() if not name.startswith("system.")} == {
        "kept": "1",
        "number": "2",
    }


def test_a_flow_with_an_empty_label_is_refused(run_flow: RunFlow) -> None:
    with pytest.raises(InvalidFlow, match="the label `team` must have a name, and a text as its value"):
        run_flow("""
            id: f
            namespace: tests
            labels: {team: ""}
            tasks:
              - {id: say, type: io.kestra.plugin.core.log.Log, message: hi}
        """)


def test_a_label_of_an_ended_execution_is_taken_away_by_setting_it_to_nothing(tmp_path: Path) -> None:
    flow = """
        id: f
        namespace: tests
        labels: {old: "1", kept: "2"}
        tasks:
          - {id: say, type: io.kestra.plugin.core.log.Log, message: hi}
    """

    async def play(engine: Engine) -> None:
        execution = await engine.start(StartRequest("tests", "f"))
        await engine.wait(execution.id)
        standing = await engine.operations.set_labels(execution.id, {"old": "", "new": "3"})
        labels = standing.execution.labels
        assert {name: labels.get(name) for name in ("old", "kept", "new")} == {
            "old": None,
            "kept": "2",
            "new": "3",
        }

    on_engine(tmp_path, play, flow)


ADDS = """
    id: adds
    namespace: tests
    inputs:
      - {id: number, type: INT}
      - {id: more, type: INT, defaults: 1}
    tasks:
      - {id: first, type: io.kestra.plugin.core.debug.Return, format: "{{ inputs.number }}"}
      - id: second
        type: io.kestra.plugin.core.debug.Return
        format: "{{ outputs.first.value }} {{ inputs.number + inputs.more }}"
"""


def test_a_replay_takes_other_inputs_typed_anew(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        source = await start(engine, "adds", number=1, more=5)
        await engine.wait(source)
        second = await run_of(engine, source, "second")
        replay = engine.operations.replay
        partly = (await replay(source, second.id, inputs={"number": "20"})).execution.id
        wholly = (await replay(source, inputs={"number": "20"})).execution.id
        same = (await replay(source)).execution.id
        said = {}
        for execution_id in (partly, wholly, same):
            await engine.wait(execution_id)
            said[execution_id] = ((await run_of(engine, execution_id, "second")).outputs or {})["value"]
        assert said == {partly: "1 21", wholly: "20 21", same: "1 6"}
        with pytest.raises(InvalidFlow, match="missing required input"):
            await replay(source, second.id, inputs={})

    on_engine(tmp_path, play, ADDS)
