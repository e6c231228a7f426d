"""What a tree holds: the bodies inside a statement, the macros it declares, the names it mentions."""

from __future__ import annotations

from tiercel.expressions import nodes

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def bodies(node: nodes.Statement) -> tuple[nodes.Body, ...]:
    """Give the bodies inside a statement."""
    match node:
        case nodes.If():
            return (*(body for _, body in node.branches), node.otherwise)
        case nodes.For():
            return (node.body, node.otherwise)
        case nodes.Macro() | nodes.FilterBlock() | nodes.Block():
            return (node.body,)
    return ()


def macro_names(body: nodes.Body) -> frozenset[str]:
    """Give the names of the macros that a body declares, however deep."""
    names: set[str] = set()
    for node in body:
        if isinstance(node, nodes.Macro):
            names.add(node.name)
        for inner in bodies(node):
            names |= macro_names(inner)
    return frozenset(names)


def statements_in(body: nodes.Body) -> int:
    """Count the statements of a body; a loop inside counts as one, since it pays for its own turns."""
    total = len(body)
    for node in body:
        if not isinstance(node, nodes.For):
            total += sum(statements_in(inner) for inner in bodies(node))
    return total


def counts_in_longs(node: nodes.Expression) -> bool:
    """Say whether an expression is a Long in Java: a literal, a timestamp, what is calculated with one."""
    match node:
        case nodes.Filter(_, name, arguments):
            wanted = (*arguments.positional, *(value for _, value in arguments.named))
            longs = (isinstance(one, nodes.Literal) and one.value == "LONG" for one in wanted)
            return name.startswith("timestamp") or (name == "number" and any(longs))
        case nodes.Literal(value):
            return type(value) is int
        case nodes.Unary("-" | "+", operand):
            return counts_in_longs(operand)
        case nodes.Binary("+" | "-" | "*" | "/" | "%", left, right):
            return counts_in_longs(left) or counts_in_longs(right)
    return False


def may_see_loop(tree: Any) -> bool:
    """Say whether `loop` can be reached: by its name, or by what shows or renders everything."""
    if isinstance(tree, nodes.Name):
        return tree.name in ("loop", "_context")
    if isinstance(tree, nodes.Call):
        return True
    parts = tree if isinstance(tree, tuple) else vars(tree).values() if isinstance(tree, nodes.Node) else ()
    return any(may_see_loop(part) for part in parts)
