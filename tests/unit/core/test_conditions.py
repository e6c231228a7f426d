"""condition and trigger: what they hold for."""

from typing import Any

import pytest

from tiercel.plugin import BasePlugin, State
from tiercel.testing import run_plugin
from tiercel_core import runner, trigger
from tiercel_core.condition import combinations, dates, executions, flows, holidays

EVENT = {
    "execution": {
        "namespace": "a.b",
        "flowId": "f",
        "state": {"current": "SUCCESS"},
        "labels": [{"key": "team", "value": "data"}],
        "taskRunList": [{"attempts": [{"state": {"current": "FAILED"}}, {"state": {"current": "SUCCESS"}}]}],
    },
    "flow": {"namespace": "a.b", "id": "f"},
    "trigger": {"date": "2024-06-01T10:30:00Z"},
}


def holds(plugin: type[BasePlugin[Any, Any]], params: dict[str, Any]) -> bool:
    result = run_plugin(plugin, params, variables=EVENT)
    assert result.state is State.SUCCESS, result.error
    return bool(result.data["condition"])


@pytest.mark.parametrize(
    ("plugin", "params", "expected"),
    [
        (dates.DayWeek, {"dayOfWeek": "SATURDAY"}, True),
        (dates.DayWeek, {"date": "2024-06-03", "dayOfWeek": "SATURDAY"}, False),
        (dates.DayWeek, {"date": "2024-06-01T10:00:00+02:00[Europe/Paris]", "dayOfWeek": "SATURDAY"}, True),
        (dates.DayWeekInMonth, {"dayOfWeek": "SATURDAY", "dayInMonth": "FIRST"}, True),
        (dates.DayWeekInMonth, {"date": "2024-06-29", "dayOfWeek": "SATURDAY", "dayInMonth": "LAST"}, True),
        (dates.DayWeekInMonth, {"date": "2024-06-22", "dayOfWeek": "SATURDAY", "dayInMonth": "LAST"}, False),
        (dates.DayWeekInMonth, {"date": "2024-06-22", "dayOfWeek": "SATURDAY", "dayInMonth": "FOURTH"}, True),
        (dates.Weekend, {}, True),
        (dates.Weekend, {"date": "2024-06-03"}, False),
        (dates.DateTimeBetween, {"after": "2024-06-01T10:00:00Z", "before": "2024-06-01T11:00:00Z"}, True),
        (dates.DateTimeBetween, {"after": "2024-06-01T12:00:00+01:00"}, False),
        (dates.TimeBetween, {"after": "10:00:00", "before": "11:00:00"}, True),
        (dates.TimeBetween, {"after": "10:00:00-05:00"}, False),
        (holidays.PublicHoliday, {"date": "2024-07-14", "country": "FR"}, True),
        (holidays.PublicHoliday, {"date": "2024-07-15T10:00:00Z", "country": "fr"}, False),
        (holidays.PublicHoliday, {"date": "2024-12-26", "country": "FR", "subDivision": "57"}, True),
        (holidays.PublicHoliday, {"date": "2024-12-26", "country": "FR"}, False),
        (executions.ExecutionFlow, {"namespace": "a.b", "flowId": "f"}, True),
        (executions.ExecutionFlow, {"namespace": "a.b", "flowId": "g"}, False),
        (executions.ExecutionNamespace, {"namespace": "a.b"}, True),
        (executions.ExecutionNamespace, {"namespace": "a"}, False),
        (executions.ExecutionNamespace, {"namespace": "a", "prefix": True}, True),
        (executions.ExecutionNamespace, {"namespace": ".b", "comparison": "SUFFIX"}, True),
        (executions.ExecutionLabels, {"labels": {"team": "data"}}, True),
        (executions.ExecutionLabels, {"labels": [{"key": "team", "value": "web"}]}, False),
        (executions.ExecutionOutputs, {"expression": "{{ 1 == 1 }}"}, True),
        (executions.ExecutionStatus, {"in": ["SUCCESS"]}, True),
        (executions.ExecutionStatus, {"notIn": ["SUCCESS"]}, False),
        (executions.HasRetryAttempt, {"in": ["FAILED"]}, True),
        (executions.HasRetryAttempt, {"in": ["KILLED"]}, False),
        (executions.Expression, {"expression": "{{ execution.flowId == 'f' }}"}, True),
        (executions.Expression, {"expression": "{{ 1 > 2 }}"}, False),
        (flows.FlowCondition, {"namespace": "a.b", "flowId": "f"}, True),
        (flows.FlowNamespaceCondition, {"namespace": "a", "prefix": True}, True),
        (flows.FlowNamespaceCondition, {"namespace": "a"}, False),
    ],
)
def test_a_condition_holds_for_what_it_says(plugin: Any, params: dict[str, Any], expected: bool) -> None:
    assert holds(plugin, params) is expected


def test_conditions_combine() -> None:
    success = {"type": "io.kestra.plugin.core.condition.ExecutionStatus", "in": ["SUCCESS"]}
    failed = {"type": "io.kestra.plugin.core.condition.ExecutionStatusCondition", "in": ["FAILED"]}
    assert holds(combinations.Or, {"conditions": [failed, success]})
    assert not holds(combinations.Not, {"conditions": [failed, success]})
    assert holds(combinations.Not, {"conditions": [failed]})


def test_an_unknown_nested_condition_is_named() -> None:
    result = run_plugin(combinations.Or, {"conditions": [{"type": "nope"}]}, variables=EVENT)
    assert result.error is not None
    assert "`nope`" in result.error.message


@pytest.mark.parametrize("params", [{"date": "soon"}, {"date": "2024-06-01T10:30:00Z", "after": "late"}])
def test_what_is_no_date_is_refused_with_an_example(params: dict[str, Any]) -> None:
    result = run_plugin(dates.TimeBetween, params, variables=EVENT)
    assert result.error is not None
    assert "write it as" in result.error.message


@pytest.mark.parametrize(
    ("plugin", "params"),
    [(trigger.Schedule, {"cron": "* * * * *"}), (trigger.Webhook, {"key": "k"}), (runner.Process, {})],
)
def test_a_declaration_is_no_task(plugin: Any, params: dict[str, Any]) -> None:
    result = run_plugin(plugin, params)
    assert result.error is not None
    assert "cannot be run as a task" in result.error.message


@pytest.mark.parametrize(
    ("params", "said"),
    [({"country": "XX"}, "'XX'"), ({"country": "FR", "subDivision": "??"}, "subDivision"), ({}, "`country`")],
)
def test_holidays_that_are_not_known_are_a_failure(
    params: dict[str, Any], said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("locale.getlocale", lambda: (None, None))
    result = run_plugin(holidays.PublicHoliday, params, variables=EVENT)
    assert result.state is State.FAILED
    assert result.error is not None and said in result.error.message
