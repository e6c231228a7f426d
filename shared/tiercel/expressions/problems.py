"""Errors inside the language: where they happened, and what is known instead."""

from __future__ import annotations

from tiercel.errors import ExpressionError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Any

MOST_NAMES_SHOWN = 8
MOST_CHARACTERS_QUOTED = 100


class Missing(Exception):
    """A name that is not there; `??`, `is defined` and `default` catch it, outside it is an ExpressionError.

    Its sentence is written only when nobody caught it: looking for the nearest name is not cheap.
    """

    def __init__(self, path: str, name: str, container: Any) -> None:
        super().__init__(path)
        self.path = path
        self.name = name
        self.container = container
        self.source = ""
        self.position = -1

    def located(self, source: str, position: int) -> Missing:
        """Remember the place, unless an inner template already did."""
        if self.position < 0:
            self.source, self.position = source, position
        return self

    def explained(self) -> ExpressionError:
        """Write the sentence for the author."""
        expression = expression_at(self.source, self.position)
        message = f"Unable to find `{self.path}` used in the expression{expression}{self._reason()}"
        return located(ExpressionError(message), self.source, self.position)

    def _reason(self) -> str:
        container = self.container
        if isinstance(container, dict):
            return known_instead(self.name, (str(key) for key in container))
        if isinstance(container, (list, tuple, set, frozenset)) and self.name:
            return ": a list has items by number, and no attributes; `| length` counts them"
        if isinstance(container, (list, tuple, set, frozenset)):
            return f": the list has {len(container)} items, counted from 0"
        if container is None:
            return ": what stands before it is null"
        if isinstance(container, str):
            return ": what stands before it is a text; `fromJson(…)` makes a map or list of JSON"
        return ": what stands before it has no attributes"


def expression_at(source: str, position: int) -> str:
    """Quote the `{{ … }}` around an offset, or nothing where there is none or it is long."""
    start, end = source.rfind("{{", 0, position + 1), source.find("}}", position)
    found = source[start : end + 2] if 0 <= start < end else ""
    return f" `{found}`" if found and len(found) <= MOST_CHARACTERS_QUOTED else ""


def line_and_column(source: str, position: int) -> tuple[int, int]:
    """Give the place of an offset, both counted from 1."""
    return source.count("\n", 0, position) + 1, position - source.rfind("\n", 0, position)


def located(error: ExpressionError, source: str, position: int) -> ExpressionError:
    """Give the error its place, unless it already has one."""
    if error.line is not None or position < 0:
        return error
    line, column = line_and_column(source, position)
    return ExpressionError(error.message, line=line, column=column, template=source)


def too_deep() -> ExpressionError:
    """Say that there is no room for another level."""
    return ExpressionError("The expression or its value is nested too deeply")


def known_instead(name: str, known: Iterable[str]) -> str:
    """Say what is close to `name`, and what is known."""
    names = sorted(known)
    if not names:
        return ": nothing is known here"
    from tiercel.expressions.suggestions import nearest

    close = nearest(name, names)
    shown = ", ".join(names[:MOST_NAMES_SHOWN]) + (", …" if len(names) > MOST_NAMES_SHOWN else "")
    return f": did you mean `{close}`? known: {shown}" if close else f"; known: {shown}"


def explain(error: ExpressionError) -> str:
    """Write the error for a terminal: its sentence, the line of the template and a caret below the column."""
    if error.line is None or error.column is None:
        return str(error)
    line = error.template.split("\n")[error.line - 1]
    start = max(0, error.column - 60)
    return f"{error}\n  {line[start : start + 100]}\n  {' ' * (error.column - 1 - start)}^"
