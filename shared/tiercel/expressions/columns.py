"""Loops column by column: a plain body is worked out for a whole batch of turns, expression by expression.

Only what reads may go this way: texts, outputs, conditions and loops over the item, `loop`, names from
outside, filters, tests and operators. A value of an unforeseen kind, a name that is missing, any error at
all: the batch is given back, and the turns are taken one by one, which writes the very same or says what is
wrong.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from itertools import islice, repeat
from operator import itemgetter
from typing import TYPE_CHECKING, Any

from tiercel.expressions import nodes
from tiercel.expressions.batches import (
    COMPARISONS,
    Batch,
    Column,
    Fixed,
    Maps,
    NotPlainError,
    Numbers,
    Outside,
    Texts,
    Truths,
    calculated,
    combined,
    known,
    opposite,
    truths,
    weight,
    written,
)
from tiercel.expressions.libraries import FILTERS, FUNCTIONS, TESTS
from tiercel.expressions.loops import LOOP, cost_of
from tiercel.expressions.operators import BINARY, QUICK, UNARY, concatenate
from tiercel.expressions.tables import (
    LOOP_COLUMNS,
    Choice,
    Inner,
    Table,
    check,
    chosen,
    decided,
    filled,
    refused,
)
from tiercel.expressions.walking import may_see_loop

CALLS_PAID_AT_ONCE = 64

if TYPE_CHECKING:
    from tiercel.expressions.compiler import Compiler
    from tiercel.expressions.operations import Operation


def table_of(compiler: Compiler, node: nodes.For) -> Table | None:
    """Give the columns of a loop's body, or None where it does more than read."""
    try:
        return _Columns(compiler, node, None).table(node.body) if node.body else None
    except NotPlainError:
        return None


class _Columns:
    """Turn the body of one loop into columns."""

    def __init__(self, compiler: Compiler, node: nodes.For, outer: _Columns | None) -> None:
        if node.name == LOOP:
            raise NotPlainError
        self._compiler, self._outer, self._top = compiler, outer, node.body
        # the names that change with the turn
        self._changing: set[str] = {node.name, *(outer._changing if outer else ())}
        # a variable that is read before its turn set it holds what an earlier turn left there
        self._not_yet = {one.name for one in node.body if isinstance(one, nodes.Set)}
        self._not_yet |= outer._not_yet if outer else set()
        self._not_yet.discard(node.name)
        self._item = node.name

    def table(self, body: nodes.Body) -> Table:
        """Give the columns of a body."""
        return Table(tuple(self._statement(node, body is self._top) for node in body))

    def _statement(self, node: nodes.Statement, at_top: bool) -> Column:
        match node:
            case nodes.Set(name, expression) if at_top and self._may_set(name):
                return self._assignment(name, self._column(expression))
            case nodes.Text(text):
                return Fixed(text)
            case nodes.Output(expression):
                value = self._column(expression)
                return lambda batch: written(value(batch), batch.run)
            case nodes.If(branches, otherwise):
                return self._if(branches, otherwise)
            case nodes.For():
                return self._inner(node)
        raise NotPlainError

    def _may_set(self, name: str) -> bool:
        # what a loop inside sets may live on in the one around it
        return self._outer is None and name not in (self._item, LOOP)

    def _assignment(self, name: str, value: Column) -> Column:
        self._not_yet.discard(name)
        self._changing.add(name)

        def assign(batch: Batch) -> Sequence[str]:
            batch.assign(name, value(batch))
            return Texts([""] * batch.size)

        return assign

    def _if(self, branches: tuple[tuple[nodes.Expression, nodes.Body], ...], otherwise: nodes.Body) -> Column:
        if len(branches) == 1 and not otherwise:
            return self._choice(*branches[0])
        found = self.table(otherwise).simplest()
        for test, body in reversed(branches):
            found = chosen(self._column(test), self.table(body).simplest(), found)
        return found

    def _choice(self, test: nodes.Expression, body: nodes.Body) -> Choice:
        if isinstance(test, nodes.Binary) and test.operator == "and":
            # one condition inside of the other: the turns that the first one leaves out are gone
            return Choice(self._column(test.left), Table((self._choice(test.right, body),)))
        return Choice(self._column(test), self.table(body))

    def _inner(self, node: nodes.For) -> Column:
        if node.otherwise:
            raise NotPlainError
        body = _Columns(self._compiler, node, self).table(node.body)
        counted = may_see_loop(node.body)
        return Inner(node.name, self._column(node.iterable), body, cost_of(node.body), counted)

    def _column(self, node: nodes.Expression) -> Column:
        match node:
            case nodes.Literal(value):
                return Fixed(value)
            case nodes.Name(name):
                return self._name(node, name)
            case nodes.Attribute():
                return self._attribute(node)
            case nodes.Binary("and" | "or" | "??"):
                return self._in_order(node)
            case nodes.Binary():
                return self._binary(node)
            case nodes.Unary("not", operand):
                denied = self._column(operand)
                return lambda batch: opposite(truths(denied(batch)))
            case nodes.Unary(operator, operand):
                change, changed = UNARY[operator], self._column(operand)
                return lambda batch: list(map(change, changed(batch)))
            case nodes.Ternary(condition, yes, no):
                return chosen(self._column(condition), self._column(yes), self._column(no))
            case nodes.Concatenation(parts):
                return self._concatenation(tuple(self._column(part) for part in parts))
            case nodes.Call(name, arguments) if name in ("max", "min") and not self._compiler.declares(name):
                return self._operation(FUNCTIONS.find(name), (), arguments)
            case nodes.Call("range") if not self._compiler.declares("range"):
                return self._range(node)
            # `className` looks at how its value was written
            case nodes.Filter(target, name, arguments) if name in FILTERS and name != "className":
                value = self._lenient(target) if name == "default" else self._column(target)
                return self._operation(FILTERS.find(name), (value,), arguments)
            case nodes.Test(target, name, arguments, negated) if name in TESTS:
                value = self._lenient(target) if name == "defined" else self._column(target)
                tested = self._operation(TESTS.find(name), (value,), arguments)
                return (lambda batch: opposite(truths(tested(batch)))) if negated else tested
        raise NotPlainError

    def _name(self, node: nodes.Name, name: str) -> Column:
        if name in (LOOP, "_context") or name in self._not_yet:
            raise NotPlainError
        if name in self._changing:
            return lambda batch: batch.column(name)
        return Outside(self._compiler.expression(node))

    def _attribute(self, node: nodes.Attribute) -> Column:
        if not isinstance(node.key, nodes.Literal):
            raise NotPlainError
        key = node.key.value
        if isinstance(node.target, nodes.Name) and node.target.name == LOOP:
            return LOOP_COLUMNS.get(key, refused)
        target, item = self._column(node.target), itemgetter(key)
        sort = Maps if type(key) is str else list
        if type(key) not in (str, int):
            raise NotPlainError

        def attribute(batch: Batch) -> Sequence[Any]:
            holders = known(target(batch))
            if type(holders) is not sort or (sort is list and set(map(type, holders)) != {list}):
                raise NotPlainError
            return known(list(map(item, holders)))

        return attribute

    def _range(self, node: nodes.Call) -> Column:
        """Give the range that is the same in every turn, and pay for each."""
        ends = [self._column(end) for end in node.arguments.positional]
        if node.arguments.named or not all(isinstance(end, Fixed | Outside) for end in ends):
            raise NotPlainError
        evaluate = self._compiler.expression(node)

        def same(batch: Batch) -> Sequence[Any]:
            before = batch.run.budget.steps
            found = evaluate(batch.run)
            batch.run.budget.spend((before - batch.run.budget.steps) * (batch.size - 1))
            return [found] * batch.size

        return same

    def _lenient(self, node: nodes.Expression) -> Column:
        """Give null where an item lacks the name."""
        if not isinstance(node, nodes.Attribute) or not isinstance(node.key, nodes.Literal):
            return self._column(node)
        target, key = self._column(node.target), node.key.value

        def attribute(batch: Batch) -> Sequence[Any]:
            holders = known(target(batch))
            if type(holders) is not Maps or type(key) is not str:
                raise NotPlainError
            return known(list(map(dict.get, holders, repeat(key))))

        return attribute

    def _in_order(self, node: nodes.Binary) -> Column:
        """Work out the right side only where the left one leaves it open."""
        if node.operator == "??":
            left, right = self._lenient(node.left), self._column(node.right)
            return lambda batch: filled(batch, left(batch), right)
        left, right = self._column(node.left), self._column(node.right)
        return lambda batch: decided(batch, truths(left(batch)), right, node.operator == "and")

    def _binary(self, node: nodes.Binary) -> Column:
        if node.operator == "???":
            raise NotPlainError
        left, right = self._column(node.left), self._column(node.right)
        sign, operate, quick = node.operator, BINARY[node.operator], node.operator in QUICK
        sort = Truths if sign in COMPARISONS else list

        def apply(batch: Batch) -> Sequence[Any]:
            ones = known(left(batch))
            if isinstance(right, Fixed | Outside):
                two = right.of(batch)
                found = calculated(sign, ones, two) if quick else None
                return sort(map(operate, ones, repeat(two), repeat(batch.run))) if found is None else found
            twos = known(right(batch))
            found = combined(sign, ones, twos) if quick else None
            return sort(map(operate, ones, twos, repeat(batch.run))) if found is None else found

        return apply

    def _concatenation(self, parts: tuple[Column, ...]) -> Column:
        def join(batch: Batch) -> Sequence[Any]:
            columns = [known(part(batch)) for part in parts]
            if all(type(column) in (Texts, Numbers) for column in columns):
                texts = [written(column, batch.run) for column in columns]
                check(sum(sum(map(len, column)) for column in texts))
                joined = Texts(map("".join, zip(*texts, strict=True)))
                batch.run.budget.spend(weight(joined))
                return joined
            return [concatenate(row, batch.run) for row in zip(*columns, strict=True)]

        return join

    def _operation(
        self, operation: Operation, target: tuple[Column, ...], arguments: nodes.Arguments
    ) -> Column:
        given = (*target, *(self._column(argument) for argument in arguments.positional))
        keywords = operation.bound(len(arguments.positional), tuple(name for name, _ in arguments.named))
        named = [value.value for _, value in arguments.named if isinstance(value, nodes.Literal)]
        if len(named) < len(keywords):
            raise NotPlainError
        call = partial(operation.call, **dict(zip(keywords, named, strict=True))) if named else operation.call

        def apply(batch: Batch) -> Sequence[Any]:
            run = batch.run
            rest = map(call, repeat(run, batch.size), *(value(batch) for value in given))
            results: list[Any] = []
            # what is large is paid for before there is more of it
            while part := list(islice(rest, CALLS_PAID_AT_ONCE)):
                run.budget.spend(len(part) + weight(known(part)))
                results += part
            return known(results)

        return apply
