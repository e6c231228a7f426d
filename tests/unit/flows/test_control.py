"""What flow-control tasks decide."""

from typing import Any

import pytest

from tiercel.errors import TaskFailed
from tiercel.flows.control import CONTROLS, control_of, plan
from tiercel.flows.models import Task
from tiercel.flows.plans import Each, Graph, Loop, Parallel, Pause, Plan, Sequence, Stop, Subflow

FLOW = "io.kestra.plugin.core.flow."
CHILD = Task(id="child", type="io.kestra.plugin.core.log.Log", properties={}, params={})


def a_task(
    name: str, blocks: tuple[str, ...] = ("tasks",), timeout: str | None = None, **params: Any
) -> Task:
    kind = name if "." in name else FLOW + name
    return Task("t", kind, params, params, {block: (CHILD,) for block in blocks}, timeout=timeout)


def decided(task: Task, **rendered: Any) -> tuple[Plan, dict[str, Any]]:
    return plan(task, rendered)


def test_a_block_runs_in_sequence() -> None:
    assert decided(a_task("Sequential")) == (Sequence("tasks"), {})


def test_a_working_directory_is_shared_by_a_sequence() -> None:
    assert decided(a_task("WorkingDirectory")) == (Sequence("tasks", directory=True), {})


def test_allow_failure_forgives() -> None:
    assert decided(a_task("AllowFailure")) == (Sequence("tasks", forgive=True), {})


def test_parallel_limits_its_running_children() -> None:
    assert decided(a_task("Parallel")) == (Parallel("tasks", 0), {})
    assert decided(a_task("Parallel"), concurrent="3") == (Parallel("tasks", 3), {})
    with pytest.raises(TaskFailed, match="`concurrent` is 'many'; it must be an integer"):
        decided(a_task("Parallel"), concurrent="many")


def test_a_dag_gives_its_dependencies() -> None:
    task = a_task("Dag", dependsOn={"a": (), "b": ("a",)}, concurrent=2)
    assert decided(task) == (Graph({"a": (), "b": ("a",)}, "tasks", 2), {})


@pytest.mark.parametrize("condition", ["true", "1", "anything", True, "00"])
def test_if_takes_then(condition: object) -> None:
    task = a_task("If", ("then", "else"))
    assert decided(task, condition=condition) == (
        Sequence("then"),
        {"evaluationResult": True, "branch": "then"},
    )


@pytest.mark.parametrize("condition", ["", "false", "0", "-0", None, False, 0])
def test_if_takes_else(condition: object) -> None:
    task = a_task("If", ("then", "else"))
    assert decided(task, condition=condition) == (
        Sequence("else"),
        {"evaluationResult": False, "branch": "else"},
    )


def test_if_without_else_takes_no_branch() -> None:
    outputs = decided(a_task("If", ("then",)), condition="false")[1]
    assert outputs == {"evaluationResult": False, "branch": None}


def test_switch_takes_the_case_of_its_value() -> None:
    task = a_task("Switch", ("cases.A", "defaults"))
    assert decided(task, value="A") == (
        Sequence("cases.A"),
        {"value": "A", "defaults": False, "branch": "cases.A"},
    )


def test_switch_falls_back_to_its_defaults() -> None:
    plan_, outputs = decided(a_task("Switch", ("cases.A", "defaults")), value="B")
    assert plan_ == Sequence("defaults")
    assert outputs == {"value": "B", "defaults": True, "branch": "defaults"}


def test_switch_fails_where_nothing_takes_its_value() -> None:
    with pytest.raises(TaskFailed, match="no case for the value 'B' and no defaults; its cases are A"):
        decided(a_task("Switch", ("cases.A",)), value="B")


def test_for_each_runs_one_value_at_a_time_unless_told_otherwise() -> None:
    task = a_task("ForEach", values='[1, {"a": 2}]')
    assert decided(task) == (Each(("1", '{"a":2}'), 1), {"items": [1, {"a": 2}]})
    assert decided(a_task("ForEach", values=["a"], concurrencyLimit=0))[0] == Each(("a",), 0)


def test_the_older_eaches_take_value() -> None:
    assert decided(a_task("EachSequential", value=["a", "b"]))[0] == Each(("a", "b"), 1)
    assert decided(a_task("EachParallel", value=[1]))[0] == Each(("1",), 0, parallel_children=True)


def test_loop_until_keeps_its_condition_unrendered() -> None:
    task = a_task("LoopUntil", condition="{{ x }}", checkFrequency={"maxIterations": 3, "interval": "PT0.2S"})
    assert decided(task)[0] == Loop("{{ x }}", 3, None, 0.2)
    assert control_of(task.type).templates(task) == {}  # type: ignore[union-attr]


def test_wait_for_brings_its_old_maximums() -> None:
    assert decided(a_task("WaitFor", condition="x"))[0] == Loop("x", 100, 3600.0, 1.0)
    frequency = {"maxDuration": "PT3S"}
    task = a_task("WaitFor", condition="x", checkFrequency=frequency, failOnMaxReached=True)
    assert decided(task)[0] == Loop("x", 100, 3.0, 1.0, fail_on_max=True)


def test_a_pause_lasts_until_somebody_resumes_it() -> None:
    assert decided(a_task("Pause"))[0] == Pause(None, "RESUME")


def test_a_pause_may_end_by_itself() -> None:
    assert decided(a_task("Pause", delay="PT1S"))[0] == Pause(1.0, "RESUME")
    assert decided(a_task("Pause", pauseDuration="PT1M"), behavior="WARN")[0] == Pause(60.0, "WARN")


def test_a_pause_that_outlasts_its_timeout_fails() -> None:
    assert decided(a_task("Pause", timeout="PT1S"))[0] == Pause(1.0, "FAIL")
    assert decided(a_task("Pause", timeout="PT1S", pauseDuration="PT2S"))[0] == Pause(1.0, "FAIL")
    assert decided(a_task("Pause", timeout="PT9S", pauseDuration="PT2S"))[0] == Pause(2.0, "RESUME")


def test_a_pause_says_what_is_wrong_with_its_properties() -> None:
    with pytest.raises(TaskFailed, match="`pauseDuration`: '5s' is not a duration"):
        decided(a_task("Pause"), pauseDuration="5s")
    with pytest.raises(TaskFailed, match="`behavior` is 'SLEEP'; write RESUME"):
        decided(a_task("Pause"), behavior="sleep")


def test_a_subflow_waits_and_transmits_failure_unless_told_otherwise() -> None:
    task = a_task(
        "Subflow", (), namespace="n", flowId="f", inputs={"a": 1}, labels=[{"key": "k", "value": 1}]
    )
    assert decided(task)[0] == Subflow("n", "f", None, {"a": 1}, {"k": "1"})
    told = a_task("Subflow", (), namespace="n", flowId="f", wait=False, transmitFailed=False, revision="2")
    assert decided(told)[0] == Subflow("n", "f", 2, wait=False, transmit_failed=False)


def test_exit_stops_the_execution_in_its_state() -> None:
    exit_ = "io.kestra.plugin.core.execution.Exit"
    assert decided(a_task(exit_, ()))[0] == Stop("SUCCESS")
    assert decided(a_task(exit_, ()), state="CANCELED")[0] == Stop("CANCELLED")
    with pytest.raises(TaskFailed, match="`state` is 'PAUSED'"):
        decided(a_task(exit_, ()), state="PAUSED")


def test_only_properties_with_expressions_are_rendered() -> None:
    control = control_of(FLOW + "ForEach")
    assert control is not None
    assert control.templates(a_task("ForEach", values=["a", "b"])) == {}
    assert control.templates(a_task("ForEach", values=["a", "{{ b }}"])) == {"values": ["a", "{{ b }}"]}


def test_a_rendered_property_wins_over_the_written_one() -> None:
    assert decided(a_task("EachSequential", value="{{ x }}"), value='["a"]')[0] == Each(("a",), 1)


def test_aliases_decide_as_their_types_do() -> None:
    assert control_of("io.kestra.core.tasks.flows.If") is control_of(FLOW + "If")
    assert control_of("io.kestra.core.tasks.flows.Flow") is control_of(FLOW + "Subflow")


def test_a_task_that_does_work_of_its_own_has_no_control() -> None:
    assert control_of("io.kestra.plugin.core.log.Log") is None
    assert FLOW + "Sleep" not in CONTROLS
