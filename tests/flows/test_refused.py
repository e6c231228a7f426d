"""Flows that are refused when they are put, by the rules of tasks that start others."""

import pytest

from tests.flows.conftest import RunFlow
from tiercel.errors import InvalidFlow

FLOW = "io.kestra.plugin.core.flow."
STARTS = {
    "Subflow": f"{{id: s, type: {FLOW}Subflow, namespace: tests, flowId: FLOW, labels: LABELS}}",
    "ForEachItem": (
        f"{{id: s, type: {FLOW}ForEachItem, items: x, namespace: tests, flowId: FLOW, labels: LABELS}}"
    ),
}


@pytest.mark.parametrize("task", STARTS.values(), ids=STARTS)
def test_a_flow_may_not_start_itself(run_flow: RunFlow, task: str) -> None:
    task = task.replace("FLOW", "me").replace("LABELS", "{}")
    with pytest.raises(InvalidFlow, match=r"Recursive call to flow \[tests.me\]: the task `s` starts"):
        run_flow(f"id: me\nnamespace: tests\ntasks: [{task}]\n")


@pytest.mark.parametrize("labels", ["{system.x: y}", "[{key: system.x, value: y}]"])
@pytest.mark.parametrize("task", STARTS.values(), ids=STARTS)
def test_a_flow_may_not_set_the_engines_labels(run_flow: RunFlow, task: str, labels: str) -> None:
    task = task.replace("FLOW", "other").replace("LABELS", labels)
    with pytest.raises(InvalidFlow, match=r"set by Kestra itself, offending label: system\.x=y"):
        run_flow(f"id: me\nnamespace: tests\ntasks: [{task}]\n")


def test_a_trigger_may_not_set_the_engines_labels(run_flow: RunFlow) -> None:
    trigger = "{id: t, type: io.kestra.plugin.core.trigger.Flow, labels: {system.x: y}}"
    task = "{id: a, type: io.kestra.plugin.core.log.Log, message: x}"
    with pytest.raises(InvalidFlow, match=r"offending label: system\.x=y"):
        run_flow(f"id: me\nnamespace: tests\ntasks: [{task}]\ntriggers: [{trigger}]\n")
