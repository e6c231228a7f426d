"""metric.Publish."""

from tiercel.plugin import State
from tiercel.testing import run_plugin
from tiercel_core.metric import Publish


def test_measurements_become_metrics_of_the_task_run() -> None:
    metrics = [
        {"name": "rows", "type": "counter", "value": "{{ 40 + 2 }}", "tags": {"table": "a"}},
        {"name": "level", "type": "gauge", "value": 0.5},
        {"name": "took", "type": "timer", "value": "PT1.5S"},
    ]
    result = run_plugin(Publish, {"metrics": metrics})
    assert result.state is State.SUCCESS, result.error
    assert [(one.name, one.type, one.value, one.tags) for one in result.metrics] == [
        ("rows", "counter", 42, {"table": "a"}),
        ("level", "gauge", 0.5, {}),
        ("took", "timer", 1500, {}),
    ]


def test_a_measurement_of_an_unknown_type_is_refused() -> None:
    result = run_plugin(Publish, {"metrics": [{"name": "a", "type": "histogram", "value": 1}]})
    assert result.error is not None
    assert "metrics[0]" in result.error.message


def test_a_value_that_is_no_number_is_refused() -> None:
    result = run_plugin(Publish, {"metrics": [{"name": "a", "type": "counter", "value": "many"}]})
    assert result.error is not None
    assert "metrics[0]" in result.error.message and "value" in result.error.message
