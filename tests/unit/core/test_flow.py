"""flow: what each flow-control task decides when it is asked through `/execute`."""

from typing import Any

import pytest

from tiercel.envelope import Result
from tiercel.plugin import BasePlugin, State
from tiercel.testing import run_plugin
from tiercel_core.flow import blocks, branches, loops, subflows, waits

CHILD = {"id": "child", "type": "io.kestra.plugin.core.log.Log", "message": "{{ never.rendered }}"}


def plan_of(plugin: type[BasePlugin[Any, Any]], params: dict[str, Any], **context: Any) -> dict[str, Any]:
    result: Result = run_plugin(plugin, params, **context)
    assert result.state is State.SUCCESS, result.error
    assert result.plan is not None
    return result.plan


@pytest.mark.parametrize(("condition", "block"), [("{{ 2 > 1 }}", "then"), ("{{ 1 > 2 }}", "else")])
def test_if_chooses_a_block(condition: str, block: str) -> None:
    params = {"condition": condition, "then": [CHILD], "else": [CHILD]}
    result = run_plugin(branches.If, params)
    assert result.plan is not None
    assert (result.plan["kind"], result.plan["block"]) == ("Sequence", block)
    assert result.data == {"evaluationResult": block == "then", "branch": block}


@pytest.mark.parametrize(("value", "block"), [("a", "cases.a"), ("other", "defaults")])
def test_switch_chooses_a_case_or_the_defaults(value: str, block: str) -> None:
    params = {"value": value, "cases": {"a": [CHILD]}, "defaults": [CHILD]}
    result = run_plugin(branches.Switch, params)
    assert result.plan is not None
    assert (result.plan["kind"], result.plan["block"]) == ("Sequence", block)
    assert result.data == {"value": value, "defaults": block == "defaults", "branch": block}


def test_switch_without_a_case_fails_and_names_the_cases() -> None:
    result = run_plugin(branches.Switch, {"value": "x", "cases": {"a": [CHILD]}})
    assert result.state is State.FAILED
    assert result.error is not None
    assert "'x'" in result.error.message
    assert "a" in result.error.message


def test_for_each_takes_a_list_and_a_text() -> None:
    for values in ([1, "b"], '[1, "b"]', "{{ [1, 'b'] }}"):
        plan = plan_of(loops.ForEach, {"values": values, "tasks": [CHILD], "concurrencyLimit": 2})
        assert (plan["kind"], list(plan["values"]), plan["limit"]) == ("Each", ["1", "b"], 2)


def test_for_each_refuses_a_null() -> None:
    result = run_plugin(loops.ForEach, {"values": ["a", None], "tasks": [CHILD]})
    assert result.state is State.FAILED


def test_the_old_loops_plan_the_same_way() -> None:
    assert plan_of(loops.EachSequential, {"value": '["a"]', "tasks": [CHILD]})["limit"] == 1
    assert plan_of(loops.EachParallel, {"value": '["a"]', "tasks": [CHILD]})["limit"] == 0


def test_loop_until_keeps_its_condition_for_later() -> None:
    params = {
        "condition": "{{ outputs.a.value == 1 }}",
        "tasks": [CHILD],
        "checkFrequency": {"interval": "PT2S"},
    }
    plan = plan_of(loops.LoopUntil, params)
    assert (plan["condition"], plan["intervalSeconds"]) == ("{{ outputs.a.value == 1 }}", 2)


def test_blocks_run_in_order_or_side_by_side() -> None:
    assert plan_of(blocks.Sequential, {"tasks": [CHILD]})["kind"] == "Sequence"
    assert plan_of(blocks.AllowFailure, {"tasks": [CHILD]})["kind"] == "Sequence"
    assert plan_of(blocks.WorkingDirectory, {"tasks": [CHILD]})["kind"] == "Sequence"
    assert plan_of(blocks.Parallel, {"tasks": [CHILD], "concurrent": "{{ 3 }}"})["limit"] == 3


def test_a_dag_knows_who_waits_for_whom() -> None:
    tasks = [{"task": CHILD}, {"task": {**CHILD, "id": "second"}, "dependsOn": ["child"]}]
    plan = plan_of(blocks.Dag, {"tasks": tasks})
    assert plan["kind"] == "Graph"
    assert list(plan["dependsOn"]["second"]) == ["child"]


def test_a_block_without_tasks_is_refused() -> None:
    result = run_plugin(blocks.Sequential, {})
    assert result.state is State.FAILED
    assert result.error is not None
    assert "tasks" in result.error.message


def test_pause_ends_by_itself_after_a_time() -> None:
    plan = plan_of(waits.Pause, {"pauseDuration": "PT5S", "behavior": "{{ 'WARN' }}"})
    assert (plan["kind"], plan["seconds"], plan["behavior"]) == ("Pause", 5, "WARN")


def test_subflow_names_the_flow_and_its_inputs() -> None:
    params = {"namespace": "a", "flowId": "b", "inputs": {"x": "{{ 1 }}"}, "wait": False}
    plan = plan_of(subflows.Subflow, params)
    assert (plan["namespace"], plan["flowId"], plan["inputs"], plan["wait"]) == ("a", "b", {"x": "1"}, False)


def test_sleep_takes_its_time() -> None:
    result = run_plugin(waits.Sleep, {"duration": "PT0.05S"})
    assert result.state is State.SUCCESS
    assert result.duration_seconds >= 0.05


def test_sleep_ends_at_the_timeout() -> None:
    result = run_plugin(waits.Sleep, {"duration": "PT100S"}, timeout_seconds=0.05)
    assert result.error is not None
    assert result.error.kind == "Timeout"
