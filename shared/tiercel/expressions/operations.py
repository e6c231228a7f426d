"""Filters, functions and tests by name: found when a template is compiled, loaded when first used.

An operation is a plain function of the run and its values. Its Python parameters are the names that templates
use, `time_zone` standing for `timeZone` as well; the defaults say what may be left out.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, NamedTuple

from tiercel.errors import ExpressionError, TiercelError
from tiercel.expressions.problems import Missing, known_instead

PACKAGE = "tiercel.expressions."
VARIADIC = 0x04

Names = Mapping[str, str]


class Operation(NamedTuple):
    """A function with the names of the arguments a template may give it."""

    call: Callable[..., Any]
    title: str
    parameters: tuple[str, ...]
    aliases: dict[str, str]
    required: int
    variadic: bool

    def bound(self, positional: int, named: tuple[str, ...]) -> tuple[str, ...]:
        """Check what a call gives, and say which keyword each named argument is."""
        if positional > len(self.parameters) and not self.variadic:
            expected = f"takes {self._listed()}" if self.parameters else "takes no argument"
            raise ExpressionError(f"{self.title} {expected}, but {positional} are given")
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


def described(call: Callable[..., Any], title: str, values: int) -> Operation:
    """Read a function's parameters; the first ones are the run and `values` values."""
    code = call.__code__
    parameters = code.co_varnames[1 + values : code.co_argcount]
    aliases = {parameter: parameter for parameter in parameters}
    aliases.update({camel(parameter): parameter for parameter in parameters})
    required = len(parameters) - len(call.__defaults__ or ())
    return Operation(call, title, parameters, aliases, max(required, 0), bool(code.co_flags & VARIADIC))


class Library:
    """The operations of one kind: a table from their names to where they stand."""

    def __init__(self, kind: str, values: int, table: Names) -> None:
        self.kind = kind
        self._values = values
        self._table = table
        self._loaded: dict[str, Operation] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._table

    def __iter__(self) -> Any:
        return iter(self._table)

    def find(self, name: str) -> Operation:
        """Give the operation of this name."""
        if name not in self._loaded:
            if name not in self._table:
                raise ExpressionError(f"Unknown {self.kind} `{name}`{known_instead(name, self._table)}")
            module, _, function = self._table[name].partition(":")
            call = getattr(import_module(PACKAGE + module), function)
            self._loaded[name] = described(call, f"The {self.kind} `{name}`", self._values)
        return self._loaded[name]


def refused(operation: Operation, error: Exception) -> ExpressionError:
    """Turn whatever an operation stumbled over into a sentence that names it and shows no value."""
    return ExpressionError(f"{operation.title} could not be applied: {type(error).__name__}")


PASSED_ON = (TiercelError, Missing, RecursionError)
