"""Errors that say what happens next: edit the flow, the answer is no, the world was busy, our bug."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from datetime import datetime
    from typing import Any


class Problem:
    """One thing an author must edit, with its place.

    `path` is the property path as an author would write it (`tasks[0].message`); `line` and `column` count
    from 1 and are None where the text is not at hand. It is written out because what would write it, and
    `typing` with it, costs more than the whole expression language.
    """

    __slots__ = ("column", "echo", "line", "message", "path")

    def __init__(
        self,
        message: str,
        path: str = "",
        line: int | None = None,
        column: int | None = None,
        echo: bool = False,
    ) -> None:
        self.message = message
        self.path = path
        self.line = line
        self.column = column
        self.echo = echo

    def as_dict(self) -> dict[str, Any]:
        """Give its parts by name."""
        return {name: getattr(self, name) for name in ("message", "path", "line", "column", "echo")}

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Problem) and self.as_dict() == other.as_dict()

    def __hash__(self) -> int:
        return hash((self.message, self.path, self.line, self.column, self.echo))

    def __repr__(self) -> str:
        return f"Problem({self.message!r}, {self.path!r}, {self.line}, {self.column}, {self.echo})"

    def __str__(self) -> str:
        place = f"line {self.line}, column {self.column}: " if self.line is not None else ""
        where = f"{self.path}: " if self.path else ""
        return f"{place}{where}{self.message}"


class TiercelError(Exception):
    """A failure that has been understood: its text is a sentence for the person who can act on it."""


class InvalidFlow(TiercelError):
    """The author must edit the flow; trying again changes nothing, so it is never retried."""

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems or (Problem(message),)


class UnknownPlugin(InvalidFlow):
    """The task type belongs to no installed family."""


class InvalidParameters(InvalidFlow):
    """A task's properties do not fit its schema, before or after rendering."""


class ExpressionError(InvalidFlow):
    """An expression cannot be read or evaluated; `line` and `column` point into the template, from 1."""

    def __init__(
        self, message: str, *, line: int | None = None, column: int | None = None, template: str = ""
    ) -> None:
        super().__init__(message, (Problem(message, line=line, column=column),))
        self.message = message
        self.line = line
        self.column = column
        self.template = template

    def __str__(self) -> str:
        if self.line is None:
            return self.message
        return f"{self.message} (line {self.line}, column {self.column})"


class TaskFailed(TiercelError):
    """The task ran and the answer is no (exit code, SQL error, HTTP 4xx); the flow's own retry applies.

    `data`: outputs to keep although the task failed.
    """

    def __init__(self, message: str, *, data: dict[str, Any] | None = None) -> None:
        super().__init__(message)
        self.data = data or {}


class Retriable(TaskFailed):
    """The world was busy (429, 5xx, a lost connection); the flow's retry applies, after `retry_after` s."""

    def __init__(
        self, message: str, *, retry_after: float | None = None, data: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message, data=data)
        self.retry_after = retry_after


class Signal(TiercelError):
    """Not a failure: a change of state that costs no attempt."""


class Snooze(Signal):
    """Run this task again at `until`; no attempt is spent."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


class Cancelled(Signal):
    """The deadline passed or the caller went away; the task was told to stop."""

    def __init__(self, reason: str = "the task was cancelled") -> None:
        super().__init__(reason)
        self.reason = reason


class Killed(Signal):
    """Somebody killed the execution."""

    def __init__(self, reason: str = "the execution was killed") -> None:
        super().__init__(reason)
        self.reason = reason
