"""`for`: turns in batches, each batch paid for at once; plain bodies go column by column (see `columns`)."""

from __future__ import annotations

from tiercel.errors import ExpressionError
from tiercel.expressions import nodes
from tiercel.expressions.problems import located
from tiercel.expressions.runtime import NOTHING
from tiercel.expressions.values import is_list, kind
from tiercel.expressions.walking import may_see_loop, statements_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from tiercel.expressions.compiler import Compiler
    from tiercel.expressions.runtime import Run
    from tiercel.expressions.tables import Table

BATCH = 4096
FEWEST_FOR_COLUMNS = 16
STATEMENTS_A_STEP = 8
LOOP = "loop"


class Loop:
    """One `{% for %}` of a template."""

    __slots__ = (
        "_body", "_compiler", "_cost", "_counts", "_follows", "_iterable", "_name", "_node", "_otherwise",
        "_source", "_table",
    )  # fmt: skip

    def __init__(self, compiler: Compiler, node: nodes.For) -> None:
        self._compiler, self._node, self._source = compiler, node, compiler.source
        self._iterable, self._name = compiler.expression(node.iterable), node.name
        self._body, self._otherwise = compiler.body(node.body), compiler.body(node.otherwise)
        self._follows = may_see_loop(node.body)
        self._cost = cost_of(node.body)
        self._counts = isinstance(node.iterable, nodes.Binary) and node.iterable.operator == ".."
        if isinstance(node.iterable, nodes.Call) and not compiler.declares(node.iterable.name):
            self._counts = node.iterable.name == "range"
        self._table: Table | Any | None = NOTHING

    def render(self, run: Run, out: list[str]) -> None:
        """Render the body once for every item, or the `else` where there is none; null has neither."""
        value = self._iterable(run)
        try:
            if value is None:
                return
            items = items_of(value)
            if not items:
                self._otherwise(run, out)
                return
            before = self._entered(run)
            try:
                self._turns(run, out, items)
            finally:
                _left(run, before)
        except ExpressionError as error:
            raise located(error, self._source, self._node.iterable.position) from error

    def _turns(self, run: Run, out: list[str], items: list[Any]) -> None:
        length = len(items)
        # the one map that `loop` stands for: each turn writes into it, as Pebble does
        state = run.names[LOOP] = _state(length - 1, length)
        if length < FEWEST_FOR_COLUMNS:
            run.budget.spend(length * self._cost)
            self._turn_by_turn(run, out, items, 0, state)
            return
        columns = self._columns()
        for start in range(0, length, BATCH):
            batch = items[start : start + BATCH]
            run.budget.spend(len(batch) * self._cost)
            found = self._by_columns(columns, run, batch, start, length) if columns is not None else None
            if found is None:
                columns = None  # what does not fit once is not tried again
                self._turn_by_turn(run, out, batch, start, state)
            else:
                out.append(found)
                run.names[self._name] = batch[-1]
                state.update(_state(start + len(batch) - 1, length))

    def _by_columns(self, columns: Table, run: Run, batch: list[Any], start: int, length: int) -> str | None:
        from tiercel.expressions.tables import outermost

        steps = run.budget.steps
        try:
            turns = outermost(run, self._name, batch, start, length, self._counts)
            found = columns.text(turns)
        except Exception:
            # whatever it was, the turns meet it again, one by one and with a place, and pay for themselves
            run.budget.steps = steps
            return None
        for name in turns.assigned:
            run.assign(name, turns.column(name)[-1])
        return found

    def _turn_by_turn(
        self, run: Run, out: list[str], batch: list[Any], start: int, state: dict[str, Any]
    ) -> None:
        names, name, body = run.names, self._name, self._body
        if self._follows:
            length = state["length"]
            for index, item in enumerate(batch, start):
                names[name] = run.follow(item) if type(item) is dict else item
                state.update(_state(index, length))
                body(run, out)
            return
        for item in batch:
            names[name] = run.follow(item) if type(item) is dict else item
            body(run, out)

    def _columns(self) -> Table | None:
        if self._table is NOTHING:
            from tiercel.expressions.columns import table_of

            self._table = table_of(self._compiler, self._node)
        found: Table | None = self._table
        return found

    def _entered(self, run: Run) -> _Before | None:
        """Begin a scope where the innermost one already has a loop, or a variable of this name.

        Otherwise what the loop sets stays in sight after it: flows count on that.
        """
        own = run.names if run.own is None else run.own
        if self._name not in own and LOOP not in own:
            if run.own is not None:
                run.own |= {self._name, LOOP}
            return None
        hidden = {name: run.names.get(name, NOTHING) for name in (self._name, LOOP)}
        before = _Before(run.own, hidden)
        run.own = set(hidden)
        return before


class _Before:
    """What a scope puts back at its end."""

    __slots__ = ("hidden", "own")

    def __init__(self, own: set[str] | None, hidden: dict[str, Any]) -> None:
        self.own = own
        self.hidden = hidden


def _left(run: Run, before: _Before | None) -> None:
    """End a scope: what was set in it goes, what it hid comes back."""
    if before is None:
        return
    for name in run.own or ():
        run.names.pop(name, None)
    run.own = before.own
    run.names.update((name, value) for name, value in before.hidden.items() if value is not NOTHING)


def cost_of(body: nodes.Body) -> int:
    """Give the steps that a turn of a loop costs, beside what is called in it."""
    return 1 + statements_in(body) // STATEMENTS_A_STEP


def items_of(value: Any) -> list[Any]:
    """Give what a loop walks: the items of a list, the entries of a map."""
    if isinstance(value, dict):
        return [{"key": key, "value": item} for key, item in value.items()]
    if is_list(value):
        # a copy: the body may not change what is walked
        return list(value)
    raise ExpressionError(f"`for` walks a list or a map, not {kind(value)}")


def _state(index: int, length: int) -> dict[str, Any]:
    return {
        "index": index,
        "length": length,
        "first": index == 0,
        "last": index == length - 1,
        "revindex": length - index - 1,
    }
