"""The body of a loop as columns of texts, put together for a whole batch of turns."""

from __future__ import annotations

from itertools import chain, islice
from typing import TYPE_CHECKING

from tiercel.expressions.batches import (
    Batch,
    Column,
    Fixed,
    NotPlainError,
    Numbers,
    Texts,
    Truths,
    known,
    opposite,
    truths,
)
from tiercel.expressions.loops import items_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from typing import Any

    from tiercel.expressions.runtime import Run

INDEX, LENGTH = "loop.index", "loop.length"
MOST_JOINED = 1 << 22
MOST_INNER_TURNS = 1 << 16


class Table:
    """A body: one column for each of its statements."""

    __slots__ = ("_after", "_before", "_columns", "_only", "fixed")

    def __init__(self, columns: tuple[Column, ...]) -> None:
        self._columns = columns
        changing = [index for index, column in enumerate(columns) if not isinstance(column, Fixed)]
        self.fixed = None if changing else _fixed(columns)
        self._only = changing[0] if len(changing) == 1 else None
        self._before = "" if self._only is None else _fixed(columns[: self._only])
        self._after = "" if self._only is None else _fixed(columns[self._only + 1 :])

    def text(self, batch: Batch) -> str:
        """Give the text of all turns."""
        if self.fixed is not None:
            check(len(self.fixed) * batch.size)
            return self.fixed * batch.size
        if self._only is None:
            return "".join(chain.from_iterable(self._rows(batch)))
        only = self._columns[self._only]
        if isinstance(only, Part) and len(self._columns) == 1:
            return only.text(batch)
        return self._around(self._values(only, batch))

    def groups(self, batch: Batch, sizes: list[int]) -> Texts:
        """Give one text for so many turns, and the next for so many."""
        only = self.joined if self._only is None else self._columns[self._only]
        rest = iter(self._values(only, batch))
        return Texts([self._around(list(islice(rest, size))) for size in sizes])

    def _values(self, only: Column, batch: Batch) -> Sequence[str]:
        values = only(batch)
        check(sum(map(len, values)) + len(values) * (len(self._before) + len(self._after)))
        return values

    def _around(self, values: Sequence[str]) -> str:
        """Put texts together, each with the text that stands before it and the one behind."""
        return f"{self._before}{(self._after + self._before).join(values)}{self._after}" if values else ""

    def _rows(self, batch: Batch) -> Iterable[tuple[str, ...]]:
        columns = [column(batch) for column in self._columns]
        check(sum(sum(map(len, column)) for column in columns))
        return zip(*columns, strict=True)

    def joined(self, batch: Batch) -> Sequence[str]:
        """Give one text for every turn."""
        if len(self._columns) == 1:
            return self._columns[0](batch)
        return Texts(map("".join, self._rows(batch)))

    def simplest(self) -> Column:
        """Give the column of the joined texts, fixed where nothing in it changes."""
        return self.joined if self.fixed is None else Fixed(self.fixed)


def _fixed(columns: tuple[Column, ...]) -> str:
    return "".join(column.value for column in columns if isinstance(column, Fixed))


def check(size: int) -> None:
    """Leave a batch of very large texts to the turns, which join nothing before its size is paid for."""
    if size > MOST_JOINED:
        raise NotPlainError


def chosen(test: Column, yes: Column, no: Column) -> Column:
    """Give the column that is one of two others in each turn, each worked out only where it is wanted."""
    if isinstance(yes, Fixed) and isinstance(no, Fixed):
        first, second = yes.value, no.value
        sort = Texts if type(first) is str and type(second) is str else list
        return lambda batch: sort([first if holds else second for holds in truths(test(batch))])

    def choose(batch: Batch) -> Sequence[Any]:
        holds = truths(test(batch))
        if False not in holds:
            return yes(batch)
        if True not in holds:
            return no(batch)
        ones, others = iter(yes(batch.chosen(holds))), iter(no(batch.chosen(opposite(holds))))
        return [next(ones) if one else next(others) for one in holds]

    return choose


def decided(batch: Batch, holds: Sequence[bool], right: Column, both: bool) -> Sequence[bool]:
    """Apply `and`, or `or`: the right side counts where the left one holds, or does not."""
    open_ = holds if both else opposite(holds)
    if True not in open_:
        return holds
    if False not in open_:
        return truths(right(batch))
    rest = iter(truths(right(batch.chosen(open_))))
    return Truths([next(rest) if one is both else one for one in holds])


def filled(batch: Batch, values: Sequence[Any], right: Column) -> Sequence[Any]:
    """Put other values in the place of null."""
    if type(values) is not list:
        return values
    absent = [value is None for value in values]
    rest = iter(right(batch.chosen(absent)))
    return [next(rest) if value is None else value for value in values]


class Part:
    """A statement with a body of its own; alone in its place, it writes all turns at once."""

    __slots__ = ()

    def __call__(self, batch: Batch) -> Sequence[str]:
        """Give a text for every turn."""
        raise NotImplementedError

    def text(self, batch: Batch) -> str:
        """Give the text of all turns."""
        raise NotImplementedError


class Choice(Part):
    """`if` without `else`."""

    __slots__ = ("_column", "_test", "_yes")

    def __init__(self, test: Column, yes: Table) -> None:
        self._test, self._yes = test, yes
        self._column = chosen(test, yes.simplest(), Fixed(""))

    def __call__(self, batch: Batch) -> Sequence[str]:
        """Give a text for every turn, an empty one where nothing is chosen."""
        return self._column(batch)

    def text(self, batch: Batch) -> str:
        """Give the text of the turns that are chosen."""
        holds = truths(self._test(batch))
        return self._yes.text(batch.chosen(holds) if False in holds else batch)


class Inner(Part):
    """A loop inside of the loop: the turns of all its runs at once."""

    __slots__ = ("_body", "_cost", "_counted", "_iterable", "_name")

    def __init__(self, name: str, iterable: Column, body: Table, cost: int, counted: bool) -> None:
        self._name, self._iterable, self._body, self._cost = name, iterable, body, cost
        self._counted = counted

    def __call__(self, batch: Batch) -> Sequence[str]:
        """Give what each run of the loop writes."""
        sizes, turns = self._turns(batch)
        return self._body.groups(turns, sizes)

    def text(self, batch: Batch) -> str:
        """Give what all runs write."""
        return self._body.text(self._turns(batch)[1])

    def _turns(self, batch: Batch) -> tuple[list[int], Batch]:
        runs = [() if value is None else items_of(value) for value in self._iterable(batch)]
        sizes = list(map(len, runs))
        size = sum(sizes)
        if size > MOST_INNER_TURNS:
            raise NotPlainError
        batch.run.budget.spend(size * self._cost)
        columns = {self._name: known(list(chain.from_iterable(runs)))}
        if self._counted:
            columns[INDEX] = list(chain.from_iterable(map(range, sizes)))
            columns[LENGTH] = list(chain.from_iterable(map(lambda size: [size] * size, sizes)))
        return sizes, batch.inner(sizes, size, columns)


def outermost(run: Run, name: str, items: list[Any], start: int, length: int, counted: bool) -> Batch:
    """Give a batch of turns of a loop, which has `length` in all; the items of a range need no look."""
    size, ends = len(items), (items[0], items[-1])
    counts = counted and type(items[0]) is int
    values = Numbers(items, (min(ends), max(ends))) if counts else known(items)
    return Batch(run, size, {name: values, INDEX: range(start, start + size), LENGTH: [length] * size})


def refused(batch: Batch) -> Sequence[Any]:
    """Leave what is no column to the turns."""
    raise NotPlainError


def _is_last(batch: Batch) -> Truths:
    pairs = zip(batch.column(INDEX), batch.column(LENGTH), strict=True)
    return Truths([index == length - 1 for index, length in pairs])


def _turns_left(batch: Batch) -> Numbers:
    pairs = zip(batch.column(LENGTH), batch.column(INDEX), strict=True)
    return Numbers([length - index - 1 for length, index in pairs])


LOOP_COLUMNS: dict[str, Column] = {
    "index": lambda batch: Numbers(batch.column(INDEX)),
    "length": lambda batch: Numbers(batch.column(LENGTH)),
    "first": lambda batch: Truths([index == 0 for index in batch.column(INDEX)]),
    "last": _is_last,
    "revindex": _turns_left,
}
