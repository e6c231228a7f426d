"""A whole run over a small corpus: right and wrong expectations, of every kind of entry."""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.conformance import expressions, related
from tests.conformance.corpus import Corpus, Unreadable
from tests.conformance.report import Report
from tests.conformance.runner import run

FLOW = """\
id: small
namespace: io.kestra.tests
inputs:
  - id: n
    type: INT
    defaults: 1
tasks:
  - id: out
    type: io.kestra.plugin.core.debug.Return
    format: "{{ inputs.n }}"
"""
BAD_FLOW = "id: bad\nnamespace: io.kestra.tests\ntasks: []\n"
ENTRY: dict[str, Any] = {
    "kind": "flow",
    "flow": "small.yaml",
    "namespace": "io.kestra.tests",
    "inputs": {"n": "2"},
}


def corpus_of(
    directory: Path, *entries: dict[str, Any], expressions: list[dict[str, Any]] | None = None
) -> Corpus:
    """Write a corpus."""
    (directory / "small.yaml").write_text(FLOW)
    (directory / "bad.yaml").write_text(BAD_FLOW)
    (directory / "flows.json").write_text(
        json.dumps([{"id": str(n), **one} for n, one in enumerate(entries)])
    )
    (directory / "expressions.json").write_text(json.dumps(expressions or []))
    return Corpus(directory)


def reported(corpus: Corpus) -> Report:
    """Run a corpus."""
    return asyncio.run(run(corpus))


def outcome(directory: Path, entry: dict[str, Any]) -> list[str]:
    """Run one entry and give why it failed."""
    return [one.reason for one in reported(corpus_of(directory, entry)).failures]


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait long for executions that never come."""
    monkeypatch.setattr(related, "PATIENCE_SECONDS", 0.1)


RIGHT: list[dict[str, Any]] = [
    {"expected_state": "SUCCESS", "expected": {"outputs": [{"task": "out", "path": "value", "equals": "2"}]}},
    {"expected": {"steps": [{"run": "SUCCESS", "taskrun_count": 1}]}},
    {"kind": "inputs", "expected_state": "INPUTS_VALID", "expected": {"typed_inputs": {"n": 2}}},
    {
        "kind": "inputs",
        "inputs": {"n": "x"},
        "expected_state": "INPUT_VALIDATION_ERROR",
        "expected": {"error": True},
    },
    {"kind": "invalid", "flow": "bad.yaml", "expected_state": "INVALID", "expected": None},
    {"kind": "parse", "expected": {"parse": {"inputs_count": 1, "inputs[0].type": "INT"}}},
    {
        "kind": "task-unit",
        "task_type": "io.kestra.plugin.core.debug.Return",
        "properties": {"format": "{{ inputs.n }}"},
        "expected_state": "SUCCESS",
        "expected": {"value": "2"},
    },
]
WRONG: list[dict[str, Any]] = [
    {"expected_state": "FAILED", "expected": {}},
    {"expected": {"outputs": [{"task": "out", "path": "value", "equals": "3"}]}},
    {"expected": {"steps": [{"run": "FAILED"}]}},
    {"expected": {"steps": [{"run": "SUCCESS", "taskrun_count": 2}]}},
    {"expected": {"steps": [{"run": "SUCCESS"}, {"action": "sing"}]}},
    {"expected": {"child_executions": {"flow": "small", "count": 1}}},
    {"kind": "inputs", "expected_state": "INPUTS_VALID", "expected": {"typed_inputs": {"n": "2"}}},
    {"kind": "inputs", "expected_state": "INPUT_VALIDATION_ERROR", "expected": {"error": True}},
    {
        "kind": "inputs",
        "inputs": {"n": "x"},
        "expected_state": "INPUTS_VALID",
        "expected": {"typed_inputs": {}},
    },
    {"kind": "invalid", "expected_state": "INVALID", "expected": None},
    {"kind": "invalid", "flow": "bad.yaml", "expected_state": "INVALID", "expected": {"violations": 9}},
    {"kind": "parse", "expected": {"parse": {"inputs_count": 2}}},
    {"kind": "parse", "expected": {"parse": {"colour": 2}}},
    {"kind": "flow", "config": "kestra.colour=red", "expected_state": "SUCCESS"},
    {"kind": "flow", "flow": "missing.yaml", "expected_state": "SUCCESS"},
    {
        "kind": "task-unit",
        "task_type": "io.kestra.plugin.core.debug.Return",
        "properties": {"format": "{{ inputs.n }}"},
        "expected": {"value": "3"},
    },
]


@pytest.mark.parametrize("entry", RIGHT)
def test_a_right_expectation_passes(entry: dict[str, Any], tmp_path: Path) -> None:
    assert outcome(tmp_path, {**ENTRY, **entry}) == []


@pytest.mark.parametrize("entry", WRONG)
def test_a_wrong_expectation_fails(entry: dict[str, Any], tmp_path: Path) -> None:
    assert len(outcome(tmp_path, {**ENTRY, **entry})) == 1


def test_helpers_are_not_counted_and_jvm_entries_are_skipped(tmp_path: Path) -> None:
    helper = {**ENTRY, "expected": None, "expected_state": None}
    jvm = {**ENTRY, "expected_state": "SUCCESS", "needs_test_plugin": ["io.kestra.test.Task"]}
    report = reported(corpus_of(tmp_path, helper, jvm, {**ENTRY, "expected_state": "SUCCESS", "colour": 1}))
    assert report.lines() == [
        "FAIL flows 2: unknown key `colour` in the entry",
        "flow: 0 passed, 1 failed, 1 skipped",
        "0 passed, 1 failed, 1 skipped",
    ]


@pytest.mark.parametrize(
    ("template", "right", "wrong"),
    [
        ("{{ 1 + 1 }}", "2", "3"),
        ("{{ 1 + 1 }}", {"int_between": [1, 3]}, {"int_between": [3, 4]}),
        ("{{ nothing }}", {"error": True, "message_contains": "nothing"}, "x"),
        ("{{ 'abc' }}", {"contains": ["b"], "startswith": "a", "endswith": "c"}, {"contains": ["d"]}),
        ("{{ [1, 2] }}", {"json_list_contains": [1], "comma_count": 1}, {"json_list_contains": [3]}),
        (
            "{{ {'b': {'d': 1, 'c': 2}, 'a': 2} }}",
            {"rendered_key_order": ["b", "a"]},
            {"rendered_key_order": ["a", "b"]},
        ),
        ("{{ {'b': {'d': 1, 'c': 2}} }}", {"nested_key_order": ["d", "c"]}, {"nested_key_order": ["c", "d"]}),
        ("{{ {'a': 1, 'b': 2} }}", {"json_object_includes": {"a": 1}}, {"json_object_includes": {"a": 2}}),
        ("{{ 'a' }}", {"not_empty": True, "not_equals": "b"}, {"not_equals": "a"}),
        ("{{ 'a' }}", "a", {"error": True}),
    ],
)
def test_an_expression_is_compared(template: str, right: Any, wrong: Any, tmp_path: Path) -> None:
    entry = {"template": template, "variables": {}}
    assert expressions.failures({**entry, "expected": right}, tmp_path) == []
    assert expressions.failures({**entry, "expected": wrong}, tmp_path)


def test_a_folder_without_entries_is_no_corpus(tmp_path: Path) -> None:
    with pytest.raises(Unreadable):
        Corpus(tmp_path).flows()
