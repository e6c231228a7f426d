"""How rows are dealt out, wherever the blocks they come in end."""

from collections.abc import Callable, Iterable
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tiercel_core.storage.splitting import Dealer, by_count, by_pattern, by_size, in_turn

SEPARATOR = b";;"
ROWS = st.lists(st.text("ab", max_size=6).map(str.encode), max_size=40)
PLACES = st.lists(st.integers(0, 40), max_size=6)


def dealt(make: Callable[[], Dealer], rows: list[bytes], places: Iterable[int]) -> dict[str, bytes]:
    """Deal rows out in blocks that end at these places, and give the parts."""
    deal, parts = make(), dict[str, bytes]()
    edges = [0, *sorted(place for place in places if place <= len(rows)), len(rows)]
    for start, end in pairwise(edges):
        block = b"".join(row + SEPARATOR for row in rows[start:end])
        for part, content in deal(block) if block else ():
            parts[part] = parts.get(part, b"") + content
    return parts


def rows_of(content: bytes) -> list[bytes]:
    """Read the rows of a part, each of which has its separator."""
    *rows, rest = content.split(SEPARATOR)
    assert rest == b""
    return rows


@given(ROWS, PLACES, st.integers(1, 9))
def test_every_part_but_the_last_has_so_many_rows(rows: list[bytes], places: list[int], limit: int) -> None:
    parts = [rows_of(part) for part in dealt(lambda: by_count(limit, SEPARATOR), rows, places).values()]
    assert [row for part in parts for row in part] == rows
    assert all(len(part) == limit for part in parts[:-1])


@given(ROWS, PLACES, st.integers(1, 30))
def test_no_part_is_too_big_unless_one_row_is(rows: list[bytes], places: list[int], limit: int) -> None:
    parts = list(dealt(lambda: by_size(limit, SEPARATOR), rows, places).values())
    assert [row for part in parts for row in rows_of(part)] == rows
    assert all(len(part) <= limit or len(rows_of(part)) == 1 for part in parts)
    for part, following in pairwise(parts):
        assert len(part) + len(rows_of(following)[0] + SEPARATOR) > limit


@given(ROWS, PLACES, st.integers(1, 9))
def test_rows_go_to_the_parts_in_turn(rows: list[bytes], places: list[int], number: int) -> None:
    parts = dealt(lambda: in_turn(number, SEPARATOR), rows, places)
    assert [rows_of(part) for part in parts.values()] == [
        rows[place::number] for place in range(min(number, len(rows)))
    ]


@given(ROWS, PLACES)
def test_rows_with_the_same_group_come_together(rows: list[bytes], places: list[int]) -> None:
    parts = dealt(lambda: by_pattern("^(.)", SEPARATOR), rows, places)
    expected = {name: [row for row in rows if row[:1] == name.encode()] for name in "ab"}
    assert {name: rows_of(part) for name, part in parts.items()} == {
        name: found for name, found in expected.items() if found
    }
