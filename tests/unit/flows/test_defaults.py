"""Plugin defaults are laid into the tasks they are meant for."""

from typing import Any

from tests.unit.flows.catalogs import CATALOG, LOG
from tiercel.flows.reading import problems_of, read_flow


def params(defaults: str, task: str = "", name: str = "pluginDefaults") -> Any:
    source = f"id: f\nnamespace: n\n{name}:\n{defaults}\ntasks:\n- {{id: t, type: {LOG}{task}}}\n"
    return read_flow(source, catalog=CATALOG).tasks[0].params


def test_a_default_fills_what_the_task_leaves_out() -> None:
    assert params(f"- {{type: {LOG}, values: {{message: hi, level: WARN}}}}") == {
        "message": "hi",
        "level": "WARN",
    }


def test_the_old_name_is_taken() -> None:
    assert params(f"- {{type: {LOG}, values: {{message: hi}}}}", name="taskDefaults") == {"message": "hi"}


def test_the_tasks_own_value_wins_unless_the_default_is_forced() -> None:
    default = f"- {{type: {LOG}, values: {{message: hi}}"
    assert params(default + "}", ", message: own") == {"message": "own"}
    assert params(default + ", forced: true}", ", message: own") == {"message": "hi"}


def test_a_type_may_be_a_prefix_and_the_longer_one_wins() -> None:
    defaults = (
        f"- {{type: io.kestra, values: {{message: far}}}}\n- {{type: {LOG}, values: {{message: near}}}}"
    )
    assert params(defaults) == {"message": "near"}


def test_a_default_with_a_name_is_for_those_that_ask_for_it_and_wins_there() -> None:
    defaults = f"- {{type: {LOG}, values: {{message: all, level: WARN}}}}\n" + (
        f"- {{type: {LOG}, ref: quiet, values: {{level: DEBUG}}}}"
    )
    assert params(defaults) == {"message": "all", "level": "WARN"}
    assert params(defaults, ", pluginDefaultsRef: quiet") == {"message": "all", "level": "DEBUG"}


def test_a_default_with_a_mistake_is_found_at_the_default() -> None:
    source = (
        f"id: f\nnamespace: n\npluginDefaults:\n- {{type: {LOG}, values: {{mesage: hi}}}}\n"
        f"tasks:\n- {{id: t, type: {LOG}, message: x}}\n"
    )
    (problem,) = problems_of(source, CATALOG)
    assert (problem.line, problem.path) == (4, "tasks[0].mesage")


def test_defaults_reach_nested_tasks_and_leave_shared_maps_alone() -> None:
    source = (
        f"id: f\nnamespace: n\npluginDefaults: [{{type: {LOG}, values: {{message: hi, retry: "
        "{maxAttempts: 2}}}]\n"
        "tasks:\n- id: s\n  type: io.kestra.plugin.core.flow.Sequential\n  tasks:\n"
        f"  - {{id: a, type: {LOG}, retry: &retry {{type: constant, interval: PT1S}}}}\n"
        "  - {id: b, type: io.kestra.plugin.core.debug.Return, retry: *retry}\n"
    )
    a, b = read_flow(source, catalog=CATALOG).tasks[0].blocks["tasks"]
    assert a.params == {"message": "hi"}
    assert a.retry is not None
    assert a.retry.max_attempts == 2
    assert b.retry is not None
    assert b.retry.max_attempts is None
