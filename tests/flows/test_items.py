"""ForEachItem: a flow for each batch of items."""

from typing import Any

from tests.flows.conftest import Outcome, RunFlow

CHILD = """
    id: child
    namespace: tests
    inputs:
      - id: rows
        type: STRING
    tasks:
      - id: check
        type: io.kestra.plugin.core.debug.Return
        format: "{{ inputs.rows == '3' ? ko : inputs.rows }}"
    outputs:
      - id: rows
        type: STRING
        value: "{{ outputs.check.value }}"
"""


def parent(content: str, **options: Any) -> str:
    written = "\n".join(f"            {name}: {value}" for name, value in options.items())
    return f"""
        id: parent
        namespace: tests
        tasks:
          - id: rows
            type: io.kestra.plugin.core.storage.Write
            extension: .txt
            content: "{content}"
          - id: each
            type: io.kestra.plugin.core.flow.ForEachItem
            items: "{{{{ outputs.rows.uri }}}}"
            namespace: tests
            flowId: child
            inputs:
              rows: "{{{{ read(taskrun.items) | trim }}}}"
{written}
          - id: show
            type: io.kestra.plugin.core.debug.Return
            runIf: "{{{{ (outputs.each_merge.subflowOutputs ?? '') != '' }}}}"
            format: "{{{{ read(outputs.each_merge.subflowOutputs) }}}}"
    """


def items_of(ran: Outcome) -> dict[str, Any]:
    outputs: dict[str, Any] = ran.outputs("each_items")
    return outputs


def test_each_batch_is_an_execution_and_their_outputs_come_together(run_flow: RunFlow) -> None:
    ran = run_flow(CHILD, parent("1\\n2\\n4\\n"))
    assert ran.state == "SUCCESS"
    assert list(ran.states) == ["rows", "each", "each_split", "each_items", "each_merge", "show"]
    assert items_of(ran) == {
        "numberOfBatches": 3,
        "iterations": {"CREATED": 0, "RUNNING": 0, "SUCCESS": 3},
    }
    assert ran.outputs("show")["value"].splitlines() == ['{rows:"1"}', '{rows:"2"}', '{rows:"4"}']


def test_one_that_fails_fails_the_whole_after_all_have_ended(run_flow: RunFlow) -> None:
    ran = run_flow(CHILD, parent("1\\n3\\n4\\n"))
    assert ran.state == "FAILED"
    assert "each_merge" not in ran.states
    assert items_of(ran)["iterations"] == {"CREATED": 0, "RUNNING": 0, "SUCCESS": 2, "FAILED": 1}


def test_a_failure_that_is_not_transmitted_is_counted_and_forgiven(run_flow: RunFlow) -> None:
    ran = run_flow(CHILD, parent("1\\n3\\n", transmitFailed="false"))
    assert ran.state == "SUCCESS"
    assert items_of(ran)["iterations"]["FAILED"] == 1


def test_those_nobody_waits_for_are_only_started(run_flow: RunFlow) -> None:
    ran = run_flow(CHILD, parent("1\\n3\\n", wait="false"))
    assert ran.state == "SUCCESS"
    assert items_of(ran)["numberOfBatches"] == 2


def test_no_items_are_no_batches(run_flow: RunFlow) -> None:
    ran = run_flow(CHILD, parent(""))
    assert ran.state == "SUCCESS"
    assert items_of(ran)["numberOfBatches"] == 0


def test_a_flow_that_is_not_there_fails_the_task_with_its_name(run_flow: RunFlow) -> None:
    ran = run_flow(parent("1\\n"))
    assert ran.state == "FAILED"
    assert ran.said("There is no flow 'child'")
