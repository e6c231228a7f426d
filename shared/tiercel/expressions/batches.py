"""Some turns of a loop at once: what each name holds in them, and the columns worked out from that."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from itertools import chain, compress, repeat
from operator import not_
from typing import TYPE_CHECKING, Any, TypeAlias

from tiercel.expressions.operators import DIVISIONS, QUICK, SMALL, boolean
from tiercel.expressions.values import is_reference, text_of

if TYPE_CHECKING:
    from tiercel.expressions.runtime import Run

COMPARISONS = frozenset(("==", "!=", "<", ">", "<=", ">="))
REFERENCE_SIZE = 3


class NotPlainError(Exception):
    """This tree, or these values, must be taken turn by turn."""


class Numbers(list[int]):
    """Whole numbers; `ends` enclose them, and are looked for when first asked for."""

    __slots__ = ("ends",)

    def __init__(self, values: Iterable[int], ends: tuple[int, int] | None = None) -> None:
        super().__init__(values)
        self.ends = ends

    @property
    def bounds(self) -> tuple[int, int]:
        """Give a number that none is less than, and one that none exceeds."""
        if self.ends is None:
            self.ends = (min(self), max(self)) if self else (0, 0)
        return self.ends

    @property
    def small(self) -> bool:
        """Say whether all may be added and multiplied without a look at what comes out."""
        low, high = self.bounds
        return -SMALL <= low and high < SMALL


class Truths(list[bool]):
    """Booleans and nothing else."""

    __slots__ = ()


class Texts(list[str]):
    """Texts and nothing else."""

    __slots__ = ()


class Maps(list[dict[str, Any]]):
    """Maps and nothing else, no reference into storage among them."""

    __slots__ = ()


Alike: TypeAlias = Callable[[Iterable[Any]], Sequence[Any]]
SORTS: dict[type, Alike] = {int: Numbers, bool: Truths, str: Texts, dict: Maps}
LISTS: dict[type, Alike] = {Truths: Truths, Texts: Texts, Maps: Maps}


def known(values: Sequence[Any]) -> Sequence[Any]:
    """Give values as what they all are, where they are all alike; looked at once, however often it is asked.

    References into storage are refused: those are fetched turn by turn.
    """
    if type(values) is not list or not values:
        return values
    sort, sorts = type(values[0]), list(map(type, values))
    if sorts.count(sort) < len(values):
        if dict in sorts and any(map(is_reference, values)):
            raise NotPlainError
        return values
    # most maps are no references by their size alone
    if sort is dict and REFERENCE_SIZE in set(map(len, values)) and any(map(is_reference, values)):
        raise NotPlainError
    return SORTS[sort](values) if sort in SORTS else values


class Batch:
    """Some turns: the columns of the names that change with the turn, each found when it is first used."""

    __slots__ = ("_columns", "_narrow", "_within", "assigned", "run", "size")

    def __init__(
        self,
        run: Run,
        size: int,
        columns: dict[str, Sequence[Any]],
        within: Batch | None = None,
        narrow: Callable[[Iterable[Any]], Iterable[Any]] = iter,
    ) -> None:
        self.run, self.size, self._columns = run, size, columns
        self._within, self._narrow = within, narrow
        self.assigned: list[str] = []

    def column(self, name: str) -> Sequence[Any]:
        """Give what a name holds in each of these turns."""
        found = self._columns.get(name)
        if found is None:
            if self._within is None:
                raise NotPlainError
            found = self._columns[name] = _alike(self._within.column(name), self._narrow)
        return found

    def assign(self, name: str, values: Sequence[Any]) -> None:
        """Say what a name holds from here on."""
        self._columns[name] = values
        self.assigned.append(name)

    def chosen(self, wanted: Sequence[bool]) -> Batch:
        """Give the turns that are wanted."""
        return Batch(self.run, wanted.count(True), {}, self, lambda values: compress(values, wanted))

    def inner(self, sizes: list[int], size: int, columns: dict[str, Sequence[Any]]) -> Batch:
        """Give the turns of loops inside of these turns: a size for each, and what changes in them."""

        def spread(values: Iterable[Any]) -> Iterable[Any]:
            return chain.from_iterable(map(repeat, values, sizes))

        return Batch(self.run, size, columns, self, spread)


def _alike(values: Sequence[Any], narrow: Callable[[Iterable[Any]], Iterable[Any]]) -> Sequence[Any]:
    """Pick from values, or repeat some, and keep what is known of them."""
    if type(values) is Numbers:
        return Numbers(narrow(values), values.ends)
    return LISTS.get(type(values), list)(narrow(values))


def opposite(values: Sequence[bool]) -> Truths:
    """Give what is true where these are false."""
    return Truths(map(not_, values))


Column: TypeAlias = Callable[[Batch], Sequence[Any]]


class Fixed:
    """A column that is the same in every turn."""

    __slots__ = ("_sort", "value")

    def __init__(self, value: Any) -> None:
        self.value = value
        self._sort = SORTS.get(type(value), list)

    def of(self, batch: Batch) -> Any:
        """Give it once for all turns."""
        return self.value

    def __call__(self, batch: Batch) -> Sequence[Any]:
        """Give it once for every turn."""
        return self._sort([self.value] * batch.size)


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
        return [self.of(batch)] * batch.size


def weight(values: Sequence[Any]) -> int:
    """Give the steps that texts and lists cost by their size."""
    if type(values) is Texts:
        return sum(len(text) >> 6 for text in values) if max(map(len, values), default=0) >= 64 else 0
    return sum(len(one) >> 6 for one in values if type(one) in (str, list)) if type(values) is list else 0


def truths(values: Sequence[Any]) -> Sequence[bool]:
    """Give the truth of each value as a condition."""
    if type(values) is Truths:
        return values
    if type(values) is Numbers:
        return Truths(map(bool, values))
    return Truths([value if type(value) is bool else boolean(value) for value in values])


def written(values: Sequence[Any], run: Run) -> Sequence[str]:
    """Give the text of each value, as output writes it."""
    values = known(values)
    if type(values) is Texts:
        return values
    if type(values) is Numbers:
        return Texts(map(repr, values))
    return Texts([value if type(value) is str else text_of(value, run) for value in values])


def combined(sign: str, ones: Sequence[Any], twos: Sequence[Any]) -> Sequence[Any] | None:
    """Apply an operator to numbers and numbers; None where the quick way would not be exact."""
    if type(ones) is not Numbers or type(twos) is not Numbers:
        return None
    if sign in COMPARISONS:
        return Truths(map(QUICK[sign], ones, twos))
    if sign in DIVISIONS:
        quick = min(ones, default=0) >= 0 < min(twos, default=1)
    else:
        quick = ones.small and twos.small
    return Numbers(map(QUICK[sign], ones, twos)) if quick else None


def calculated(sign: str, values: Sequence[Any], number: Any) -> Sequence[Any] | None:
    """Apply an operator to values and one value; None where the quick way would not be exact."""
    if type(values) is Texts and type(number) is str and sign in ("==", "!="):
        return Truths(map(QUICK[sign], values, repeat(number)))
    if type(values) is not Numbers or type(number) is not int:
        return None
    quick = QUICK[sign]
    results = map(quick, values, repeat(number))
    if sign in COMPARISONS:
        return Truths(results)
    if sign in DIVISIONS:
        return Numbers(results) if min(values, default=0) >= 0 < number else None
    if not values.small or not -SMALL <= number < SMALL:
        return None
    ends = [quick(end, number) for end in values.bounds]
    return Numbers(results, (min(ends), max(ends)))
