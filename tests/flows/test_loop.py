"""Loop: a block of tasks for each value, each iteration a world of its own."""

from pathlib import Path
from typing import Any

from tests.flows.playing import MEND, mended, on_engine, run_of, start, states_of
from tiercel_orchestrator.shell.engine import Engine
from tiercel_orchestrator.views import execution_view

LOOP = """
    id: loops
    namespace: tests
    inputs:
      - id: values
        type: STRING
    tasks:
      - id: before
        type: io.kestra.plugin.core.debug.Return
        format: before
      - id: loop
        type: io.kestra.plugin.core.flow.Loop
        values: "{{ inputs.values }}"
        concurrencyLimit: 0
        tasks:
          - id: own
            type: io.kestra.plugin.core.debug.Return
            format: "{{ outputs.before.value }} {{ item.index }}:{{ item.value }}"
          - id: branch
            type: io.kestra.plugin.core.flow.If
            condition: "true"
            then:
              - id: deep
                type: io.kestra.plugin.core.debug.Return
                format: "{{ item.value }} sees {{ outputs.own.value }}"
        outputs:
          - id: said
            type: STRING
            value: "{{ outputs.deep.value }}"
      - id: after
        type: io.kestra.plugin.core.debug.Return
        format: "{{ loopOutputs(outputs.loop.outputs, 'said') }} {{ outputs.own is defined }}"
"""


async def played(engine: Engine, values: str) -> tuple[str, dict[str, Any]]:
    execution_id = await start(engine, "loops", values=values)
    assert (await engine.wait(execution_id)).state == "SUCCESS"
    outputs = (await run_of(engine, execution_id, "loop")).outputs or {}
    return str(((await run_of(engine, execution_id, "after")).outputs or {})["value"]), outputs


def test_each_iteration_sees_its_own_outputs_and_gives_what_the_loop_declares(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        said, outputs = await played(engine, '["a", "b", "a"]')
        one, two, three = (f"{value} sees before {n}:{value}" for n, value in enumerate("aba"))
        assert said == f'["{one}","{two}","{three}"] false'
        assert (outputs["iterationCount"], outputs["terminatedIterations"]) == (3, 3)
        assert outputs["outputs"][1] == {
            "index": 1,
            "value": "b",
            "state": "SUCCESS",
            "outputs": {"said": two},
        }

    on_engine(tmp_path, play, LOOP)


def test_a_map_gives_keys_and_an_empty_list_no_iterations(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        _, outputs = await played(engine, '{"x": {"deep": 1}, "y": 2}')
        assert [(one["key"], one["value"]) for one in outputs["outputs"]] == [("x", '{"deep":1}'), ("y", "2")]
        said, outputs = await played(engine, "[]")
        assert said == "[] false"
        assert outputs["outputs"] == []

    on_engine(tmp_path, play, LOOP)


def test_a_file_is_gone_through_line_by_line(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        uri = engine.services.storage.put("kestra:///tests/_files/lines.txt", b"one\n\ntwo\n")
        _, outputs = await played(engine, uri)
        assert [one["value"] for one in outputs["outputs"]] == ["one", "two"]

    on_engine(tmp_path, play, LOOP)


def test_outputs_may_be_kept_in_a_file_and_are_read_all_the_same(tmp_path: Path) -> None:
    source = LOOP.replace("concurrencyLimit: 0", "fetchType: STORE")

    async def play(engine: Engine) -> None:
        said, outputs = await played(engine, '["a"]')
        assert said == '["a sees before 0:a"] false'
        assert set(outputs["outputs"]) == {"$ref", "size", "sha256"}

    on_engine(tmp_path, play, source)


def test_the_task_runs_of_an_iteration_are_shown_below_the_loop(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "loops", values='["a", "b"]')
        execution = await engine.wait(execution_id)
        runs = await engine.in_store(engine.store.task_runs, execution_id)
        shown = execution_view(execution, runs)["taskRunList"]
        loop = next(run for run in shown if run["taskId"] == "loop")
        assert [run["parentTaskRunId"] for run in shown if run["taskId"] == "own"] == [loop["id"]] * 2
        assert len(shown) == 3 + 2 * 3

    on_engine(tmp_path, play, LOOP)


FAILS = """
    id: fails
    namespace: tests
    tasks:
      - id: loop
        type: io.kestra.plugin.core.flow.Loop
        values: [1, 2, 3]
        transmitFailed: TRANSMIT
        tasks:
          - id: fragile
            type: io.kestra.plugin.core.debug.Return
            format: "{{ item.value == '2' and kv('mended') != 'yes' ? ko : item.value }}"
        errors:
          - id: sorry
            type: io.kestra.plugin.core.log.Log
            message: sorry
        outputs:
          - id: value
            value: "{{ outputs.fragile.value }}"
"""


def test_a_failed_iteration_fails_the_loop_once_and_a_restart_goes_on_with_it(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "fails")
        assert (await engine.wait(execution_id)).state == "FAILED"
        runs = await engine.in_store(engine.store.task_runs, execution_id)
        assert [(run.task_id, run.state) for run in runs] == [
            ("loop", "FAILED"),
            ("fragile", "SUCCESS"),
            ("fragile", "FAILED"),
            ("sorry", "SUCCESS"),
        ]
        await mended(engine)
        await engine.operations.restart(execution_id)
        assert (await engine.wait(execution_id)).state == "SUCCESS"
        outputs = (await run_of(engine, execution_id, "loop")).outputs or {}
        assert [one["outputs"]["value"] for one in outputs["outputs"]] == ["1", "2", "3"]
        assert await states_of(engine, execution_id) == {"loop": "SUCCESS", "fragile": "SUCCESS"}

    on_engine(tmp_path, play, FAILS.replace("TRANSMIT", "true"), MEND)


def test_without_transmit_failed_the_loop_goes_on_and_says_which_failed(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "fails")
        assert (await engine.wait(execution_id)).state == "SUCCESS"
        outputs = (await run_of(engine, execution_id, "loop")).outputs or {}
        assert [one["state"] for one in outputs["outputs"]] == ["SUCCESS", "FAILED", "SUCCESS"]

    on_engine(tmp_path, play, FAILS.replace("TRANSMIT", "false"))


def test_an_output_that_cannot_be_evaluated_fails_its_iteration(tmp_path: Path) -> None:
    source = FAILS.replace("TRANSMIT", "false").replace("outputs.fragile.value", "outputs.fragile.missing")

    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "fails")
        await engine.wait(execution_id)
        outputs = (await run_of(engine, execution_id, "loop")).outputs or {}
        assert {one["state"] for one in outputs["outputs"]} == {"FAILED"}

    on_engine(tmp_path, play, source)


def test_loops_in_loops_and_in_eaches_see_their_nearest_item(tmp_path: Path) -> None:
    source = """
        id: nested
        namespace: tests
        tasks:
          - id: each
            type: io.kestra.plugin.core.flow.ForEach
            values: [x, y]
            tasks:
              - id: outer
                type: io.kestra.plugin.core.flow.Loop
                values: [a, b]
                tasks:
                  - id: name
                    type: io.kestra.plugin.core.debug.Return
                    format: "{{ item.value }}"
                  - id: inner
                    type: io.kestra.plugin.core.flow.Loop
                    values: [1, 2]
                    tasks:
                      - id: leaf
                        type: io.kestra.plugin.core.debug.Return
                        format: "{{ currentEachOutput(outputs.name).value }}{{ item.value }}"
                    outputs:
                      - id: leaf
                        value: "{{ currentEachOutput(outputs.leaf).value }}"
                outputs:
                  - id: leaves
                    type: JSON
                    value: "{{ loopOutputs(currentEachOutput(outputs.inner).outputs, 'leaf') }}"
          - id: all
            type: io.kestra.plugin.core.debug.Return
            format: "{{ loopOutputs(outputs.outer.y.outputs, 'leaves') }}"
    """

    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "nested")
        assert (await engine.wait(execution_id)).state == "SUCCESS"
        assert (await run_of(engine, execution_id, "all")).outputs == {"value": '[["a1","a2"],["b1","b2"]]'}

    on_engine(tmp_path, play, source)
