"""What travels between tasks: big values, secrets, variables, files."""

import base64
from pathlib import Path

import pytest

from tests.flows.conftest import RunFlow


def test_a_big_output_is_stored_and_read_as_if_it_were_there(run_flow: RunFlow) -> None:
    ran = run_flow("""
        id: big
        namespace: tests
        tasks:
          - id: rows
            type: io.kestra.plugin.jdbc.duckdb.Query
            sql: select range as number, repeat('x', 100) as text from range(5000)
            fetchType: FETCH
          - id: some
            type: io.kestra.plugin.core.debug.Return
            format: "{{ outputs.rows.size }} {{ outputs.rows.rows[4999].number }}"
          - id: each
            type: io.kestra.plugin.core.flow.If
            condition: "{{ outputs.rows.rows | length == 5000 }}"
            then:
              - id: counted
                type: io.kestra.plugin.core.log.Log
                message: counted
    """)
    assert ran.state == "SUCCESS"
    assert ran.outputs("rows")["rows"].keys() == {"$ref", "size", "sha256"}
    assert ran.outputs("some") == {"value": "5000 4999"}
    assert "counted" in ran.states


def test_a_secret_is_masked_wherever_it_is_written(
    run_flow: RunFlow, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    secret = "correct-horse-battery"
    monkeypatch.setenv("SECRET_PASSPHRASE", base64.b64encode(secret.encode()).decode())
    ran = run_flow("""
        id: secrets
        namespace: tests
        tasks:
          - id: say
            type: io.kestra.plugin.core.log.Log
            message: "it is {{ secret('PASSPHRASE') }}"
          - id: give
            type: io.kestra.plugin.core.debug.Return
            format: "{{ secret('PASSPHRASE') | base64encode }}"
          - id: script
            type: io.kestra.plugin.scripts.shell.Script
            taskRunner: {type: io.kestra.plugin.core.runner.Process}
            env:
              WORD: "{{ secret('PASSPHRASE') }}"
            script: |
              echo "word $WORD"
              echo "::{\\"outputs\\": {\\"word\\": \\"$WORD\\"}}::"
          - id: ko
            type: io.kestra.plugin.core.execution.Fail
            errorMessage: "no {{ secret('PASSPHRASE') }}"
    """)
    assert ran.state == "FAILED"
    assert list(ran.states.values()) == ["SUCCESS", "SUCCESS", "SUCCESS", "FAILED"]
    written = b"".join(file.read_bytes() for file in tmp_path.rglob("*") if file.is_file())
    assert secret.encode() not in written
    assert base64.b64encode(secret.encode()) not in written
    assert ran.said("it is ***")


def test_variables_can_be_set_while_an_execution_runs(run_flow: RunFlow) -> None:
    ran = run_flow("""
        id: variables
        namespace: tests
        variables:
          greeting: hello
        tasks:
          - id: before
            type: io.kestra.plugin.core.debug.Return
            format: "{{ vars.greeting }}"
          - id: set
            type: io.kestra.plugin.core.execution.SetVariables
            variables:
              greeting: goodbye
          - id: after
            type: io.kestra.plugin.core.debug.Return
            format: "{{ vars.greeting }}"
    """)
    assert ran.outputs("before") == {"value": "hello"}
    assert ran.outputs("after") == {"value": "goodbye"}


def test_a_file_given_as_input_is_read_by_a_task(run_flow: RunFlow, tmp_path: Path) -> None:
    source = tmp_path / "words.csv"
    source.write_text("word\nhello\nworld\n")
    ran = run_flow(
        """
        id: files
        namespace: tests
        inputs:
          - id: words
            type: FILE
        tasks:
          - id: query
            type: io.kestra.plugin.jdbc.duckdb.Query
            inputFiles:
              words.csv: "{{ inputs.words }}"
            sql: select count(*) as words from 'words.csv'
            fetchType: FETCH_ONE
        """,
        words=source,
    )
    assert ran.outputs("query")["row"] == {"words": 2}
    assert ran.execution["inputs"]["words"].startswith("kestra:///")


def test_an_output_that_no_task_has_is_answered_with_those_there_are(run_flow: RunFlow) -> None:
    ran = run_flow("""
        id: misspelt
        namespace: tests
        tasks:
          - id: query
            type: io.kestra.plugin.core.debug.Return
            format: hi
          - id: says
            type: io.kestra.plugin.core.log.Log
            message: "{{ outputs.quary.value }}"
    """)
    assert ran.state == "FAILED"
    assert ran.said("did you mean `query`? known: query")
