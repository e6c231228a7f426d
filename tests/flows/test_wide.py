"""A ForEach of more values than one row should count: the shards between it and its values show nowhere."""

from pathlib import Path

from tests.flows.conftest import RunFlow
from tests.flows.playing import MEND, mended, on_engine, start
from tiercel_orchestrator.kernel.shards import SHARDS, WIDE
from tiercel_orchestrator.shell.engine import Engine
from tiercel_orchestrator.shell.starting import StartRequest

COUNT = 2 * WIDE + 3
EACH = f"""
    id: wide
    namespace: tests
    tasks:
      - id: each
        type: io.kestra.plugin.core.flow.ForEach
        concurrencyLimit: 0
        values: "{{{{ range(1, {COUNT}) }}}}"
        tasks:
          - id: one
            type: io.kestra.plugin.core.debug.Return
            format: "{{{{ taskrun.value == '70' and not mended ? ko : taskrun.iteration }}}}"
          - id: two
            type: io.kestra.plugin.core.debug.Return
            format: "{{{{ currentEachOutput(outputs.one).value }}}} {{{{ taskrun.parentId }}}}"
      - id: after
        type: io.kestra.plugin.core.debug.Return
        format: "{{{{ outputs.one | keys | join(' ') }}}}"
"""
SOUND = EACH.replace("not mended", "false")
FRAGILE = EACH.replace("not mended", "kv('mended', errorOnMissing=false) != 'yes'")


def test_values_find_the_each_above_them_and_their_outputs_in_order(run_flow: RunFlow) -> None:
    ran = run_flow(SOUND)
    assert ran.state == "SUCCESS"
    each = ran.run("each")["id"]
    inside = [run for run in ran.execution["taskRunList"] if run["taskId"] in ("one", "two")]
    assert len(inside) == 2 * COUNT
    assert {run["parentTaskRunId"] for run in inside} == {each}
    assert ran.outputs("two", "7")["value"] == f"6 {each}"
    assert ran.outputs("after")["value"].split() == [str(value) for value in range(1, COUNT + 1)]
    assert len(ran.execution["taskRunList"]) == 2 * COUNT + 2


def test_one_value_that_fails_fails_the_each_and_a_restart_goes_on_with_all_that_stopped(
    tmp_path: Path,
) -> None:
    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "wide")
        failed = await engine.wait(execution_id)
        assert failed.state == "FAILED"
        runs = await engine.in_store(engine.store.task_runs, execution_id)
        assert [run.value for run in runs if run.state == "FAILED"] == [None, "70"]
        assert sum(run.task_id == "one" for run in runs) == COUNT
        assert sum(run.task_id == "two" for run in runs) < COUNT
        ended = {run.id for run in runs if run.task_id == "one" and run.state == "SUCCESS"}
        await mended(engine)
        await engine.operations.restart(execution_id)
        assert (await engine.wait(execution_id)).state == "SUCCESS"
        runs = await engine.in_store(engine.store.task_runs, execution_id)
        assert sum(run.task_id == "two" and run.state == "SUCCESS" for run in runs) == COUNT
        assert {run.id for run in runs if len(run.attempts) > 1} & ended == set()

    on_engine(tmp_path, play, FRAGILE, MEND)


def test_a_kill_ends_the_shards_too(tmp_path: Path) -> None:
    source = SOUND.replace("core.debug.Return", "core.flow.Sleep", 1).replace(
        "format:", "duration: PT1M #", 1
    )

    async def play(engine: Engine) -> None:
        execution = await engine.start(StartRequest("tests", "wide"))
        await engine.kill(execution.id)
        assert (await engine.wait(execution.id)).state == "KILLED"
        runs = await engine.in_store(engine.store.every_run, execution.id)
        assert sum(run.role == "shard" for run in runs) in (0, SHARDS)
        assert all(run.ended for run in runs)

    on_engine(tmp_path, play, source)


def test_replay_from_a_value_runs_that_value_and_what_comes_after_the_each(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        execution_id = await start(engine, "wide")
        await engine.wait(execution_id)
        runs = await engine.in_store(engine.store.task_runs, execution_id)
        target = next(run for run in runs if run.task_id == "two" and run.value == "9")
        standing = await engine.operations.replay(execution_id, target.id)
        ended = await engine.wait(standing.execution.id)
        assert ended.state == "SUCCESS"
        again = await engine.in_store(engine.store.task_runs, ended.id)
        assert sum(run.task_id == "two" and run.state == "SUCCESS" for run in again) == COUNT
        assert [run.value for run in again if len(run.attempts) > 1] in (["9"], [])

    on_engine(tmp_path, play, SOUND)
