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
