"""Values become the type that is declared."""

import pytest

from tiercel.flows.coercion import Refused, coerce


@pytest.mark.parametrize(
    ("kind", "given", "typed"),
    [
        ("STRING", 42, "42"),
        ("STRING", {"a": 1}, '{"a":1}'),
        ("INT", "42", 42),
        ("INT", 42.0, 42),
        ("FLOAT", "42.42", 42.42),
        ("FLOAT", 3.14159265358979, 3.1415927),
        ("BOOLEAN", "False", False),
        ("BOOL", True, True),
        ("DATETIME", "2019-10-06T18:27:49Z", "2019-10-06T18:27:49Z"),
        ("DATETIME", "2019-10-06T18:27:49+02:00", "2019-10-06T16:27:49Z"),
        ("DATETIME", "2019-10-06T18:27:49.500Z", "2019-10-06T18:27:49.500Z"),
        ("DATETIME", "2019-10-06T18:27:49.123456789Z", "2019-10-06T18:27:49.123456Z"),
        ("DATE", "2019-10-06", "2019-10-06"),
        ("TIME", "18:27", "18:27:00"),
        ("DURATION", "PT306S", "PT5M6S"),
        ("JSON", '{"a": "b"}', {"a": "b"}),
        ("JSON", {"a": "b"}, {"a": "b"}),
        ("YAML", "some: property\nalist:\n- of\n- values", {"some": "property", "alist": ["of", "values"]}),
        ("URI", "https://www.google.com", "https://www.google.com"),
        ("EMAIL", "a@b.example", "a@b.example"),
        ("ARRAY", "[1, 2]", [1, 2]),
        ("MULTISELECT", ["a"], ["a"]),
        ("FILE", "kestra:///x", "kestra:///x"),
    ],
)
def test_a_value_takes_its_type(kind: str, given: object, typed: object) -> None:
    assert coerce(kind, given) == typed


@pytest.mark.parametrize(
    ("kind", "given"),
    [
        ("INT", "4.2"),
        ("INT", True),
        ("FLOAT", "x"),
        ("FLOAT", "1e99"),
        ("BOOLEAN", "yes"),
        ("DATETIME", "2019-10-06T18:27:49"),
        ("DATE", "20191006"),
        ("TIME", "6pm"),
        ("DURATION", "5s"),
        ("JSON", "{"),
        ("YAML", "a: b: c"),
        ("URI", "http:/bla"),
        ("EMAIL", "nobody"),
        ("ARRAY", "{}"),
    ],
)
def test_a_value_of_another_type_is_refused(kind: str, given: object) -> None:
    with pytest.raises(Refused, match=f"Expected `{kind}` but received"):
        coerce(kind, given)


def test_items_take_the_item_type_and_the_bad_one_is_named() -> None:
    assert coerce("ARRAY", '["1", 2]', "INT") == [1, 2]
    with pytest.raises(Refused, match="Unable to parse array element as `INT` on `s1`"):
        coerce("ARRAY", '["s1"]', "INT")


def test_null_stays_null() -> None:
    assert coerce("INT", None) is None
