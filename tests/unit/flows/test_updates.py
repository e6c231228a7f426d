"""Tasks that change their execution."""

from typing import Any

import pytest

from tiercel.errors import TaskFailed
from tiercel.flows.control import plan
from tiercel.flows.models import Task
from tiercel.flows.plans import Update

EXECUTION = "io.kestra.plugin.core.execution."


def update(name: str, params: dict[str, Any], variables: dict[str, Any] | None = None) -> Update:
    task = Task(id="t", type=EXECUTION + name, properties=params, params=params)
    decided, outputs = plan(task, {}, execution_variables=variables)
    assert isinstance(decided, Update)
    assert outputs == {}
    return decided


@pytest.mark.parametrize(
    "labels",
    [{"a": "1", "b": 2}, [{"key": "a", "value": "1"}, {"key": "b", "value": 2}], '{"a": "1", "b": 2}'],
)
def test_labels_come_as_a_map_a_list_or_json(labels: object) -> None:
    assert update("Labels", {"labels": labels}).labels == {"a": "1", "b": "2"}


@pytest.mark.parametrize("labels", ["not json", "[1]", [{"name": "x"}], 3])
def test_what_is_no_label_fails_with_the_propertys_name(labels: object) -> None:
    with pytest.raises(TaskFailed, match="`labels`"):
        update("Labels", {"labels": labels})


def test_the_engines_own_labels_are_refused() -> None:
    with pytest.raises(TaskFailed, match=r"System labels .* offending label: system\.x=1"):
        update("Labels", {"labels": {"system.x": "1"}})


def test_variables_are_laid_over_those_there_are_and_maps_merge() -> None:
    decided = update("SetVariables", {"variables": {"a": {"y": 2}, "c": 3}}, {"a": {"x": 1}, "b": 2})
    assert decided.variables == {"a": {"x": 1, "y": 2}, "b": 2, "c": 3}


def test_without_overwrite_a_variable_that_is_there_fails_the_task() -> None:
    with pytest.raises(TaskFailed, match="already exist: name"):
        update("SetVariables", {"variables": {"name": "x"}, "overwrite": "false"}, {"name": "World"})


def test_variables_must_be_a_map() -> None:
    with pytest.raises(TaskFailed, match="`variables` must be a map"):
        update("SetVariables", {"variables": "x"})


def test_variables_are_taken_away_by_dotted_name() -> None:
    before = {"a": {"x": 1, "y": 2}, "b": 2}
    assert update("UnsetVariables", {"variables": ["a.x", "b"]}, before).variables == {"a": {"y": 2}}
    assert before == {"a": {"x": 1, "y": 2}, "b": 2}


def test_a_variable_that_is_not_there_fails_unless_ignored() -> None:
    with pytest.raises(TaskFailed, match=r"no variable `a\.x`"):
        update("UnsetVariables", {"variables": ["a.x"]}, {})
    ignoring = {"variables": ["a.x", "b"], "ignoreMissing": True}
    assert update("UnsetVariables", ignoring, {"a": 1}).variables == {"a": 1}
