"""A task that names another one to run in its place."""

from tests.flows.conftest import RunFlow

FLOW = """
    id: templated
    namespace: tests
    inputs:
      - id: level
        type: STRING
        defaults: WARN
    tasks:
      - id: before
        type: io.kestra.plugin.core.debug.Return
        format: from before
      - id: any
        type: io.kestra.plugin.core.templating.TemplatedTask
        spec: |
          id: inner
          type: io.kestra.plugin.core.debug.Return
          format: "{{ '{{' }} outputs.before.value }} at {{ inputs.level }}"
"""


def test_its_outcome_is_the_other_ones(run_flow: RunFlow) -> None:
    ran = run_flow(FLOW)
    assert ran.state == "SUCCESS"
    assert ran.outputs("any") == {"value": "from before at WARN"}
    assert set(ran.states) == {"before", "any"}


def test_a_type_that_nobody_has_fails_the_task_with_a_sentence(run_flow: RunFlow) -> None:
    ran = run_flow(FLOW.replace("debug.Return\n          format", "debug.Retorn\n          format"))
    assert ran.state == "FAILED"
    assert ran.said("debug.Return")
