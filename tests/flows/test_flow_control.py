"""Flow control, end to end."""

from tests.flows.conftest import RunFlow


def test_outputs_nest_by_the_values_above_a_task(run_flow: RunFlow) -> None:
    ran = run_flow("""
        id: nested
        namespace: tests
        tasks:
          - id: outer
            type: io.kestra.plugin.core.flow.ForEach
            values: ["a", "b"]
            tasks:
              - id: inner
                type: io.kestra.plugin.core.flow.ForEach
                values: [1, 2]
                concurrencyLimit: 0
                tasks:
                  - id: leaf
                    type: io.kestra.plugin.core.debug.Return
                    format: "{{ parent.taskrun.value }}{{ taskrun.value }}"
                  - id: after
                    type: io.kestra.plugin.core.debug.Return
                    format: "{{ outputs.leaf[parent.taskrun.value][taskrun.value].value }}!"
          - id: all
            type: io.kestra.plugin.core.debug.Return
            format: "{{ outputs.after.b['2'].value }} {{ outputs.leaf | keys }}"
    """)
    assert ran.state == "SUCCESS"
    assert ran.outputs("all") == {"value": 'b2! ["a","b"]'}


def test_errors_and_finally_run_at_each_level_and_the_failure_stays(run_flow: RunFlow) -> None:
    ran = run_flow("""
        id: levels
        namespace: tests
        tasks:
          - id: block
            type: io.kestra.plugin.core.flow.Sequential
            tasks:
              - id: ko
                type: io.kestra.plugin.core.execution.Fail
              - id: never
                type: io.kestra.plugin.core.log.Log
                message: never
            errors:
              - id: local
                type: io.kestra.plugin.core.log.Log
                message: "{{ errorLogs() | length }} error"
            finally:
              - id: last
                type: io.kestra.plugin.core.log.Log
                message: last
        errors:
          - id: global
            type: io.kestra.plugin.core.log.Log
            message: global
        finally:
          - id: end
            type: io.kestra.plugin.core.log.Log
            message: end
    """)
    assert ran.state == "FAILED"
    assert list(ran.states.items()) == [
        ("block", "FAILED"),
        ("ko", "FAILED"),
        ("local", "SUCCESS"),
        ("last", "SUCCESS"),
        ("global", "SUCCESS"),
        ("end", "SUCCESS"),
    ]
    assert ran.said("1 error")


def test_a_retry_shows_its_attempts_and_allow_failure_comes_after_the_last(run_flow: RunFlow) -> None:
    ran = run_flow("""
        id: again
        namespace: tests
        tasks:
          - id: ko
            type: io.kestra.plugin.core.execution.Fail
            errorMessage: attempt {{ taskrun.attemptsCount }}
            allowFailure: true
            retry: {type: constant, interval: PT0.01S, maxAttempts: 3}
          - id: after
            type: io.kestra.plugin.core.log.Log
            message: "{{ tasks.ko.state }}"
    """)
    assert ran.state == "WARNING"
    assert [one["state"]["current"] for one in ran.run("ko")["attempts"]] == ["FAILED"] * 3
    assert [message for level, message in ran.logs if level == "ERROR"] == [
        "attempt 0",
        "attempt 1",
        "attempt 2",
    ]
    assert ran.said("WARNING")


def test_a_timeout_fails_the_task_and_stops_what_it_started(run_flow: RunFlow) -> None:
    ran = run_flow("""
        id: slow
        namespace: tests
        tasks:
          - id: sleeps
            type: io.kestra.plugin.scripts.shell.Script
            timeout: PT0.3S
            taskRunner: {type: io.kestra.plugin.core.runner.Process}
            script: sleep 60
    """)
    assert ran.states == {"sleeps": "FAILED"}
    assert ran.said("Timeout")


def test_an_expression_that_fails_fails_its_task_and_errors_may_answer(
    run_flow: RunFlow,
) -> None:
    ran = run_flow("""
        id: unknown
        namespace: tests
        tasks:
          - id: choose
            type: io.kestra.plugin.core.flow.Switch
            value: "{{ outputs.nobody.value }}"
            cases:
              x:
                - id: x
                  type: io.kestra.plugin.core.log.Log
                  message: x
        errors:
          - id: answer
            type: io.kestra.plugin.core.log.Log
            message: answered
    """)
    assert ran.states == {"choose": "FAILED", "answer": "SUCCESS"}
    assert ran.said("outputs.nobody")


def test_tasks_of_a_working_directory_share_files(run_flow: RunFlow) -> None:
    ran = run_flow("""
        id: shared
        namespace: tests
        tasks:
          - id: place
            type: io.kestra.plugin.core.flow.WorkingDirectory
            inputFiles:
              greeting.txt: hello {{ flow.id }}
            outputFiles: ["*.txt"]
            tasks:
              - id: upper
                type: io.kestra.plugin.scripts.shell.Script
                taskRunner: {type: io.kestra.plugin.core.runner.Process}
                script: tr a-z A-Z < greeting.txt > upper.txt
              - id: count
                type: io.kestra.plugin.jdbc.duckdb.Query
                sql: select count(*) as files from glob('*.txt')
                fetchType: FETCH_ONE
          - id: read
            type: io.kestra.plugin.core.debug.Return
            format: "{{ read(outputs.place.outputFiles['upper.txt']) }}"
    """)
    assert ran.state == "SUCCESS"
    assert ran.outputs("count")["row"] == {"files": 2}
    assert ran.outputs("read") == {"value": "HELLO SHARED"}


CHILD = """
    id: child
    namespace: tests
    inputs:
      - id: number
        type: INT
    tasks:
      - id: check
        type: io.kestra.plugin.core.flow.If
        condition: "{{ inputs.number > 9 }}"
        then:
          - id: ko
            type: io.kestra.plugin.core.execution.Fail
    outputs:
      - id: doubled
        type: INT
        value: "{{ inputs.number * 2 }}"
"""
PARENT = """
    id: parent
    namespace: tests
    inputs:
      - id: number
        type: INT
    tasks:
      - id: call
        type: io.kestra.plugin.core.flow.Subflow
        namespace: tests
        flowId: child
        inputs:
          number: "{{ inputs.number }}"
      - id: after
        type: io.kestra.plugin.core.debug.Return
        format: "{{ outputs.call.outputs.doubled + 1 }}"
"""


def test_a_subflow_takes_inputs_and_gives_outputs(run_flow: RunFlow) -> None:
    ran = run_flow(CHILD, PARENT, number=4)
    assert ran.state == "SUCCESS"
    assert ran.outputs("after") == {"value": "9"}


def test_a_failed_subflow_fails_its_task(run_flow: RunFlow) -> None:
    ran = run_flow(CHILD, PARENT, number=10)
    assert ran.states == {"call": "FAILED"}
    assert ran.outputs("call")["state"] == "FAILED"


def test_a_subflow_that_does_not_exist_is_said_in_a_sentence(run_flow: RunFlow) -> None:
    ran = run_flow(PARENT, number=4)
    assert ran.states == {"call": "FAILED"}
    assert ran.said("There is no flow 'child' in namespace 'tests'")


def test_a_scope_with_errors_is_tried_again_after_they_have_run(run_flow: RunFlow) -> None:
    ran = run_flow("""
        id: again
        namespace: tests
        tasks:
          - id: count
            type: io.kestra.plugin.core.kv.Set
            key: tries
            value: "0"
            kvType: NUMBER
          - id: block
            type: io.kestra.plugin.core.flow.Sequential
            tasks:
              - id: fragile
                type: io.kestra.plugin.core.debug.Return
                format: "{{ kv('tries') < 1 ? ko : 'fine' }}"
              - id: after
                type: io.kestra.plugin.core.debug.Return
                format: "{{ outputs.fragile.value }}"
            errors:
              - id: mend
                type: io.kestra.plugin.core.kv.Set
                key: tries
                value: "{{ kv('tries') + 1 }}"
                kvType: NUMBER
            retry:
              type: constant
              interval: PT0.01S
              maxAttempts: 3
    """)
    assert ran.state == "SUCCESS"
    assert list(ran.states) == ["count", "block", "fragile", "after"]
    assert len(ran.run("fragile")["attempts"]) == 2
    assert ran.outputs("after") == {"value": "fine"}


def test_a_retry_block_tries_again_what_fails_in_it(run_flow: RunFlow) -> None:
    ran = run_flow("""
        id: again
        namespace: tests
        tasks:
          - id: again
            type: io.kestra.plugin.core.flow.Retry
            retry: {type: constant, interval: PT0.01S, maxAttempts: 3}
            tasks:
              - id: enough
                type: io.kestra.plugin.core.execution.Assert
                conditions: ["{{ taskrun.attemptsCount >= 2 }}"]
    """)
    assert ran.state == "SUCCESS"
    assert len(ran.run("enough")["attempts"]) == 3
