"""Subflows: what goes into them, what comes out, and in which state."""

from tests.flows.conftest import RunFlow

CHILD = """
    id: child
    namespace: tests
    inputs:
      - {id: name, type: STRING, defaults: nobody}
    tasks:
      - id: greet
        type: io.kestra.plugin.core.debug.Return
        format: "hello {{ inputs.name }}"
    outputs:
      - {id: greeting, type: STRING, value: "{{ outputs.greet.value }}"}
"""


def test_inputs_that_the_child_does_not_declare_are_left_out(run_flow: RunFlow) -> None:
    parent = """
        id: parent
        namespace: tests
        tasks:
          - id: call
            type: io.kestra.plugin.core.flow.Subflow
            namespace: tests
            flowId: child
            inputs: {name: you, spare: 1}
    """
    ran = run_flow(CHILD, parent)
    assert ran.outputs("call")["outputs"] == {"greeting": "hello you"}


def test_outputs_of_the_task_that_cannot_be_evaluated_fail_it_though_its_child_succeeded(
    run_flow: RunFlow,
) -> None:
    child = """
        id: plain
        namespace: tests
        tasks:
          - {id: say, type: io.kestra.plugin.core.log.Log, message: hi}
    """
    parent = """
        id: parent
        namespace: tests
        tasks:
          - id: call
            type: io.kestra.plugin.core.flow.Subflow
            namespace: tests
            flowId: plain
            outputs: {never: "{{ outputs.never.value }}"}
    """
    ran = run_flow(child, parent)
    assert ran.states == {"call": "FAILED"}
    assert ran.outputs("call").keys() == {"executionId", "state"}
    assert ran.outputs("call")["state"] == "SUCCESS"
