"""A flow-control task with a `timeout`: what runs inside of it is stopped, and it has failed."""

import asyncio
from pathlib import Path
from textwrap import indent

import pytest

from tests.flows.conftest import Outcome, RunFlow
from tests.flows.playing import MEND, mended, on_engine, run_of, start, states_of
from tiercel_orchestrator.kernel.rows import Execution, TaskRun
from tiercel_orchestrator.shell.engine import Engine
from tiercel_orchestrator.store.port import Filter

SLEEPS = "- {id: sleep, type: io.kestra.plugin.core.flow.Sleep, duration: PT1H}"
FLOW = "io.kestra.plugin.core.flow."


def said(ran: Outcome) -> list[str]:
    """Give all log lines."""
    return [message for _, message in ran.logs]


def killed(ran: Outcome, task_id: str) -> bool:
    """Say whether all runs of a task were killed, and there are any."""
    found = {run["state"]["current"] for run in ran.execution["taskRunList"] if run["taskId"] == task_id}
    return found == {"KILLED"}


def block(kind: str, properties: str = "", inside: str = SLEEPS, key: str = "tasks") -> str:
    """Give a flow of one block that has little time, with errors, and a task after it."""
    return f"""
id: late
namespace: tests
tasks:
  - id: block
    type: {FLOW}{kind}
    timeout: PT0.2S
{indent(properties, "    ")}
    {key}:
{indent(inside, "      ")}
    errors:
      - {{id: sorry, type: io.kestra.plugin.core.debug.Return, format: sorry}}
  - {{id: after, type: io.kestra.plugin.core.debug.Return, format: after}}
"""


@pytest.mark.parametrize(
    ("kind", "properties", "inside", "key"),
    [
        ("Sequential", "", SLEEPS, "tasks"),
        ("Timeout", "", SLEEPS, "tasks"),
        ("Parallel", "", SLEEPS, "tasks"),
        ("If", "condition: 'true'", SLEEPS, "then"),
        ("ForEach", "values: [a, b]", SLEEPS, "tasks"),
        ("EachParallel", "value: [a, b]", SLEEPS, "tasks"),
        ("Dag", "", f"- task: {SLEEPS[2:]}", "tasks"),
        ("WorkingDirectory", "", SLEEPS, "tasks"),
        ("Loop", "values: [a, b]", SLEEPS, "tasks"),
        ("LoopUntil", "condition: 'false'", SLEEPS, "tasks"),
        ("Sequential", "", f"- {{id: sleep, type: {FLOW}Pause}}", "tasks"),
        ("Sequential", "", f"- id: inner\n  type: {FLOW}Parallel\n  tasks:\n    {SLEEPS}", "tasks"),
    ],
)
def test_what_runs_inside_is_killed_and_the_block_fails(
    kind: str, properties: str, inside: str, key: str, run_flow: RunFlow
) -> None:
    ran = run_flow(block(kind, properties, inside, key))
    assert ran.state == "FAILED"
    assert killed(ran, "sleep")
    assert ran.run("block")["state"]["current"] == "FAILED"
    assert ran.outputs("sorry") == {"value": "sorry"}
    assert "after" not in ran.states
    assert [line for line in said(ran) if line.startswith("Timeout")] == [
        "Timeout: it was stopped after 0.2 s, with all that ran in it; "
        "give it a longer `timeout`, or less to do."
    ]


def test_a_loop_that_waits_for_its_next_turn_fails_in_time(run_flow: RunFlow) -> None:
    turns = "condition: 'false'\ncheckFrequency: {interval: PT1H}"
    ran = run_flow(block("LoopUntil", turns, "- {id: quick, type: io.kestra.plugin.core.debug.Return}"))
    assert (ran.state, ran.run("quick")["state"]["current"]) == ("FAILED", "SUCCESS")
    assert ran.outputs("sorry") == {"value": "sorry"}


def test_a_wide_each_ends_with_all_its_values(run_flow: RunFlow) -> None:
    ran = run_flow(block("ForEach", 'values: "{{ range(1, 100) }}"\nconcurrencyLimit: 0'))
    assert ran.state == "FAILED"
    assert killed(ran, "sleep")


def test_a_block_that_may_fail_lets_the_flow_go_on(run_flow: RunFlow) -> None:
    ran = run_flow(block("Sequential", "allowFailure: true"))
    assert (ran.state, ran.run("block")["state"]["current"]) == ("WARNING", "WARNING")
    assert ran.outputs("after") == {"value": "after"}


def test_the_time_may_be_an_expression(run_flow: RunFlow) -> None:
    source = block("Sequential").replace("PT0.2S", '"{{ vars.patience }}"')
    ran = run_flow(source + "variables: {patience: PT0.1S}\n")
    assert (ran.state, ran.run("sleep")["state"]["current"]) == ("FAILED", "KILLED")


def test_a_time_that_is_none_fails_the_block_with_a_sentence(run_flow: RunFlow) -> None:
    ran = run_flow(block("Sequential").replace("PT0.2S", "\"{{ 'soon' }}\""))
    assert ran.state == "FAILED"
    assert "sleep" not in ran.states
    assert any(line.startswith("`timeout`: ") and "soon" in line for line in said(ran))


QUICK = f"""
id: quick
namespace: tests
tasks:
  - id: outer
    type: {FLOW}Sequential
    timeout: PT1H
    tasks:
      - id: inner
        type: {FLOW}Parallel
        timeout: PT1H
        tasks:
          - {{id: one, type: io.kestra.plugin.core.debug.Return, format: one}}
      - {{id: nothing, type: {FLOW}Sequential, timeout: PT1H, tasks: [
          {{id: never, type: io.kestra.plugin.core.debug.Return, disabled: true}}]}}
"""


def test_a_block_that_ends_in_time_leaves_nothing_behind(tmp_path: Path) -> None:
    async def play(engine: Engine) -> tuple[str, list[TaskRun]]:
        ended = await engine.wait(await start(engine, "quick"))
        return ended.state, await engine.in_store(engine.store.every_run, ended.id)

    state, runs = on_engine(tmp_path, play, QUICK)
    assert state == "SUCCESS"
    assert {run.role for run in runs} == {"root", ""}


CHILD = f"""
id: child
namespace: tests
tasks:
  {SLEEPS}
"""
PARENT = f"""
id: parent
namespace: tests
tasks:
  - {{id: call, type: {FLOW}Subflow, namespace: tests, flowId: child, timeout: PT0.2S, retry: RETRY}}
"""


def test_a_subflow_that_takes_too_long_is_killed_each_time_that_it_is_tried(tmp_path: Path) -> None:
    async def play(engine: Engine) -> tuple[str, int, set[str]]:
        ended = await engine.wait(await start(engine, "parent"))
        runs = await engine.in_store(engine.store.task_runs, ended.id)
        await engine.wait_for_tree(ended.root_id)
        children = await engine.in_store(engine.store.executions, Filter(flow_id="child"))
        return ended.state, len(runs[0].attempts), {one.state for one in children}

    parent = PARENT.replace("RETRY", "{type: constant, interval: PT0.01S, maxAttempts: 2}")
    assert on_engine(tmp_path, play, CHILD, parent) == ("FAILED", 2, {"KILLED"})


MENDED = f"""
id: mended
namespace: tests
tasks:
  - id: block
    type: {FLOW}Sequential
    timeout: PT1S
    tasks:
      - {{id: once, type: io.kestra.plugin.core.debug.Return, format: "{{{{ uuid() }}}}"}}
      - id: wait
        type: {FLOW}LoopUntil
        condition: "{{{{ kv('mended', errorOnMissing=false) == 'yes' }}}}"
        checkFrequency: {{interval: PT0.01S, maxIterations: 100000}}
        tasks:
          - {{id: look, type: io.kestra.plugin.core.debug.Return, format: look}}
"""


def test_a_restart_goes_on_with_what_was_stopped_and_has_all_the_time_again(tmp_path: Path) -> None:
    async def play(engine: Engine) -> tuple[str, str, dict[str, str], bool]:
        first = await engine.wait(await start(engine, "mended"))
        before = await engine.in_store(engine.store.outputs_of, first.id, ["once"])
        await mended(engine)
        await engine.operations.restart(first.id)
        second = await engine.wait(first.id)
        after = await engine.in_store(engine.store.outputs_of, first.id, ["once"])
        return first.state, second.state, await states_of(engine, first.id), before == after

    failed, ended, states, kept = on_engine(tmp_path, play, MEND, MENDED)
    assert (failed, ended, kept) == ("FAILED", "SUCCESS", True)
    assert set(states.values()) == {"SUCCESS"}


def test_a_block_with_a_retry_of_its_own_has_its_time_in_each_try(run_flow: RunFlow) -> None:
    ran = run_flow(block("Sequential", "retry: {type: constant, interval: PT0.01S, maxAttempts: 3}"))
    assert ran.state == "FAILED"
    assert len([line for line in said(ran) if line.startswith("Timeout")]) == 3


def test_a_loop_has_its_time_for_all_its_turns(run_flow: RunFlow) -> None:
    turns = "condition: 'false'\ncheckFrequency: {interval: PT0.01S, maxIterations: 100000}"
    ran = run_flow(block("LoopUntil", turns, "- {id: quick, type: io.kestra.plugin.core.debug.Return}"))
    assert ran.state == "FAILED"
    assert ran.outputs("block")["iterationCount"] > 1
    assert ran.outputs("sorry") == {"value": "sorry"}


def test_a_subflow_that_is_restarted_has_all_its_time_again(tmp_path: Path) -> None:
    async def play(engine: Engine) -> tuple[str, str, int]:
        first = await engine.wait(await start(engine, "parent"))
        await engine.operations.restart(first.id)
        second = await engine.wait(first.id)
        logs = await engine.in_store(engine.store.logs, first.id)
        return first.state, second.state, sum(row.line.message.startswith("Timeout") for row in logs)

    parent = PARENT.replace("retry: RETRY", "restartBehavior: RETRY_FAILED")
    assert on_engine(tmp_path, play, CHILD, parent) == ("FAILED", "FAILED", 2)


def test_a_child_that_comes_to_be_after_its_time_is_not_born(tmp_path: Path) -> None:
    async def play(engine: Engine) -> tuple[str, list[str]]:
        parent_id = await start(engine, "parent")
        create, late = engine.work.children.create, asyncio.Event()

        async def create_late(execution: Execution) -> None:
            if not late.is_set():
                late.set()
                while (await run_of(engine, parent_id, "call")).attempt == 1:
                    await asyncio.sleep(0.01)
            await create(execution)

        object.__setattr__(engine.work.children, "create", create_late)
        ended = await engine.wait(parent_id)
        await engine.wait_for_tree(ended.root_id)
        children = await engine.in_store(engine.store.executions, Filter(flow_id="child"))
        return ended.state, [one.state for one in children]

    parent = PARENT.replace("RETRY", "{type: constant, interval: PT0.01S, maxAttempts: 2}")
    assert on_engine(tmp_path, play, CHILD, parent) == ("FAILED", ["KILLED"])


ON_PAUSE = f"""
id: outlived
namespace: tests
tasks:
  - id: wait
    type: {FLOW}Pause
    pauseDuration: PT0.05S
    onPause:
      id: long
      type: {FLOW}Sequential
      timeout: PT0.3S
      tasks:
        {SLEEPS}
"""


def test_what_runs_while_a_pause_waits_has_its_time_after_the_end_too(tmp_path: Path) -> None:
    async def play(engine: Engine) -> tuple[str, dict[str, str]]:
        ended = await engine.wait(await start(engine, "outlived"))
        await engine.wait_for_tree(ended.root_id)
        return ended.state, await states_of(engine, ended.id)

    state, found = on_engine(tmp_path, play, ON_PAUSE)
    assert (state, found["long"], found["sleep"]) == ("SUCCESS", "FAILED", "KILLED")


LOOPED = f"""
id: looped
namespace: tests
tasks:
  - id: loop
    type: {FLOW}LoopUntil
    condition: "false"
    checkFrequency: {{interval: PT0.01S, maxIterations: 2}}
    tasks:
      - id: wait
        type: {FLOW}Pause
        pauseDuration: PT0.05S
        onPause: {{id: long, type: {FLOW}Sleep, duration: PT0.2S}}
  - {{id: late, type: {FLOW}Sleep, duration: PT0.5S}}
"""


def test_what_outlives_a_turn_of_its_loop_is_nobodys(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async def play(engine: Engine) -> str:
        return (await engine.wait(await start(engine, "looped"))).state

    assert on_engine(tmp_path, play, LOOPED) == "SUCCESS"
    assert "could not be taken in" not in caplog.text
