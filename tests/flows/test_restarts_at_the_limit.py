"""Executions that are restarted where their flow's concurrency limit is reached."""

from pathlib import Path

import pytest

from tests.flows.playing import MEND, mended, on_engine, start, states_of, until
from tiercel_orchestrator.shell.engine import Engine

LIMITED = """
    id: limited
    namespace: tests
    concurrency:
      limit: 1
      behavior: BEHAVIOR
    tasks:
      - id: fragile
        type: io.kestra.plugin.core.execution.Fail
        condition: "{{ kv('mended', errorOnMissing=false) != 'yes' }}"
      - id: wait
        type: io.kestra.plugin.core.flow.Pause
"""


async def restarted_beside_another(engine: Engine) -> tuple[str, str]:
    """Restart a failed execution while another one holds the only slot; give the ids of both."""
    failed = await start(engine, "limited")
    await engine.wait(failed)
    await mended(engine)
    other = await start(engine, "limited")
    await engine.wait_until_idle(other)
    await engine.operations.restart(failed)
    await until(engine, failed, "QUEUED", "FAILED", "CANCELLED")
    return failed, other


def test_a_restarted_execution_waits_for_a_slot_like_any_other(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        failed, other = await restarted_beside_another(engine)
        assert (await engine.execution(failed)).state == "QUEUED"
        await engine.operations.resume(other)
        await engine.wait(other)
        await until(engine, failed, "PAUSED")
        await engine.operations.resume(failed)
        assert [state for state, _ in (await engine.wait(failed)).history] == [
            "CREATED", "RUNNING", "FAILED", "RESTARTED", "QUEUED", "RUNNING", "PAUSED", "RESTARTED",
            "RUNNING", "SUCCESS",
        ]  # fmt: skip

    on_engine(tmp_path, play, MEND, LIMITED.replace("BEHAVIOR", "QUEUE"))


def test_two_that_are_restarted_at_once_do_not_wait_for_each_other(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        both = [await start(engine, "limited") for _ in range(2)]
        for one in both:
            await engine.wait(one)
        await mended(engine)
        engine.pump.claiming = False  # so that both are RESTARTED before either goes on
        for one in both:
            await engine.operations.restart(one)
        engine.pump.claiming = True
        engine.wake()
        for one in both:
            await until(engine, one, "PAUSED", "QUEUED")
        assert sorted([(await engine.execution(one)).state for one in both]) == ["PAUSED", "QUEUED"]
        for one in both:
            await engine.kill(one)

    on_engine(tmp_path, play, MEND, LIMITED.replace("BEHAVIOR", "QUEUE"))


@pytest.mark.parametrize(("behavior", "state"), [("FAIL", "FAILED"), ("CANCEL", "CANCELLED")])
def test_a_restarted_execution_beyond_the_limit_ends_as_the_flow_says(
    tmp_path: Path, behavior: str, state: str
) -> None:
    async def play(engine: Engine) -> None:
        failed, other = await restarted_beside_another(engine)
        assert (await engine.wait(failed)).state == state
        assert (await states_of(engine, failed)) == {"fragile": state}
        await engine.kill(other)

    on_engine(tmp_path, play, MEND, LIMITED.replace("BEHAVIOR", behavior))


def test_a_restarted_execution_in_the_queue_can_be_cancelled_or_forced_to_run(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        failed, other = await restarted_beside_another(engine)
        await engine.operations.unqueue(failed, "CANCELLED")
        assert (await engine.wait(failed)).state == "CANCELLED"
        await engine.operations.restart(failed)
        await until(engine, failed, "QUEUED")
        await engine.operations.force_run(failed)
        await until(engine, failed, "PAUSED")
        assert await states_of(engine, failed) == {"fragile": "SUCCESS", "wait": "PAUSED"}
        for one in (failed, other):
            await engine.kill(one)

    on_engine(tmp_path, play, MEND, LIMITED.replace("BEHAVIOR", "QUEUE"))
