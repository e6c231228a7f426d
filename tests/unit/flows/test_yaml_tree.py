"""YAML with places."""

import pytest

from tiercel.flows.yaml_tree import ListNode, MapNode, Scalar, parse, plain


def problem(source: str) -> str:
    problems = parse(source)[1]
    assert len(problems) == 1, problems
    return str(problems[0])


def test_every_value_knows_its_line_and_column() -> None:
    tree, problems = parse("a: 1\nb:\n  - c: x\n")
    assert not problems
    assert isinstance(tree, MapNode)
    inner = tree.get("b")
    assert isinstance(inner, ListNode)
    first = inner.items[0]
    assert isinstance(first, MapNode)
    assert (first.line, first.column) == (3, 5)
    key, value = first.entries["c"]
    assert (key.line, key.column) == (3, 5)
    assert isinstance(value, Scalar)
    assert (value.line, value.column) == (3, 8)


def test_keys_are_always_texts() -> None:
    assert plain(parse("1: a\nyes: b\n")[0]) == {"1": "a", "yes": "b"}


def test_an_empty_document_is_no_tree() -> None:
    assert parse("") == (None, [])
    assert parse("# only a comment\n") == (None, [])


@pytest.mark.parametrize(
    ("source", "place", "remedy"),
    [
        ("a: b: c", "line 1, column 5", "put quotes around a text"),
        ("a:\n\t- b", "line 2, column 1", "indent with spaces"),
        ("a: 'x", "line 1, column", "close the quote"),
        ("a: [1, 2", "line 1, column 4", "close the list"),
        ('a: "\\q"', "line 1, column 5", "single quotes"),
        ("a: \x01", "line 1, column 4", "remove this character"),
        ("a: 1\n---\nb: 2", "line 2, column 1", "a file holds one flow"),
        ("a: *b", "line 1, column 4", "names no anchor above it"),
        ("a: &x [*x]", "line 1, column 8", "stands inside the value it names"),
        ("a: {{ x }}", "line 1, column 5", 'write "{{ … }}"'),
        ("[1]: x", "line 1, column 1", "must be a text"),
        ("<<: 1", "line 1, column 5", "takes a map"),
        ("a: x\na: y", "line 2, column 1", "Duplicate field 'a': see line 1"),
    ],
)
def test_a_fault_is_named_with_its_place_and_a_remedy(source: str, place: str, remedy: str) -> None:
    said = problem(source)
    assert place in said
    assert remedy in said


def test_several_faults_are_found_in_one_go() -> None:
    tree, problems = parse("a: {{ x }}\nb: 1\nb: 2\nc: *d\n")
    assert [found.line for found in problems] == [1, 3, 4]
    assert plain(tree) == {"a": {}, "b": 1, "c": None}


def test_merge_keys_and_aliases_are_spelt_out() -> None:
    tree, problems = parse("base: &base {a: 1, b: 2}\nx: {<<: *base, b: 3}\ny: *base\n")
    assert not problems
    assert plain(tree) == {"base": {"a": 1, "b": 2}, "x": {"a": 1, "b": 3}, "y": {"a": 1, "b": 2}}


def test_a_merge_takes_a_list_of_maps_the_first_wins() -> None:
    tree, _ = parse("a: &a {x: 1}\nb: &b {x: 2, y: 2}\nc: {<<: [*a, *b]}\n")
    assert plain(tree)["c"] == {"x": 1, "y": 2}


def test_an_alias_bomb_is_refused_before_it_grows() -> None:
    lines = ["a0: &a0 [x,x,x,x,x,x,x,x,x,x]"]
    lines += [f"a{i}: &a{i} [{','.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 12)]
    assert "aliases make this document stand for more than" in problem("\n".join(lines))


def test_deep_nesting_is_refused_and_ends_no_process() -> None:
    assert "nested more than 100 levels deep" in problem("[" * 100_000)
