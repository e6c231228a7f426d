"""Filters, functions and tests by name: found when a template is compiled, loaded when first used.

An operation is a plain function of the run and its values. Its Python parameters are the names that templates
use, `time_zone` standing for `timeZone` as well; the defaults say what may be left out.
"""

from __future__ import annotations

from tiercel.errors import ExpressionError, TiercelError
from tiercel.expressions.problems import Missing, known_instead

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from typing import Any

PACKAGE = "tiercel.expressions."
VARIADIC = 0x04


class Operation:
    """A function with the names of the arguments a template may give it."""

    __slots__ = ("aliases", "call", "parameters", "required", "title", "variadic")

    def __init__(self, call: Callable[..., Any], title: str, values: int) -> None:
        code = call.__code__
        self.call, self.title = call, title
        # the run comes first, and `values` values after it
        self.parameters = code.co_varnames[1 + values : code.co_argcount]
        self.aliases = {parameter: parameter for parameter in self.parameters}
        self.aliases.update({camel(parameter): parameter for parameter in self.parameters})
        self.required = max(len(self.parameters) - len(call.__defaults__ or ()), 0)
        self.variadic = bool(code.co_flags & VARIADIC)

    def bound(self, positional: int, named: tuple[str, ...]) -> tuple[str, ...]:
        """Check what a call gives, and say which keyword each named argument is."""
        if positional > len(self.parameters) and not self.variadic:
            expected = f"takes {self._listed()}" if self.parameters else "takes no argument"
            raise ExpressionError(
                f"{self.title} {expected}, but {positional} {'is' if positional == 1 else 'are'} given"
            )
        keywords = tuple(self._keyword(name) for name in named)
        given = {*self.parameters[:positional], *keywords}
        missing = [name for name in self.parameters[: self.required] if name not in given]
        if missing:
            raise ExpressionError(f"{self.title} needs the argument `{camel(missing[0])}`")
        return keywords

    def _keyword(self, name: str) -> str:
        if name not in self.aliases:
            known = {camel(parameter) for parameter in self.parameters}
            raise ExpressionError(f"{self.title} has no argument `{name}`{known_instead(name, known)}")
        return self.aliases[name]

    def _listed(self) -> str:
        return ", ".join(f"`{camel(name)}`" for name in self.parameters)


def camel(name: str) -> str:
    """Turn a Python name into the one that templates use."""
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)


class Library:
    """The operations of one kind: a table from their names to where they stand."""

    def __init__(self, kind: str, values: int, table: Mapping[str, str]) -> None:
        self.kind = kind
        self._values = values
        self._table = table
        self._loaded: dict[str, Operation] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._table

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def find(self, name: str) -> Operation:
        """Give the operation of this name."""
        if name not in self._loaded:
            if name not in self._table:
                raise ExpressionError(f"Unknown {self.kind} `{name}`{known_instead(name, self._table)}")
            module, _, function = self._table[name].partition(":")
            # what `importlib` wraps: the package alone costs more than a filter's module
            loaded = __import__(PACKAGE + module, fromlist=(function,))
            self._loaded[name] = Operation(
                getattr(loaded, function), f"The {self.kind} `{name}`", self._values
            )
        return self._loaded[name]


def refused(operation: Operation, error: Exception) -> ExpressionError:
    """Turn whatever an operation stumbled over into a sentence that names it and shows no value."""
    return ExpressionError(f"{operation.title} could not be applied: {type(error).__name__}")


PASSED_ON = (TiercelError, Missing, RecursionError)
