"""Operators to closures: what stands between, before and around values."""

from __future__ import annotations

from tiercel.errors import ExpressionError
from tiercel.expressions import nodes
from tiercel.expressions.operators import BINARY, DIVISIONS, QUICK, SMALL, UNARY, boolean, concatenate
from tiercel.expressions.problems import Missing, located

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tiercel.expressions.evaluation import Evaluation
    from tiercel.expressions.runtime import Evaluate, Run


def unary(within: Evaluation, node: nodes.Unary) -> Evaluate:
    """Give what applies `not`, `-` or `+`."""
    operand, source, position = within.compiled(node.operand), within.source, node.position
    change = UNARY[node.operator]

    def apply(run: Run) -> Any:
        value = operand(run)
        try:
            return change(value)
        except ExpressionError as error:
            raise located(error, source, position) from error

    return apply


def binary(within: Evaluation, node: nodes.Binary) -> Evaluate:
    """Give what applies an operator; one that may not need its right side evaluates it only when it must."""
    if node.operator in _SHORTCUTS:
        return _SHORTCUTS[node.operator](within, node)
    operator, left, right = node.operator, within.compiled(node.left), within.compiled(node.right)
    source, position, operate = within.source, node.position, BINARY[operator]

    def slowly(one: Any, two: Any, run: Run) -> Any:
        try:
            return operate(one, two, run)
        except ExpressionError as error:
            raise located(error, source, position) from error

    if operator not in QUICK:
        return lambda run: slowly(left(run), right(run), run)
    known = node.right.value if isinstance(node.right, nodes.Literal) else None
    least, least_right = (-1, 0) if operator in DIVISIONS else (-SMALL, -SMALL)
    if type(known) is int and least_right < known < SMALL:
        return _beside_a_number(left, QUICK[operator], known, least, slowly)
    quick = QUICK[operator]

    def apply(run: Run) -> Any:
        one, two = left(run), right(run)
        # small whole numbers are what loops and conditions are made of
        if type(one) is int and type(two) is int and least < one < SMALL > two > least_right:
            return quick(one, two)
        return slowly(one, two, run)

    return apply


def _beside_a_number(
    left: Evaluate,
    quick: Callable[[int, int], Any],
    number: int,
    least: int,
    slowly: Callable[[Any, Any, Run], Any],
) -> Evaluate:
    """Give what applies an operator to a value and a small number that the template says."""

    def apply(run: Run) -> Any:
        one = left(run)
        if type(one) is int and least < one < SMALL:
            return quick(one, number)
        return slowly(one, number, run)

    return apply


def _logical(within: Evaluation, node: nodes.Binary) -> Evaluate:
    left, right = within.compiled(node.left), within.compiled(node.right)
    source, position, wanted = within.source, node.position, node.operator == "or"

    def apply(run: Run) -> bool:
        one = left(run)
        try:
            return wanted if boolean(one) is wanted else boolean(right(run))
        except ExpressionError as error:
            raise located(error, source, position) from error

    return apply


def _coalesced(within: Evaluation, node: nodes.Binary) -> Evaluate:
    left, right = within.compiled(node.left), within.compiled(node.right)

    def first_that_is_there(run: Run) -> Any:
        try:
            value = left(run)
        except Missing:
            value = None
        return right(run) if value is None else value

    return first_that_is_there


def _otherwise(within: Evaluation, node: nodes.Binary) -> Evaluate:
    left, right = within.compiled(node.left), within.compiled(node.right)

    def left_if_defined(run: Run) -> Any:
        try:
            return left(run)
        except Missing:
            return right(run)

    return left_if_defined


_SHORTCUTS: dict[str, Callable[[Evaluation, nodes.Binary], Evaluate]] = {
    "and": _logical,
    "or": _logical,
    "??": _coalesced,
    "???": _otherwise,
}


def lenient(evaluate: Evaluate) -> Evaluate:
    """Give what evaluates to null where a name is missing."""

    def value_or_null(run: Run) -> Any:
        try:
            return evaluate(run)
        except Missing:
            return None

    return value_or_null


def concatenation(within: Evaluation, node: nodes.Concatenation) -> Evaluate:
    """Give what puts texts together."""
    parts = tuple(within.compiled(part) for part in node.parts)
    source, position = within.source, node.position

    def join(run: Run) -> str:
        values = tuple([part(run) for part in parts])
        try:
            return concatenate(values, run)
        except ExpressionError as error:
            raise located(error, source, position) from error

    return join


def ternary(within: Evaluation, node: nodes.Ternary) -> Evaluate:
    """Give what evaluates one of two expressions."""
    condition, yes, no = (within.compiled(part) for part in (node.condition, node.yes, node.no))
    source, position = within.source, node.position

    def choose(run: Run) -> Any:
        value = condition(run)
        try:
            holds = boolean(value)
        except ExpressionError as error:
            raise located(error, source, position) from error
        return yes(run) if holds else no(run)

    return choose
