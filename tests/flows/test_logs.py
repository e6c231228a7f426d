"""Tasks that read and delete logs: they ask the engine that runs them."""

from pathlib import Path

from tests.flows.playing import on_engine, run_of, start
from tiercel import expressions
from tiercel.testing import run_plugin
from tiercel_core.log import Fetch
from tiercel_orchestrator.shell.engine import Engine

TALKS = """
    id: talks
    namespace: tests
    tasks:
      - id: loud
        type: io.kestra.plugin.core.log.Log
        message: loud
        level: WARN
      - id: quiet
        type: io.kestra.plugin.core.log.Log
        message: quiet
        level: DEBUG
"""
READS = """
    id: reads
    namespace: tests
    inputs:
      - id: of
        type: STRING
    tasks:
      - id: all
        type: io.kestra.plugin.core.log.Fetch
        executionId: "{{ inputs.of }}"
        level: TRACE
      - id: loud
        type: io.kestra.plugin.core.log.Fetch
        executionId: "{{ inputs.of }}"
      - id: one
        type: io.kestra.plugin.core.log.Fetch
        executionId: "{{ inputs.of }}"
        level: TRACE
        tasksId: [quiet]
      - id: purge
        type: io.kestra.plugin.core.log.PurgeLogs
        namespace: tests
        flowId: talks
        logLevels: [DEBUG]
        endDate: "2100-01-01T00:00:00Z"
      - id: rest
        type: io.kestra.plugin.core.log.Fetch
        executionId: "{{ inputs.of }}"
        level: TRACE
"""


def test_logs_are_fetched_by_level_and_task_and_purged_by_level_and_flow(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        talked = await start(engine, "talks")
        await engine.wait(talked)
        execution_id = await start(engine, "reads", of=talked)
        assert (await engine.wait(execution_id)).state == "SUCCESS"
        outputs = {name: (await run_of(engine, execution_id, name)).outputs or {} for name in NAMES}
        assert [outputs[name].get("size") for name in ("all", "loud", "one", "rest")] == [2, 1, 1, 1]
        assert outputs["purge"]["count"] == 1
        text = engine.services.storage.read(None, outputs["one"]["uri"]).decode()
        row = expressions.evaluate("{{ fromIon(text) }}", {"text": text})
        assert (row["taskId"], row["level"], row["message"]) == ("quiet", "DEBUG", "quiet")
        assert (row["namespace"], row["flowId"], row["executionId"]) == ("tests", "talks", talked)

    on_engine(tmp_path, play, TALKS, READS)


NAMES = ("all", "loud", "one", "purge", "rest")


def test_without_an_orchestrator_at_hand_the_task_says_so() -> None:
    result = run_plugin(Fetch, {})
    assert result.error is not None
    assert "has the orchestrator look after executions" in result.error.message
    assert result.error.kind == "TaskFailed"


def test_a_log_may_go_to_a_file_and_its_errors_stay_with_the_execution(tmp_path: Path) -> None:
    source = """
        id: files
        namespace: tests
        tasks:
          - id: loud
            type: io.kestra.plugin.core.log.Log
            logToFile: true
            message: [one, two]
          - id: fails
            type: io.kestra.plugin.core.execution.Fail
            logToFile: true
            errorMessage: the reason
    """

    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "files")
        assert (await engine.wait(execution_id)).state == "FAILED"
        rows = await engine.in_store(engine.store.logs, execution_id)
        assert [row.line.message for row in rows] == ["the reason"]
        texts = []
        for task_id in ("loud", "fails"):
            (attempt,) = (await run_of(engine, execution_id, task_id)).attempts
            assert attempt.log_file is not None
            texts.append(engine.services.storage.read(None, attempt.log_file).decode())
        assert [line.split(" ", 1)[1] for line in texts[0].splitlines()] == ["INFO one", "INFO two"]
        assert "ERROR the reason" in texts[1]

    on_engine(tmp_path, play, source)
