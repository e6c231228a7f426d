"""An unknown key or verb makes its entry fail, at every depth."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from tests.conformance import actions, executions, related
from tests.conformance.corpus import asserts_something, in_groups, needs_the_jvm
from tests.conformance.data import FileData, NotUnderstood, built, environment
from tests.conformance.placeholders import Names, Unresolved
from tests.conformance.view import View
from tests.conformance.vocabulary import EXECUTION, RELATED, expression_problems, problems

GOOD: dict[str, Any] = {"id": "a", "kind": "flow", "flow": "a.yaml", "expected": {"taskrun_count": 1}}


def test_a_known_entry_has_no_problems() -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    "changed",
    [
        {"kind": "dance"},
        {"colour": "red"},
        {"expected": {"taskrun_colour": 1}},
        {"expected": {"outputs": [{"task": "a", "resembles": 1}]}},
        {"expected": {"logs": [{"any": True, "resembles": 1}]}},
        {"expected": {"child_executions": {"flow": "b", "colour": 1}}},
        {"expected": {"triggered": [{"flow": "b", "outputs": [{"resembles": 1}]}]}},
        {"expected": {"steps": [{"run": "SUCCESS", "colour": 1}]}},
        {"expected": {"steps": [{"run": "SUCCESS", "outputs": [{"resembles": 1}]}]}},
        {"expected": {"requests": [{"key": "a", "colour": 1}]}},
        {"kind": "inputs", "expected": {"taskrun_count": 1}},
    ],
)
def test_an_unknown_key_is_a_failure_wherever_it_stands(changed: dict[str, Any]) -> None:
    assert [line for line in problems({**GOOD, **changed}) if "unknown" in line]


def test_an_unknown_key_of_an_expression_is_a_failure() -> None:
    assert expression_problems({"template": "", "variables": {}, "expected": "", "colour": 1})
    assert expression_problems({"template": "", "variables": {}, "expected": {"resembles": 1}})


def test_an_unknown_verb_is_a_failure() -> None:
    view = View({"id": "x", "state": {"current": "SUCCESS"}})
    with pytest.raises(actions.UnknownVerb):
        asyncio.run(actions.perform(None, view, "sing a song", {}))  # type: ignore[arg-type]


def test_every_key_about_an_execution_is_checked() -> None:
    assert set(executions.CHECKS) >= EXECUTION
    assert set(related.CHECKS) >= RELATED - {"steps", "requests"}


def test_only_what_can_fail_is_counted() -> None:
    assert not asserts_something({"expected": None, "expected_state": None})
    assert not asserts_something({"expected": {}, "expected_state": None})
    assert asserts_something({"expected": None, "expected_state": "INVALID"})


def test_only_what_needs_the_jvm_is_skipped() -> None:
    assert needs_the_jvm({"needs_test_plugin": ["a"]})
    assert needs_the_jvm({"jvm_specific": True})
    assert not needs_the_jvm({"needs_test_plugin": []})


def test_a_sequence_runs_in_its_order() -> None:
    entries: list[Mapping[str, Any]] = [
        {"sequence_id": "s", "sequence_index": 2},
        {"id": "x"},
        {"sequence_id": "s", "sequence_index": 1},
    ]
    assert in_groups(entries) == [[entries[2], entries[0]], [entries[1]]]


def test_described_data_is_built() -> None:
    lines = {
        "$file_lines": {
            "count": 2,
            "format": "integer 0..n-1 left-padded with spaces to width 3, one per line",
        }
    }
    assert built({"a": lines}) == {"a": FileData("lines.txt", b"  0\n  1\n")}
    assert built({"$file_content": "x", "name": "n"}) == FileData("n", b"x")
    assert built({"$repeat": "ab", "times": 2}) == "abab"
    assert built({"$file_bytes": 3}) == FileData("data.bin", b"\x00\x01\x02")


@pytest.mark.parametrize(
    "data", [{"$file_of": 1}, {"$file_lines": {"count": 2, "format": "poems"}}, {"$repeat": 1}]
)
def test_data_that_is_not_understood_is_a_failure(data: dict[str, Any]) -> None:
    with pytest.raises(NotUnderstood):
        built(data)


def test_a_described_environment_is_built() -> None:
    built_ = environment(
        {"A": "base64 of secretKey", "B": "plain", "C": "base64 of the asserted password"}, "p"
    )
    assert built_ == {"A": "c2VjcmV0S2V5", "B": "plain", "C": "cA=="}


def test_a_placeholder_that_nothing_is_known_of_is_a_failure() -> None:
    names = Names(known={"parent id": "1"}, flows={"my-flow-b": "2"})
    assert names.resolve("<parent id> <flow-b execution id>") == "1 2"
    with pytest.raises(Unresolved):
        names.resolve("<who knows>")
