"""What a template may need: the paths it reads, found without rendering it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tiercel.errors import ExpressionError
from tiercel.expressions import nodes
from tiercel.expressions.parser import parse

DYNAMIC = Ellipsis
EVERYTHING = ("*",)
EVERYTHING_READERS = ("printContext", "fetchContext")
RENDERERS = ("render", "renderOnce")

if TYPE_CHECKING:
    from types import EllipsisType
    from typing import TypeAlias

    Path: TypeAlias = tuple[str | EllipsisType, ...]


def references_of(body: nodes.Body) -> frozenset[Path]:
    """Give the paths that a tree may read, from their roots; `("*",)` where it may read anything."""
    found = _Collector()
    found.body(body, frozenset())
    return frozenset(found.paths)


class _Collector:
    def __init__(self) -> None:
        self.paths: set[Path] = set()

    def body(self, body: nodes.Body, local: frozenset[str]) -> None:
        """Walk statements; a name that is surely set before counts as local from there on."""
        for node in body:
            local = self._statement(node, local)

    def _statement(self, node: nodes.Statement, local: frozenset[str]) -> frozenset[str]:
        match node:
            case nodes.Output(expression):
                self.expression(expression, local)
            case nodes.If():
                for condition, body in node.branches:
                    self.expression(condition, local)
                    self.body(body, local)
                self.body(node.otherwise, local)
            case nodes.For():
                self.expression(node.iterable, local)
                self.body(node.body, local | {node.name, "loop"})
                self.body(node.otherwise, local)
            case nodes.Set():
                self.expression(node.expression, local)
                return local | {node.name}
            case nodes.Macro():
                self._macro(node)
            case nodes.FilterBlock():
                self.body(node.body, local)
                for _, arguments, _ in node.filters:
                    self._arguments(arguments, local)
            case nodes.Block():
                # a block is rendered again by block(name), where what was set here may not be set
                self.body(node.body, frozenset())
        return local

    def _macro(self, node: nodes.Macro) -> None:
        for _, default in node.parameters:
            if default is not None:
                self.expression(default, frozenset())
        self.body(node.body, frozenset(name for name, _ in node.parameters))

    def expression(self, node: nodes.Expression, local: frozenset[str]) -> None:
        """Walk one expression."""
        match node:
            case nodes.Name() | nodes.Attribute():
                self._path(node, local)
            case nodes.Call():
                self._call(node, local)
            case _:
                for part in _parts(node):
                    self.expression(part, local)

    def _path(self, node: nodes.Name | nodes.Attribute, local: frozenset[str]) -> None:
        keys: list[str | EllipsisType] = []
        base: nodes.Expression = node
        while isinstance(base, nodes.Attribute):
            if isinstance(base.key, nodes.Literal) and isinstance(base.key.value, str | int):
                keys.append(str(base.key.value))
            else:
                keys.append(DYNAMIC)
                self.expression(base.key, local)
            base = base.target
        if not isinstance(base, nodes.Name):
            self.expression(base, local)
        elif base.name == "_context" and base.name not in local:
            self.paths.add(EVERYTHING)
        elif base.name not in local:
            self.paths.add((base.name, *reversed(keys)))

    def _call(self, node: nodes.Call, local: frozenset[str]) -> None:
        self._arguments(node.arguments, local)
        if node.name in EVERYTHING_READERS:
            self.paths.add(EVERYTHING)
        elif node.name == "currentEachOutput":
            self.paths |= {("taskrun", "value"), ("parents",)}
        elif node.name in RENDERERS:
            self._rendered(node, local)

    def _rendered(self, node: nodes.Call, local: frozenset[str]) -> None:
        """A literal rendered once needs what it names; anything else may come to need everything."""
        named = dict(node.arguments.named)
        what = node.arguments.positional[0] if node.arguments.positional else named.get("toRender")
        second = node.arguments.positional[1] if len(node.arguments.positional) > 1 else None
        once = node.name == "renderOnce" or _is_false(named.get("recursive", second))
        if once and isinstance(what, nodes.Literal):
            try:
                # names that are local here stay out of reach of this analysis, so they count as roots
                self.paths |= references_of(parse(str(what.value)))
            except ExpressionError:
                self.paths.add(EVERYTHING)
        else:
            self.paths.add(EVERYTHING)

    def _arguments(self, arguments: nodes.Arguments, local: frozenset[str]) -> None:
        for value in arguments.positional:
            self.expression(value, local)
        for _, value in arguments.named:
            self.expression(value, local)


def _is_false(node: nodes.Expression | None) -> bool:
    return isinstance(node, nodes.Literal) and node.value is False


def _parts(node: nodes.Expression) -> tuple[nodes.Expression, ...]:
    match node:
        case nodes.Filter() | nodes.Test():
            named = (value for _, value in node.arguments.named)
            return (node.target, *node.arguments.positional, *named)
        case nodes.Method():
            return (node.target, *node.arguments)
        case nodes.Unary():
            return (node.operand,)
        case nodes.Binary():
            return (node.left, node.right)
        case nodes.Concatenation():
            return node.parts
        case nodes.Ternary():
            return (node.condition, node.yes, node.no)
        case nodes.ListLiteral():
            return node.items
        case nodes.MapLiteral():
            return tuple(part for pair in node.pairs for part in pair)
    return ()
