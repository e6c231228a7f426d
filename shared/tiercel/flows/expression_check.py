"""Parse the expressions inside a YAML tree, and find the place of a fault in the source."""

import re
from typing import Any

from tiercel import expressions
from tiercel.errors import ExpressionError, Problem
from tiercel.flows.report import Report, join
from tiercel.flows.yaml_tree import ListNode, MapNode, Node, Scalar

MARKS = ("{{", "{%", "{#")


def is_template(value: Any) -> bool:
    """Say whether a value is a text with an expression in it."""
    return isinstance(value, str) and any(mark in value for mark in MARKS)


def check_expressions(report: Report, node: Node, path: str) -> None:
    """Parse every expression inside a value, keys included."""
    if isinstance(node, MapNode):
        for name, (key, value) in node.entries.items():
            check_expression(report, key, join(path, name))
            check_expressions(report, value, join(path, name))
    elif isinstance(node, ListNode):
        for index, item in enumerate(node.items):
            check_expressions(report, item, f"{path}[{index}]")
    else:
        check_expression(report, node, path)


def check_expression(report: Report, node: Scalar, path: str) -> None:
    """Parse one text as a template."""
    if not isinstance(node.value, str) or not is_template(node.value):
        return
    try:
        expressions.compile_template(node.value)
    except ExpressionError as error:
        line, column = place_in(report.source, node, error.line or 1, error.column or 1)
        report.expressions.append(Problem(error.message, path, line, column))


def place_in(source: str, node: Scalar, line: int, column: int) -> tuple[int, int]:
    """Give the place in the source of a place in a scalar's text, as exactly as its YAML style allows."""
    raw = source[node.start : node.end]
    if raw == node.text or (raw[:1] in ("'", '"') and raw[1:-1] == node.text):
        offset = node.start + (raw != node.text) + _offset(node.text, line, column)
    else:
        # folded, escaped or indented: find the same opening of an expression, they survive any style
        before = len(re.findall(r"\{[{%#]", node.text[: _offset(node.text, line, column) + 1])) or 1
        openings = [match.start() for match in re.finditer(r"\{[{%#]", raw)]
        offset = node.start + (openings[min(before, len(openings)) - 1] if openings else 0)
    begin = source.rfind("\n", 0, offset) + 1
    return source.count("\n", 0, offset) + 1, offset - begin + 1


def _offset(text: str, line: int, column: int) -> int:
    lines = text.split("\n")
    return sum(len(part) + 1 for part in lines[: line - 1]) + column - 1
