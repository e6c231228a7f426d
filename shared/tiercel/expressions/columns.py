"""Loops column by column: a plain body is worked out for a whole batch of turns, expression by expression.

Only what reads may go this way: texts, outputs and conditions over the item, `loop`, names from outside,
filters, tests and operators. A value of an unforeseen kind, a name that is missing, any error at all: the
batch is given back, and the turns are taken one by one, which writes the very same or says what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

from tiercel.expressions import nodes
from tiercel.expressions.batches import (
    Batch,
    Column,
    Fixed,
    NotPlainError,
    Numbers,
    Outside,
    calculated,
    combined,
    numbered,
    plain,
    truths,
    written,
)
from tiercel.expressions.libraries import FILTERS, TESTS
from tiercel.expressions.operations import Operation
from tiercel.expressions.operators import BINARY, QUICK, UNARY, concatenate

if TYPE_CHECKING:
    from tiercel.expressions.compiler import Compiler

MOST_JOINED = 1 << 20


class Table:
    """The body of a loop as columns of texts."""

    def __init__(self, columns: tuple[Column, ...]) -> None:
        self._columns = columns
        changing = [index for index, column in enumerate(columns) if not isinstance(column, Fixed)]
        self._only = changing[0] if len(changing) == 1 else -1
        self._before = self._fixed(columns[: self._only])
        self._after = self._fixed(columns[self._only + 1 :])

    @staticmethod
    def _fixed(columns: tuple[Column, ...]) -> str:
        return "".join(column.value for column in columns if isinstance(column, Fixed))

    def rendered(self, batch: Batch) -> str | None:
        """Give the text of a batch; None where it must go turn by turn."""
        try:
            return self._rendered(batch)
        except Exception:
            # whatever it was, the turns meet it again, one by one and with a place
            return None

    def _rendered(self, batch: Batch) -> str:
        if self._only < 0:
            return "".join(chain.from_iterable(self._rows(batch)))
        values = self._columns[self._only](batch)
        size = sum(map(len, values)) + len(values) * (len(self._before) + len(self._after))
        _check(size)
        return f"{self._before}{(self._after + self._before).join(values)}{self._after}"

    def _rows(self, batch: Batch) -> Iterable[tuple[str, ...]]:
        columns = [column(batch) for column in self._columns]
        _check(sum(sum(map(len, column)) for column in columns))
        return zip(*columns, strict=True)

    def joined(self, batch: Batch) -> list[str]:
        """Give one text for every turn."""
        if not self._columns:
            return [""] * len(batch.items)
        return list(map("".join, self._rows(batch)))

    def simplest(self) -> Column:
        """Give the column of the joined texts, fixed where nothing in it changes."""
        if all(isinstance(column, Fixed) for column in self._columns):
            return Fixed(self._fixed(self._columns))
        return self._columns[0] if len(self._columns) == 1 else self.joined


def _check(size: int) -> None:
    """Leave a batch of very large texts to the turns, which join nothing before its size is paid for."""
    if size > MOST_JOINED:
        raise NotPlainError


def table_of(compiler: Compiler, node: nodes.For) -> Table | None:
    """Give the columns of a loop's body, or None where it does more than read."""
    try:
        return _Columns(compiler, node).table(node.body) if node.body else None
    except NotPlainError:
        return None


class _Columns:
    """Turn the body of one loop into columns."""

    def __init__(self, compiler: Compiler, node: nodes.For) -> None:
        self._compiler = compiler
        self._item = node.name
        # a variable that is read before its turn set it holds what an earlier turn left there
        self._not_yet = {one.name for one in node.body if isinstance(one, nodes.Set)}
        self._set: set[str] = set()
        self._top = node.body

    def table(self, body: nodes.Body) -> Table:
        """Give the columns of a body."""
        return Table(tuple(self._statement(node, body is self._top) for node in body))

    def _statement(self, node: nodes.Statement, at_top: bool) -> Column:
        match node:
            case nodes.Set(name, expression) if at_top and name not in (self._item, "loop"):
                return self._assignment(name, self._column(expression))
            case nodes.Text(text):
                return Fixed(text)
            case nodes.Output(expression):
                value = self._column(expression)
                return _item_texts if value is _items else lambda batch: written(value(batch), batch.run)
            case nodes.If(branches, otherwise):
                return self._if(branches, self.table(otherwise))
        raise NotPlainError

    def _assignment(self, name: str, value: Column) -> Column:
        self._not_yet.discard(name)
        self._set.add(name)

        def assign(batch: Batch) -> Sequence[str]:
            batch.set_here[name] = value(batch)
            return [""] * len(batch.items)

        return assign

    def _if(self, branches: Any, otherwise: Table) -> Column:
        chosen = otherwise.simplest()
        for test, body in reversed(branches):
            chosen = self._chosen(self._column(test), self.table(body).simplest(), chosen)
        return chosen

    def _chosen(self, test: Column, yes: Column, no: Column) -> Column:
        if isinstance(yes, Fixed) and isinstance(no, Fixed):
            first, second = yes.value, no.value
            return lambda batch: [first if holds else second for holds in truths(test(batch))]
        if isinstance(yes, Cheap) and isinstance(no, Cheap):
            return lambda batch: [
                one if holds else other
                for holds, one, other in zip(truths(test(batch)), yes(batch), no(batch), strict=True)
            ]

        def choose(batch: Batch) -> Sequence[Any]:
            holds = truths(test(batch))
            ones = iter(yes(batch.chosen(holds, True)) if True in holds else ())
            others = iter(no(batch.chosen(holds, False)) if False in holds else ())
            return [next(ones) if one else next(others) for one in holds]

        return choose

    def _column(self, node: nodes.Expression) -> Column:
        match node:
            case nodes.Name(name) if name == self._item:
                return _items
            case nodes.Literal(value):
                return Fixed(value)
            case nodes.Name():
                return self._from_outside(node)
            case nodes.Attribute():
                return self._attribute(node)
            case nodes.Binary():
                return self._binary(node)
            case nodes.Unary(operator, operand):
                change, changed = UNARY[operator], self._column(operand)
                return lambda batch: [change(value) for value in changed(batch)]
            case nodes.Ternary(condition, yes, no):
                return self._chosen(self._column(condition), self._column(yes), self._column(no))
            case nodes.Concatenation(parts):
                return self._concatenation(tuple(self._column(part) for part in parts))
            case nodes.Filter(target, name, arguments) if name in FILTERS and name != "default":
                return self._operation(FILTERS.find(name), target, arguments)
            case nodes.Test(target, name, arguments, negated) if name in TESTS:
                tested = self._operation(TESTS.find(name), target, arguments)
                return (lambda batch: [not value for value in tested(batch)]) if negated else tested
        raise NotPlainError

    def _from_outside(self, node: nodes.Name) -> Column:
        name = node.name
        if name in ("loop", "_context") or name in self._not_yet:
            raise NotPlainError
        if name in self._set:
            return lambda batch: batch.set_here[name]
        return Outside(self._compiler.expression(node))

    def _attribute(self, node: nodes.Attribute) -> Column:
        if not isinstance(node.key, nodes.Literal) or not isinstance(node.key.value, str):
            raise NotPlainError
        key = node.key.value
        if isinstance(node.target, nodes.Name) and node.target.name == "loop" and self._item != "loop":
            return _LOOP[key] if key in _LOOP else _refused
        target = self._column(node.target)

        def attribute(batch: Batch) -> Sequence[Any]:
            holders = target(batch)
            if set(map(type, holders)) != {dict}:
                raise NotPlainError
            return plain([holder[key] for holder in holders])

        return attribute

    def _binary(self, node: nodes.Binary) -> Column:
        if node.operator in ("and", "or", "??", "???"):
            raise NotPlainError
        left, right = self._column(node.left), self._column(node.right)
        sign, operate, quick = node.operator, BINARY[node.operator], node.operator in QUICK

        def apply(batch: Batch) -> Sequence[Any]:
            ones = numbered(left(batch)) if quick else left(batch)
            if isinstance(right, Fixed | Outside):
                two = right.of(batch)
                found = calculated(sign, ones, two) if quick else None
                return list(map(operate, ones, repeat(two), repeat(batch.run))) if found is None else found
            twos = right(batch)
            found = combined(sign, ones, numbered(twos)) if quick else None
            return list(map(operate, ones, twos, repeat(batch.run))) if found is None else found

        return apply

    def _concatenation(self, parts: tuple[Column, ...]) -> Column:
        def join(batch: Batch) -> Sequence[Any]:
            columns = [part(batch) for part in parts]
            if set(map(type, chain.from_iterable(columns))) <= {str, int}:
                texts = [written(column, batch.run) for column in columns]
                _check(sum(sum(map(len, column)) for column in texts))
                batch.run.budget.spend(len(batch.items))
                return list(map("".join, zip(*texts, strict=True)))
            return [concatenate(row, batch.run) for row in zip(*columns, strict=True)]

        return join

    def _operation(
        self, operation: Operation, target: nodes.Expression, arguments: nodes.Arguments
    ) -> Column:
        for argument in (*arguments.positional, *(value for _, value in arguments.named)):
            if not isinstance(argument, nodes.Literal):
                raise NotPlainError
        values = self._column(target)
        given = [self._compiler.expression(argument) for argument in arguments.positional]
        keywords = operation.bound(len(given), tuple(name for name, _ in arguments.named))
        named = [self._compiler.expression(value) for _, value in arguments.named]

        def apply(batch: Batch) -> Sequence[Any]:
            run, call = batch.run, operation.call
            positional = [value(run) for value in given]
            keyed = dict(zip(keywords, (value(run) for value in named), strict=True))
            run.budget.spend(len(batch.items))
            results = [call(run, value, *positional, **keyed) for value in values(batch)]
            run.budget.spend(sum(len(one) >> 6 for one in results if type(one) is str or type(one) is list))
            return results

        return apply


def _items(batch: Batch) -> Sequence[Any]:
    return batch.values()


class _Cheap:
    """The texts of the items themselves: cheaper to have for all turns than to pick from."""

    def __call__(self, batch: Batch) -> Sequence[str]:
        return written(batch.values(), batch.run)


_item_texts = _Cheap()
Cheap = (Fixed, _Cheap)


def _refused(batch: Batch) -> Sequence[Any]:
    raise NotPlainError


_LOOP: dict[str, Column] = {
    "index": lambda batch: Numbers(batch.indexes, 0, batch.length),
    "length": lambda batch: [batch.length] * len(batch.items),
    "first": lambda batch: [index == 0 for index in batch.indexes],
    "last": lambda batch: [index == batch.length - 1 for index in batch.indexes],
    "revindex": lambda batch: [batch.length - 1 - index for index in batch.indexes],
}
