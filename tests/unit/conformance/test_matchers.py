"""A matcher that cannot fail is a defect: each is shown a right value and a wrong one."""

from typing import Any

import pytest

from tests.conformance.matchers import TESTS, mismatches
from tests.conformance.view import View
from tests.conformance.vocabulary import MATCHER, SELECTORS

URI = "kestra:///a/b.txt"


def view_with(value: Any) -> View:
    """Build an execution whose first task run has this output, and whose second has another one."""
    runs = [
        {"id": "1", "taskId": "out", "outputs": {"value": value}, "state": {"current": "SUCCESS"}},
        {"id": "2", "taskId": "other", "outputs": {"value": "b"}, "state": {"current": "SUCCESS"}},
    ]
    return View(
        {"id": "x", "state": {"current": "SUCCESS"}, "taskRunList": runs}, read=lambda uri: b"one\ntwo\n"
    )


def complaints(value: Any, **matcher: Any) -> list[str]:
    """Match one output."""
    return list(mismatches(view_with(value), {"task": "out", "path": "value", **matcher}))


CASES: list[tuple[str, Any, Any, Any]] = [
    ("equals", 1, 1, 2),
    ("equals", "one of a, b", "b", "c"),
    ("not_equals", 1, 2, 1),
    ("contains", "b", "abc", "ac"),
    ("includes", {"a": 1}, {"a": 1, "b": 2}, {"a": 2}),
    ("contains_output_of", "other.value", "abc", "ac"),
    ("contains_prefixed_output_of", {"prefix": ">", "task": "other", "path": "value"}, "a>b", "ab"),
    ("startswith", "a", "ab", "ba"),
    ("endswith", "a", "ba", "ab"),
    ("regex", "^a+$", "aa", "ab"),
    ("size", 2, [1, 2], [1]),
    ("greater_than", 1, 2, 1),
    ("has_key", "a", {"a": None}, {"b": 1}),
    ("excludes_keys", ["a"], {"b": 1}, {"a": 1}),
    ("is_null", True, None, 1),
    ("not_null", True, 1, None),
    ("not_blank", True, "a", " "),
    ("storage_content", "one\ntwo\n", URI, None),
    ("storage_file_line_count", 2, URI, None),
]


@pytest.mark.parametrize(("name", "wanted", "right", "wrong"), CASES)
def test_a_matcher_accepts_the_right_value_and_refuses_the_wrong_one(
    name: str, wanted: Any, right: Any, wrong: Any
) -> None:
    assert complaints(right, **{name: wanted}) == []
    if not name.startswith("storage"):
        assert complaints(wrong, **{name: wanted})


def test_the_content_of_a_file_is_compared() -> None:
    assert complaints(URI, storage_content="other")
    assert complaints(URI, storage_file_line_count=3)


def test_a_date_must_lie_close_to_now() -> None:
    assert complaints("2013-09-08T16:19:12Z", zoned_datetime_within_seconds_of_now=10)
    assert complaints("no date", zoned_datetime_within_seconds_of_now=10)


def test_every_matcher_of_the_vocabulary_has_a_test() -> None:
    assert set(TESTS) == MATCHER - SELECTORS


def test_an_unknown_matcher_is_a_failure() -> None:
    assert complaints("a", resembles="a") == ["unknown matcher `resembles`"]


def test_a_matcher_that_asserts_nothing_is_a_failure() -> None:
    assert complaints("a")


def test_an_absent_output_is_null_and_nothing_else() -> None:
    view = view_with("a")
    assert list(mismatches(view, {"task": "out", "path": "nothing", "is_null": True})) == []
    assert list(mismatches(view, {"task": "out", "path": "nothing", "equals": None}))


def test_true_is_not_one() -> None:
    assert complaints(True, equals=1)
    assert complaints(1, equals=True)
