"""The values of an each."""

import pytest

from tiercel.errors import TaskFailed
from tiercel.flows.each import each_values


def test_a_list_gives_its_items_as_text() -> None:
    assert each_values([1, "a", True, 1.5], "values")[1] == ("1", "a", "true", "1.5")


def test_a_text_holds_a_json_list_whose_objects_become_compact_json() -> None:
    items, texts = each_values('["v", {"key": "ü", "sub": [1, true]}]', "values")
    assert items == ["v", {"key": "ü", "sub": [1, True]}]
    assert texts == ("v", '{"key":"ü","sub":[1,true]}')


def test_values_are_taken_once_in_order_of_first_appearance() -> None:
    assert each_values(["b", "a", "b"], "values")[1] == ("b", "a")
    assert each_values([{"a": 1, "b": 2}, {"b": 2, "a": 1}], "values")[1] == ('{"a":1,"b":2}',)


def test_values_of_different_types_are_different_values() -> None:
    assert each_values([1, "1", True, 1.0], "values")[1] == ("1", "1", "true", "1.0")


def test_an_empty_list_gives_no_values() -> None:
    assert each_values("[]", "values") == ([], ())


def test_a_null_fails_with_the_list_in_javas_notation() -> None:
    expected = r"Found '1' null values on Each, with values=\[1, null, \{key=my-key, ok=true\}, null\]"
    with pytest.raises(TaskFailed, match=expected):
        each_values('[1, null, {"key": "my-key", "ok": true}, null]', "values")


@pytest.mark.parametrize("written", ["not json", "[1", '{"a": 1}', "42", None, {"a": 1}])
def test_what_is_no_list_fails_with_a_sentence_that_names_the_property(written: object) -> None:
    with pytest.raises(TaskFailed, match="`values`"):
        each_values(written, "values")
