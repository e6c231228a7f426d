"""execution: Fail, Assert, and the tasks that change the execution itself."""

from typing import Any

import pytest

from tiercel.envelope import Result
from tiercel.plugin import BasePlugin, State
from tiercel.testing import run_plugin
from tiercel_core import execution, log, trigger


def message_of(result: Result) -> str:
    assert result.state is State.FAILED
    assert result.error is not None
    return result.error.message


def test_fail_says_what_it_is_told() -> None:
    assert message_of(run_plugin(execution.Fail)) == "Task failure"
    assert message_of(run_plugin(execution.Fail, {"errorMessage": "no {{ 'rows' }}"})) == "no rows"


@pytest.mark.parametrize("condition", ["", "false", "0", "-0", "{{ null }}", "{{ 1 > 2 }}"])
def test_fail_lets_pass_what_is_not_true(condition: str) -> None:
    assert run_plugin(execution.Fail, {"condition": condition}).state is State.SUCCESS


@pytest.mark.parametrize("condition", ["true", "1", "x", "{{ 2 > 1 }}"])
def test_fail_fails_for_what_is_true(condition: str) -> None:
    assert run_plugin(execution.Fail, {"condition": condition}).state is State.FAILED


def test_assertions_are_counted() -> None:
    result = run_plugin(execution.Assert, {"conditions": ["{{ 1 == 1 }}", "{{ 2 == 2 }}"]})
    assert result.state is State.SUCCESS
    assert {metric.name: metric.value for metric in result.metrics} == {"success": 2, "failed": 0}


def test_assertions_that_do_not_hold_are_named_and_counted() -> None:
    conditions = ["{{ true }}", "{{ false }}", "{{ true }}", "{{ null }}"]
    result = run_plugin(execution.Assert, {"conditions": conditions, "errorMessage": "look here"})
    assert message_of(result) == "2 assertions failed of 4: number 2 gave `false`, number 4 gave ``."
    assert {metric.name: metric.value for metric in result.metrics} == {"success": 2, "failed": 2}
    assert result.logs[0].message == "look here"


def test_one_assertion_that_does_not_hold_is_singular() -> None:
    assert "1 assertion failed" in message_of(run_plugin(execution.Assert, {"conditions": ["{{ null }}"]}))


@pytest.mark.parametrize("labels", [{"a": "{{ 1 }}"}, [{"key": "a", "value": "{{ 1 }}"}], '{"a": "{{ 1 }}"}'])
def test_labels_take_a_map_a_list_and_a_text(labels: Any) -> None:
    result = run_plugin(execution.Labels, {"labels": labels})
    assert result.plan is not None
    assert result.plan["kind"] == "Update"
    assert result.plan["labels"]["a"] == "1"


def test_variables_are_set_by_a_plan() -> None:
    variables = {"vars": {"a": 1}}
    result = run_plugin(execution.SetVariables, {"variables": {"b": "{{ vars.a }}"}}, variables=variables)
    assert result.plan is not None
    assert result.plan["variables"] == {"a": 1, "b": "1"}


def test_variables_that_exist_are_kept_if_asked_for() -> None:
    params = {"variables": {"a": 2}, "overwrite": False}
    assert "a" in message_of(run_plugin(execution.SetVariables, params, variables={"vars": {"a": 1}}))


def test_variables_are_removed_by_a_plan() -> None:
    result = run_plugin(execution.UnsetVariables, {"variables": ["a"]}, variables={"vars": {"a": 1, "b": 2}})
    assert result.plan is not None
    assert result.plan["variables"] == {"b": 2}


def test_a_variable_to_remove_has_to_exist() -> None:
    assert "a" in message_of(run_plugin(execution.UnsetVariables, {"variables": ["a"]}))
    ignored = run_plugin(execution.UnsetVariables, {"variables": ["a"], "ignoreMissing": True})
    assert ignored.state is State.SUCCESS


def test_exit_stops_in_the_state_it_is_given() -> None:
    result = run_plugin(execution.Exit, {"state": "CANCELED"})
    assert result.plan == {"kind": "Stop", "state": "CANCELLED"}


@pytest.mark.parametrize(
    ("plugin", "params"),
    [
        (execution.Count, {"startDate": "2024-01-01", "expression": "{{ count > 0 }}"}),
        (execution.PurgeExecutions, {"endDate": "2024-01-01"}),
        (execution.Resume, {}),
        (log.Fetch, {}),
        (log.PurgeLogs, {"endDate": "2024-01-01"}),
        (trigger.Toggle, {"trigger": "call"}),
    ],
)
def test_without_an_orchestrator_at_hand_executions_cannot_be_looked_after(
    plugin: type[BasePlugin[Any, Any]], params: dict[str, Any]
) -> None:
    result = run_plugin(plugin, params)
    assert result.state is State.FAILED
    assert result.error is not None and "TIERCEL_FAMILY_URLS" in result.error.message


def test_a_date_that_is_none_is_a_sentence() -> None:
    result = run_plugin(execution.PurgeExecutions, {"endDate": "last week"})
    assert result.error is not None and "`last week` is no date" in result.error.message
