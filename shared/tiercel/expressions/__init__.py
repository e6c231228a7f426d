"""The expression language: Kestra's dialect of Pebble, by a closed evaluator over plain data."""

from types import EllipsisType

from tiercel.errors import ExpressionError
from tiercel.expressions.budget import Budget
from tiercel.expressions.lexer import is_template
from tiercel.expressions.numbers import Float32
from tiercel.expressions.problems import explain
from tiercel.expressions.services import NoServices, Services
from tiercel.expressions.template import Template, compile_template, evaluate, render, render_deep
from tiercel.expressions.values import truthy

DYNAMIC = Ellipsis
"""Stands in a path for an index that is only known when the template is rendered."""


def references(text: str) -> frozenset[tuple[str | EllipsisType, ...]]:
    """Give the paths that a text may need: `("outputs", "query", "rows")`, `...` for a dynamic index.

    A root that is used whole stands alone, `("outputs",)`; `("*",)` means that it may read anything.
    """
    return compile_template(text).references if is_template(text) else frozenset()


__all__ = [
    "DYNAMIC",
    "Budget",
    "ExpressionError",
    "Float32",
    "NoServices",
    "Services",
    "Template",
    "compile_template",
    "evaluate",
    "explain",
    "is_template",
    "references",
    "render",
    "render_deep",
    "truthy",
]
