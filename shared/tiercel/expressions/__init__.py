"""The expression language: Kestra's dialect of Pebble, by a closed evaluator over plain data."""

from __future__ import annotations

from tiercel.errors import ExpressionError
from tiercel.expressions.budget import Budget
from tiercel.expressions.lexer import is_template
from tiercel.expressions.problems import explain
from tiercel.expressions.template import Template, compile_template, evaluate, render, render_deep
from tiercel.expressions.values import truthy

# what is only needed to check types is not imported: `typing` alone costs as much as this whole package
TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import EllipsisType
    from typing import Any

    from tiercel.expressions.arithmetic import Float32
    from tiercel.expressions.services import NoServices, Services

DYNAMIC = Ellipsis
"""Stands in a path for an index that is only known when the template is rendered."""


def references(text: str) -> frozenset[tuple[str | EllipsisType, ...]]:
    """Give the paths that a text may need: `("outputs", "query", "rows")`, `...` for a dynamic index.

    A root that is used whole stands alone, `("outputs",)`; `("*",)` means that it may read anything.
    """
    return compile_template(text).references if is_template(text) else frozenset()


def __getattr__(name: str) -> Any:
    """Import what templates without services and fractions never need."""
    match name:
        case "Float32":
            from tiercel.expressions.arithmetic import Float32

            return Float32
        case "NoServices" | "Services":
            from tiercel.expressions import services

            return getattr(services, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


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
