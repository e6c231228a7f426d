"""Expressions to closures: each takes the run and gives a plain value."""

from __future__ import annotations

from tiercel.errors import ExpressionError
from tiercel.expressions import combining, nodes
from tiercel.expressions.libraries import FILTERS, FUNCTIONS, TESTS
from tiercel.expressions.operations import PASSED_ON, refused
from tiercel.expressions.problems import Missing, known_instead, located
from tiercel.expressions.values import is_reference
from tiercel.expressions.walking import counts_in_longs

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from tiercel.expressions.operations import Operation
    from tiercel.expressions.runtime import Evaluate, Run


class Evaluation:
    """Compile the expressions of one template."""

    def __init__(self, source: str, macros: frozenset[str]) -> None:
        self.source = source
        self._macros = macros

    def compiled(self, node: nodes.Expression) -> Evaluate:
        """Give what evaluates a node."""
        match node:
            case nodes.Name():
                return self._name(node)
            case nodes.Literal(value):
                return lambda run: value
            case nodes.Attribute():
                return self._attribute(node)
            case nodes.Call():
                return self._call(node)
            case nodes.Filter():
                return self._filter(node)
            case nodes.Test():
                return self._test(node)
            case nodes.Method():
                return self._method(node)
            case nodes.Unary():
                return combining.unary(self, node)
            case nodes.Binary():
                return combining.binary(self, node)
            case nodes.Concatenation():
                return combining.concatenation(self, node)
            case nodes.Ternary():
                return combining.ternary(self, node)
            case nodes.ListLiteral():
                return self._list(node)
            case nodes.MapLiteral():
                return self._map(node)

    def _name(self, node: nodes.Name) -> Evaluate:
        name, source, position = node.name, self.source, node.position

        def variable(run: Run) -> Any:
            try:
                value = run.names[name]
            except KeyError:
                value = None
            if value is not None and (type(value) is not dict or not is_reference(value)):
                return value
            try:
                return run.lookup(name)
            except Missing as missing:
                raise missing.located(source, position) from None
            except ExpressionError as error:
                raise located(error, source, position) from error

        return variable

    def _attribute(self, node: nodes.Attribute) -> Evaluate:
        target, source, position = self.compiled(node.target), self.source, node.position
        path, key = _path(node.target), self.compiled(node.key)

        def attribute(run: Run) -> Any:
            holder, name = target(run), key(run)
            if type(holder) is dict and type(name) is str and name in holder:
                value = holder[name]
                if type(value) is not dict or not is_reference(value):
                    return value
            try:
                return run.attribute(holder, name, path)
            except Missing as missing:
                raise missing.located(source, position) from None
            except ExpressionError as error:
                raise located(error, source, position) from error

        return attribute

    def _method(self, node: nodes.Method) -> Evaluate:
        from tiercel.expressions.methods import called

        target, name, source, position = self.compiled(node.target), node.name, self.source, node.position
        values = tuple(self.compiled(argument) for argument in node.arguments)

        def call(run: Run) -> Any:
            holder = target(run)
            given = [value(run) for value in values]
            try:
                return called(run, holder, name, given)
            except ExpressionError as error:
                raise located(error, source, position) from error

        return call

    def _call(self, node: nodes.Call) -> Evaluate:
        if node.name in self._macros or node.name not in FUNCTIONS:
            return self._macro_call(node)
        return self._operation(FUNCTIONS.find(node.name), node.arguments, node.position, None)

    def _macro_call(self, node: nodes.Call) -> Evaluate:
        name, source, position = node.name, self.source, node.position
        positional = tuple(self.compiled(argument) for argument in node.arguments.positional)
        named = tuple((key, self.compiled(argument)) for key, argument in node.arguments.named)

        def call(run: Run) -> Any:
            try:
                macro = run.macros.get(name)
                if macro is None:
                    known = (*FUNCTIONS, *run.macros)
                    raise ExpressionError(f"Unknown function `{name}`{known_instead(name, known)}")
                values = tuple(argument(run) for argument in positional)
                return macro(run, values, {key: argument(run) for key, argument in named})
            except ExpressionError as error:
                raise located(error, source, position) from error

        return call

    def _filter(self, node: nodes.Filter) -> Evaluate:
        target = self.compiled(node.target)
        operation = self._found(FILTERS.find, node.name, node.position)
        if node.name == "className" and counts_in_longs(node.target):
            target = _as_long(target)
        return self._operation(
            operation,
            node.arguments,
            node.position,
            combining.lenient(target) if node.name == "default" else target,
        )

    def _test(self, node: nodes.Test) -> Evaluate:
        target = self.compiled(node.target)
        operation = self._found(TESTS.find, node.name, node.position)
        tested = combining.lenient(target) if node.name == "defined" else target
        check = self._operation(operation, node.arguments, node.position, tested)
        return (lambda run: not check(run)) if node.negated else check

    def _found(self, find: Callable[[str], Operation], name: str, position: int) -> Operation:
        try:
            return find(name)
        except ExpressionError as error:
            raise located(error, self.source, position) from error

    def _operation(
        self, operation: Operation, arguments: nodes.Arguments, position: int, target: Evaluate | None
    ) -> Evaluate:
        """Give what calls an operation: a filter or test when there is a target, a function otherwise."""
        source, call = self.source, operation.call
        values = tuple(self.compiled(argument) for argument in arguments.positional)
        values = values if target is None else (target, *values)
        try:
            keywords = operation.bound(len(arguments.positional), tuple(name for name, _ in arguments.named))
        except ExpressionError as error:
            raise located(error, source, position) from error
        named = tuple(zip(keywords, (self.compiled(value) for _, value in arguments.named), strict=True))

        def apply(run: Run) -> Any:
            given = [value(run) for value in values]
            try:
                run.budget.spend()
                if named:
                    result = call(run, *given, **{name: value(run) for name, value in named})
                else:
                    result = call(run, *given)
                if type(result) is str or type(result) is list:
                    run.budget.spend(len(result) >> 6)
                return result
            except ExpressionError as error:
                raise located(error, source, position) from error
            except PASSED_ON:
                raise
            except Exception as error:
                # an operation meets values of every kind: what it did not foresee is the author's to edit
                raise located(refused(operation, error), source, position) from error

        return apply

    def _list(self, node: nodes.ListLiteral) -> Evaluate:
        items = tuple(self.compiled(item) for item in node.items)
        return lambda run: [item(run) for item in items]

    def _map(self, node: nodes.MapLiteral) -> Evaluate:
        pairs = tuple((self.compiled(key), self.compiled(value)) for key, value in node.pairs)
        source, position = self.source, node.position

        def build(run: Run) -> dict[Any, Any]:
            built: dict[Any, Any] = {}
            for key, value in pairs:
                name = key(run)
                if isinstance(name, list | dict | set):
                    raise located(
                        ExpressionError("A map or list cannot be the key of a map"), source, position
                    )
                built[name] = value(run)
            return built

        return build


def _as_long(evaluate: Evaluate) -> Evaluate:
    from tiercel.expressions.filters.classes import Long

    def value_as_long(run: Run) -> Any:
        value = evaluate(run)
        return Long(value) if type(value) is int else value

    return value_as_long


def _path(node: nodes.Expression) -> str:
    """Write the path of a node for an error: `outputs.query`, or nothing where it is no plain path."""
    if isinstance(node, nodes.Name):
        return node.name
    if isinstance(node, nodes.Attribute) and (before := _path(node.target)):
        key = node.key.value if isinstance(node.key, nodes.Literal) else None
        if isinstance(key, str) and key.isidentifier():
            return f"{before}.{key}"
        return f"{before}[{key!r}]" if key is not None else f"{before}[…]"
    return ""
