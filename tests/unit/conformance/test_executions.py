"""Every check about one execution finds what is wrong, and is silent about what is right."""

from collections.abc import Mapping
from typing import Any

import pytest

from tests.conformance import drift
from tests.conformance.executions import CHECKS, failures
from tests.conformance.view import View


def states(current: str, at: str = "2024-01-01T00:00:00.000Z") -> dict[str, Any]:
    """Build the state of an execution, a task run or an attempt."""
    return {"current": current, "startDate": at, "endDate": at, "histories": [{"state": current, "date": at}]}


ATTEMPTS = [{"state": states("FAILED"), "logFile": "kestra:///log.txt"}, {"state": states("SUCCESS")}]
RUNS: list[dict[str, Any]] = [
    {"id": "1", "taskId": "each", "state": states("FAILED"), "outputs": {}},
    {
        "id": "2",
        "taskId": "child",
        "parentTaskRunId": "1",
        "value": "v",
        "iteration": 0,
        "state": states("SUCCESS"),
    },
    {
        "id": "3",
        "taskId": "last",
        "state": states("SUCCESS", "2024-01-01T00:00:01.000Z"),
        "attempts": ATTEMPTS,
    },
]
VIEW = View(
    {
        "id": "x",
        "state": states("FAILED"),
        "taskRunList": RUNS,
        "labels": [{"key": "a", "value": "b"}],
        "inputs": {"i": 1},
        "outputs": {"o": "value"},
        "variables": {"list": [42]},
    },
    [{"level": "ERROR", "message": "no, not now", "taskId": "last", "taskRunId": "3"}],
    lambda uri: b"hello",
)
CASES: Mapping[str, tuple[Any, Any]] = {
    "absent_tasks": (["other"], ["last"]),
    "all_task_states": (None, "SUCCESS"),
    "attempt_log_file": ({"contains": "hello"}, {"contains": "good bye"}),
    "attempt_state": ({"last": "SUCCESS"}, {"last": "FAILED"}),
    "attempt_state_by_index": ({"2": "SUCCESS"}, {"2": "FAILED"}),
    "attempt_states_by_index": ({"2": ["FAILED", "SUCCESS"]}, {"2": ["SUCCESS"]}),
    "attempts": ({"last": 2}, {"last": 1}),
    "attempts_at_least_by_index": ({"2": 2}, {"2": 3}),
    "attempts_by_index": ({"-1": 2}, {"7": 1}),
    "execution_variables_include": ({"list": [42]}, {"list": [1]}),
    "failed_taskruns_at_least": (1, 2),
    "flow_outputs": ({"o": "value"}, None),
    "flow_outputs_count": (1, 2),
    "flow_outputs_startswith": ({"o": "val"}, {"o": "lav"}),
    "labels_exact": ({"a": "b"}, {}),
    "labels_include": ({"a": "b"}, {"c": "d"}),
    "last_taskrun_starts_after_execution_end": (True, False),
    "logs": (
        [{"any": True, "contains": "not"}, {"task": "last", "level": "ERROR"}],
        [{"any": True, "equals": "not"}],
    ),
    "outputs": ([{"taskrun_index": 0, "equals": {}}], [{"taskrun_index": 0, "equals": 1}]),
    "task_occurrences": ({"child": 1, "other": 0}, {"child": 2}),
    "task_states": ({"child[v]": "SUCCESS"}, {"child[w]": "SUCCESS"}),
    "task_states_by_index": ({"0": "FAILED"}, {"0": "SUCCESS"}),
    "taskrun_count": (3, 2),
    "taskrun_count_at_least": (3, 4),
    "taskrun_ids_by_index": ({"-1": "last"}, {"0": "last"}),
    "taskrun_iteration": ([{"task": "child", "equals": 0}], [{"task": "child", "equals": 1}]),
    "typed_inputs": ({"i": 1, "j": None}, {"i": "1"}),
}


def test_every_check_is_tried() -> None:
    assert set(CASES) == set(CHECKS)


@pytest.mark.parametrize("key", sorted(CASES))
def test_a_check_tells_right_from_wrong(key: str) -> None:
    right, wrong = CASES[key]
    if right is not None:
        assert list(failures(VIEW, {key: right})) == []
    assert list(failures(VIEW, {key: wrong}))


def test_a_log_line_must_come_from_the_task_that_is_named() -> None:
    assert list(failures(VIEW, {"logs": [{"task": "child", "contains": "not"}]}))
    assert list(failures(VIEW, {"logs": [{"taskrun_index": 0, "contains": "not"}]}))
    assert list(failures(VIEW, {"logs": [{"any": True, "level": "INFO", "contains": "not"}]}))


def test_a_longer_history_is_accepted_only_where_the_entry_notes_it() -> None:
    noted = {"drift_1_3_19": "restarted task run history 5 (not 4); RUNNING appears twice"}
    assert drift.allows_length(noted, 4, 5) and drift.allows_length(noted, 4, 4)
    assert not drift.allows_length(noted, 4, 6) and not drift.allows_length({}, 4, 5)
    assert drift.allows_counts(noted, {"RUNNING": 1}, {"RUNNING": 2})
    assert not drift.allows_counts(noted, {"PAUSED": 1}, {"PAUSED": 2})


def test_what_a_1_x_target_does_not_have_is_taken_out() -> None:
    note = "`policy: STOP` exists only in the newest Kestra line (a); remove it for a 1.x target."
    assert drift.adapted("a: 1\n  policy: STOP\nb: 2\n", {"note": note}) == "a: 1\nb: 2\n"
    assert drift.adapted("policy: STOP\n", {}) == "policy: STOP\n"
