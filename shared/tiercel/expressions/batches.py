"""Some turns of a loop at once, and the kinds of columns that are worked out for them."""

from collections.abc import Callable, Iterable, Sequence
from itertools import repeat
from typing import Any, TypeAlias

from tiercel.expressions.operators import DIVISIONS, QUICK, SMALL, boolean
from tiercel.expressions.runtime import Run
from tiercel.expressions.values import is_reference, text_of


class NotPlainError(Exception):
    """This tree, or these values, must be taken turn by turn."""


class Numbers(list[int]):
    """Whole numbers, none less than `least`, none more than `most`."""

    __slots__ = ("least", "most")

    def __init__(self, values: Iterable[int], least: int, most: int) -> None:
        super().__init__(values)
        self.least, self.most = least, most


class Truths(list[bool]):
    """Booleans and nothing else."""

    __slots__ = ()


class Batch:
    """Some turns of a loop: the items, which turns they are, and of how many."""

    __slots__ = ("_checked", "indexes", "items", "length", "run", "set_here")

    def __init__(
        self, run: Run, items: list[Any], indexes: Sequence[int], length: int, counted: bool = False
    ) -> None:
        self.run, self.items, self.indexes, self.length = run, items, indexes, length
        self._checked: Sequence[Any] | None = None
        self.set_here: dict[str, Sequence[Any]] = {}
        if counted and type(items[0]) is int:
            ends = (items[0], items[-1])
            self._checked = Numbers(items, min(ends), max(ends))

    def values(self) -> Sequence[Any]:
        """Give the items, looked at once."""
        if self._checked is None:
            self._checked = numbered(plain(self.items))
        return self._checked

    def chosen(self, wanted: Sequence[bool], sign: bool) -> "Batch":
        """Give the turns for which a condition holds, or does not."""
        picked = [index for index, holds in enumerate(wanted) if holds is sign]
        items, indexes = self.items, self.indexes
        part = Batch(
            self.run, [items[index] for index in picked], [indexes[index] for index in picked], self.length
        )
        part.set_here = {name: [values[index] for index in picked] for name, values in self.set_here.items()}
        return part


Column: TypeAlias = Callable[[Batch], Sequence[Any]]


class Fixed:
    """A column that is the same in every turn."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def of(self, batch: Batch) -> Any:
        """Give it once for all turns."""
        return self.value

    def __call__(self, batch: Batch) -> Sequence[Any]:
        """Give it once for every turn."""
        return [self.value] * len(batch.items)


class Outside:
    """A variable from outside of the loop, which no turn changes."""

    __slots__ = ("_evaluate",)

    def __init__(self, evaluate: Callable[[Run], Any]) -> None:
        self._evaluate = evaluate

    def of(self, batch: Batch) -> Any:
        """Give it once for all turns."""
        return self._evaluate(batch.run)

    def __call__(self, batch: Batch) -> Sequence[Any]:
        """Give it once for every turn."""
        return [self.of(batch)] * len(batch.items)


def plain(values: list[Any]) -> list[Any]:
    """Give back values among which no reference into storage stands: those are fetched turn by turn."""
    if dict in set(map(type, values)) and any(map(is_reference, values)):
        raise NotPlainError
    return values


def numbered(values: Sequence[Any]) -> Sequence[Any]:
    """Give values as numbers within bounds where that is what they are."""
    if type(values) is Numbers or set(map(type, values)) != {int}:
        return values
    return Numbers(values, min(values), max(values))


def truths(values: Sequence[Any]) -> Sequence[bool]:
    """Give the truth of each value as a condition."""
    if type(values) is Truths:
        return values
    return [value if type(value) is bool else boolean(value) for value in values]


def written(values: Sequence[Any], run: Run) -> Sequence[str]:
    """Give the text of each value, as output writes it."""
    if type(values) is Numbers:
        return list(map(str, values))
    sorts = set(map(type, values))
    if sorts == {str}:
        return values
    if sorts == {int}:
        return list(map(str, values))
    return [value if type(value) is str else text_of(value, run) for value in values]


def combined(sign: str, ones: Sequence[Any], twos: Sequence[Any]) -> Sequence[Any] | None:
    """Apply an operator to numbers and numbers; None where the quick way would not be exact."""
    least, least_divisor = (0, 1) if sign in DIVISIONS else (-SMALL, -SMALL)
    if type(ones) is not Numbers or ones.least < least or ones.most >= SMALL:
        return None
    if type(twos) is not Numbers or twos.least < least_divisor or twos.most >= SMALL:
        return None
    return list(map(QUICK[sign], ones, twos))


def calculated(sign: str, values: Sequence[Any], number: int) -> Sequence[Any] | None:
    """Apply an operator to numbers and one small number; None where the quick way would not be exact."""
    divides = sign in DIVISIONS
    if type(values) is not Numbers or values.least < (0 if divides else -SMALL) or values.most >= SMALL:
        return None
    if type(number) is not int or not (1 if divides else -SMALL) <= number < SMALL:
        return None
    quick = QUICK[sign]
    results = map(quick, values, repeat(number))
    if sign not in ("+", "-", "*", "/", "%"):
        return Truths(results)
    ends = (0, number - 1) if sign == "%" else (quick(values.least, number), quick(values.most, number))
    return Numbers(results, min(ends), max(ends))
