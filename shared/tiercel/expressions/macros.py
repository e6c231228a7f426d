"""Macros: a body with arguments of its own and nothing else in sight."""

from __future__ import annotations

from tiercel.errors import ExpressionError
from tiercel.expressions.problems import known_instead

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tiercel.expressions import nodes
    from tiercel.expressions.compiler import Compiler
    from tiercel.expressions.runtime import Run


class Macro:
    """One macro of a template."""

    __slots__ = ("_body", "_defaults", "_name", "_names")

    def __init__(self, compiler: Compiler, node: nodes.Macro) -> None:
        self._name = node.name
        self._names = tuple(parameter for parameter, _ in node.parameters)
        self._defaults = tuple(
            (parameter, None if default is None else compiler.expression(default))
            for parameter, default in node.parameters
        )
        self._body = compiler.body(node.body)

    def call(self, run: Run, positional: tuple[Any, ...], named: Mapping[str, Any]) -> str:
        """Render the body; a parameter that is not given has its default, or is null."""
        given = self._given(positional, named)
        scope = {
            key: given[key] if key in given else default and default(run) for key, default in self._defaults
        }
        outside, out = (run.names, run.own), list[str]()
        run.budget.spend()
        run.budget.enter()
        run.names, run.own = scope, None
        try:
            self._body(run, out)
        finally:
            run.names, run.own = outside
            run.budget.leave()
        return run.joined(out)

    def _given(self, positional: tuple[Any, ...], named: Mapping[str, Any]) -> dict[str, Any]:
        if len(positional) > len(self._names):
            raise ExpressionError(
                f"The macro `{self._name}` takes {len(self._names)} arguments, not {len(positional)}"
            )
        for key in named:
            if key not in self._names:
                raise ExpressionError(
                    f"The macro `{self._name}` has no argument `{key}`{known_instead(key, self._names)}"
                )
        return {**dict(zip(self._names, positional, strict=False)), **named}
