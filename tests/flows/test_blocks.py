"""Errors and finally of every kind of block, in success and in failure; one flow of each."""

import pytest

from tests.flows.conftest import RunFlow

FINE = "{id: x, type: io.kestra.plugin.core.log.Log, message: x}"
FAILS = "{id: x, type: io.kestra.plugin.core.execution.Fail}"
OTHER = "{id: y, type: io.kestra.plugin.core.log.Log, message: y}"
ENDS = """
    errors: [{id: err, type: io.kestra.plugin.core.log.Log, message: err}]
    finally: [{id: fin, type: io.kestra.plugin.core.log.Log, message: fin}]
  - {id: after, type: io.kestra.plugin.core.log.Log, message: after}
"""
BLOCKS = {
    "Sequential": ("tasks: [TASK]", "x", "x"),
    "Parallel": (f"tasks: [TASK, {OTHER}]", "x y", "x y"),
    "Dag": (f"tasks: [{{task: TASK}}, {{task: {OTHER}, dependsOn: [x]}}]", "x y", "x"),
    "If": ('condition: "true"\n    then: [TASK]', "x", "x"),
    "Switch": ("value: a\n    cases: {a: [TASK]}", "x", "x"),
    "ForEach": ("values: [1, 2]\n    tasks: [TASK]", "x[1] x[2]", "x[1]"),
    "EachSequential": ("value: [1, 2]\n    tasks: [TASK]", "x[1] x[2]", "x[1]"),
    "EachParallel": ("value: [1, 2]\n    tasks: [TASK]", "x[1] x[2]", "x[1] x[2]"),
    "WorkingDirectory": (f"tasks: [TASK, {OTHER}]", "x y", "x"),
    "LoopUntil": ('condition: "true"\n    tasks: [TASK]', "x", "x"),
    "Loop": ("values: [1, 2]\n    tasks: [TASK]", "x", "x"),
    "Pause": ("pauseDuration: PT0.01S\n    tasks: [TASK]", "x", "x"),
}
each_block = pytest.mark.parametrize("kind", BLOCKS)


def flow(kind: str, body: str, task: str, more: str = "") -> str:
    block = f"  - id: b\n    type: io.kestra.plugin.core.flow.{kind}\n    {body.replace('TASK', task)}{more}"
    return f"id: f\nnamespace: tests\ntasks:\n{block}{ENDS}"


@each_block
def test_in_success_finally_runs_and_errors_do_not(run_flow: RunFlow, kind: str) -> None:
    body, runs, _ = BLOCKS[kind]
    ran = run_flow(flow(kind, body, FINE))
    assert ran.state == "SUCCESS"
    assert list(ran.states) == ["b", *runs.split(), "fin", "after"]
    assert set(ran.states.values()) == {"SUCCESS"}


@each_block
def test_in_failure_errors_run_then_finally_and_nothing_after_the_block(run_flow: RunFlow, kind: str) -> None:
    body, _, runs = BLOCKS[kind]
    ran = run_flow(flow(kind, body, FAILS))
    assert ran.state == "FAILED"
    assert list(ran.states) == ["b", *runs.split(), "err", "fin"]
    assert (ran.states["b"], ran.states["err"], ran.states["fin"]) == ("FAILED", "SUCCESS", "SUCCESS")


@each_block
def test_a_failure_that_is_allowed_is_a_warning_and_the_flow_goes_on(run_flow: RunFlow, kind: str) -> None:
    body, _, runs = BLOCKS[kind]
    ran = run_flow(flow(kind, body, FAILS, "\n    allowFailure: true"))
    assert ran.state == "WARNING"
    assert list(ran.states) == ["b", *runs.split(), "err", "fin", "after"]
    assert (ran.states["b"], ran.states["after"]) == ("WARNING", "SUCCESS")


@each_block
def test_a_block_that_is_not_to_run_has_no_children(run_flow: RunFlow, kind: str) -> None:
    body, _, _ = BLOCKS[kind]
    ran = run_flow(flow(kind, body, FINE, '\n    runIf: "{{ 1 == 2 }}"'))
    assert ran.states == {"b": "SKIPPED", "after": "SUCCESS"}


@each_block
def test_a_block_whose_tasks_are_disabled_succeeds(run_flow: RunFlow, kind: str) -> None:
    body, _, _ = BLOCKS[kind]
    disabled = [text.replace("}", ", disabled: true}") for text in (FINE, OTHER)]
    ran = run_flow(flow(kind, body.replace(OTHER, disabled[1]), disabled[0]))
    assert ran.states == {"b": "SUCCESS", "fin": "SUCCESS", "after": "SUCCESS"}


def test_what_fails_after_the_tasks_fails_the_execution_and_what_comes_after_it_does_not(
    run_flow: RunFlow,
) -> None:
    ran = run_flow("""
        id: late
        namespace: tests
        tasks: [{id: x, type: io.kestra.plugin.core.log.Log, message: x}]
        finally: [{id: fin, type: io.kestra.plugin.core.execution.Fail}]
        afterExecution:
          - {id: seen, type: io.kestra.plugin.core.log.Log, message: "{{ execution.state }}"}
          - {id: fails, type: io.kestra.plugin.core.execution.Fail}
    """)
    assert ran.state == "FAILED"
    assert ran.states == {"x": "SUCCESS", "fin": "FAILED", "seen": "SUCCESS", "fails": "FAILED"}
    assert ran.said("FAILED")


def test_a_child_that_cannot_start_is_not_named(run_flow: RunFlow) -> None:
    ran = run_flow("""
        id: parent
        namespace: tests
        tasks:
          - {id: s, type: io.kestra.plugin.core.flow.Subflow, namespace: tests, flowId: missing}
    """)
    assert ran.state == "FAILED"
    assert ran.outputs("s") == {}


def test_a_pause_says_when_it_was_left(run_flow: RunFlow) -> None:
    ran = run_flow("""
        id: pauses
        namespace: tests
        tasks:
          - {id: p, type: io.kestra.plugin.core.flow.Pause, pauseDuration: PT0.01S}
          - {id: to, type: io.kestra.plugin.core.debug.Return, format: "{{ outputs.p.resumed.to }}"}
    """)
    assert ran.outputs("to") == {"value": "RUNNING"}
    assert ran.outputs("p")["resumed"]["on"] == ran.run("p")["state"]["histories"][-2]["date"]
