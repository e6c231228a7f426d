"""Tasks that have the orchestrator look after executions."""

from pathlib import Path

from tests.flows.conftest import RunFlow
from tests.flows.playing import on_engine, run_of, start, states_of
from tiercel_orchestrator.shell.engine import Engine
from tiercel_orchestrator.store.port import Filter

CHILD = """
    id: child
    namespace: tests
    inputs:
      - {id: ok, type: BOOLEAN}
    tasks:
      - id: assert
        type: io.kestra.plugin.core.execution.Assert
        conditions: ["{{ inputs.ok }}"]
"""


def counted(options: str) -> str:
    return f"""
    id: counting
    namespace: tests
    tasks:
      - id: good
        type: io.kestra.plugin.core.flow.Subflow
        namespace: tests
        flowId: child
        inputs: {{ok: true}}
      - id: bad
        type: io.kestra.plugin.core.flow.Subflow
        namespace: tests
        flowId: child
        inputs: {{ok: false}}
        transmitFailed: false
      - id: count
        type: io.kestra.plugin.core.execution.Count
        {options}
"""


SINCE = "startDate: \"{{ now() | dateAdd(-1, 'HOURS') }}\""


def test_executions_are_counted_by_flow_and_state(run_flow: RunFlow) -> None:
    flows = "flows: [{namespace: tests, flowId: child}, {namespace: tests, flowId: nobody}]"
    ran = run_flow(CHILD, counted(f'{flows}\n        {SINCE}\n        expression: "{{{{ count >= 0 }}}}"'))
    assert ran.state == "SUCCESS"
    assert ran.outputs("count") == {
        "results": [
            {"namespace": "tests", "flowId": "child", "count": 2},
            {"namespace": "tests", "flowId": "nobody", "count": 0},
        ],
        "total": 2,
    }


def test_only_flows_for_whose_count_the_expression_holds_are_results(run_flow: RunFlow) -> None:
    options = f'states: [FAILED]\n        {SINCE}\n        expression: "{{{{ count == 1 }}}}"'
    ran = run_flow(CHILD, counted(options))
    assert ran.outputs("count") == {
        "results": [{"namespace": "tests", "flowId": "child", "count": 1}],
        "total": 1,
    }


def test_nothing_is_counted_that_began_at_another_time(run_flow: RunFlow) -> None:
    options = 'startDate: "2000-01-01"\n        endDate: "2001-01-01"\n        expression: "{{ count > 0 }}"'
    assert run_flow(CHILD, counted(options)).outputs("count") == {"results": [], "total": 0}


PAUSED = """
    id: paused
    namespace: tests
    tasks:
      - id: wait
        type: io.kestra.plugin.core.flow.Pause
        onResume:
          - {id: answer, type: INT}
      - id: told
        type: io.kestra.plugin.core.debug.Return
        format: "{{ outputs.wait.onResume.answer }}"
"""
RESUMING = """
    id: resuming
    namespace: tests
    inputs:
      - {id: which, type: STRING}
    tasks:
      - id: resume
        type: io.kestra.plugin.core.execution.Resume
        executionId: "{{ inputs.which }}"
        inputs: {answer: 42}
"""


def test_a_task_resumes_another_execution(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        paused = await start(engine, "paused")
        await engine.wait_until_idle(paused)
        ended = await engine.wait(await start(engine, "resuming", which=paused))
        assert ended.state == "SUCCESS"
        await engine.wait(paused)
        assert (await states_of(engine, paused))["told"] == "SUCCESS"
        for which, said in ((paused, "Nothing is paused"), ("nobody", "There is no execution 'nobody'")):
            again = await engine.wait(await start(engine, "resuming", which=which))
            assert again.state == "FAILED"
            logs = await engine.in_store(engine.store.logs, again.id)
            assert any(said in row.line.message for row in logs)

    on_engine(tmp_path, play, PAUSED, RESUMING)


OLD = """
    id: old
    namespace: tests
    tasks:
      - {id: write, type: io.kestra.plugin.core.storage.Write, content: x}
      - {id: measure, type: io.kestra.plugin.core.metric.Publish,
         metrics: [{name: a, type: counter, value: 1}]}
      - {id: say, type: io.kestra.plugin.core.log.Log, message: hi}
"""
PURGE = """
    id: purge
    namespace: tests
    inputs:
      - {id: executions, type: BOOLEAN, defaults: true}
      - {id: logs, type: BOOLEAN, defaults: true}
      - {id: end, type: STRING, defaults: "2999-01-01"}
    tasks:
      - id: purge
        type: io.kestra.plugin.core.execution.PurgeExecutions
        namespace: tests
        endDate: "{{ inputs.end }}"
        purgeExecution: "{{ inputs.executions }}"
        purgeLog: "{{ inputs.logs }}"
        batchSize: 2
"""


async def purge(engine: Engine, **inputs: object) -> dict[str, int]:
    ran = await engine.wait(await start(engine, "purge", **inputs))
    assert ran.state == "SUCCESS"
    outputs: dict[str, int] = (await run_of(engine, ran.id, "purge")).outputs or {}
    return outputs


def test_executions_are_purged_with_all_that_belongs_to_them(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        old = [await start(engine, "old") for _ in range(3)]
        for one in old:
            await engine.wait(one)
        assert (await purge(engine, end="2000-01-01"))["executionsCount"] == 0
        waiting = await start(engine, "paused")
        await engine.wait_until_idle(waiting)
        found = await purge(engine)
        assert found == {"executionsCount": 4, "logsCount": 3, "storagesCount": 3, "metricsCount": 3}
        left = await engine.in_store(engine.store.executions, Filter("tests"))
        assert {one.flow_id for one in left} == {"paused", "purge"}

    on_engine(tmp_path, play, OLD, PAUSED, PURGE)


def test_only_what_is_wanted_of_executions_is_purged(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        old = await start(engine, "old")
        await engine.wait(old)
        found = await purge(engine, executions=False, logs=False)
        assert found == {"executionsCount": 0, "logsCount": 0, "storagesCount": 1, "metricsCount": 1}
        assert (await engine.execution(old)).state == "SUCCESS"
        assert await engine.in_store(engine.store.logs, old) != []

    on_engine(tmp_path, play, OLD, PURGE)
