"""log, debug and output."""

from tiercel.plugin import State
from tiercel.testing import run_plugin
from tiercel_core.debug import Echo, Return
from tiercel_core.log import Log
from tiercel_core.output import OutputValues


def test_log_writes_a_line_of_the_level_it_is_given() -> None:
    result = run_plugin(
        Log, {"message": "hello {{ inputs.name }}", "level": "WARN"}, variables={"inputs": {"name": "x"}}
    )
    assert [(line.level, line.message) for line in result.logs] == [("WARN", "hello x")]


def test_log_writes_a_line_for_each_item_of_a_list() -> None:
    result = run_plugin(Log, {"message": ["a", "b"]})
    assert [line.message for line in result.logs] == ["a", "b"]


def test_log_refuses_a_level_that_does_not_exist() -> None:
    result = run_plugin(Log, {"message": "a", "level": "LOUD"})
    assert result.state is State.FAILED
    assert result.error is not None
    assert "level" in result.error.message


def test_return_gives_its_rendered_format() -> None:
    result = run_plugin(Return, {"format": "{{ 1 + 1 }}"})
    assert result.data == {"value": "2"}


def test_return_without_a_format_gives_nothing() -> None:
    assert run_plugin(Return).data == {}


def test_echo_logs_at_info_by_default() -> None:
    result = run_plugin(Echo, {"format": "x"})
    assert [(line.level, line.message) for line in result.logs] == [("INFO", "x")]


def test_output_values_are_rendered_where_they_are_nested() -> None:
    result = run_plugin(OutputValues, {"values": {"a": {"b": ["{{ 2 * 3 }}"]}, "n": 1}})
    assert result.data == {"values": {"a": {"b": ["6"]}, "n": 1}}
