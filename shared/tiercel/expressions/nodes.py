"""The tree of a template: small frozen tuples, each with the offset it came from."""

from typing import Any, NamedTuple, TypeAlias


class Literal(NamedTuple):
    """A value written in the template."""

    value: Any
    position: int


class Name(NamedTuple):
    """A variable."""

    name: str
    position: int


class Attribute(NamedTuple):
    """`target.key` or `target[key]`."""

    target: "Expression"
    key: "Expression"
    position: int


class Arguments(NamedTuple):
    """What stands between the parentheses of a call."""

    positional: "tuple[Expression, ...]" = ()
    named: "tuple[tuple[str, Expression], ...]" = ()


class Call(NamedTuple):
    """A function or a macro, called."""

    name: str
    arguments: Arguments
    position: int


class Filter(NamedTuple):
    """`target | name(arguments)`."""

    target: "Expression"
    name: str
    arguments: Arguments
    position: int


class Test(NamedTuple):
    """`target is name(arguments)` or `target is not …`."""

    target: "Expression"
    name: str
    arguments: Arguments
    negated: bool
    position: int


class Unary(NamedTuple):
    """`not`, `-` or `+` before a value."""

    operator: str
    operand: "Expression"
    position: int


class Binary(NamedTuple):
    """Two values and the operator between them."""

    operator: str
    left: "Expression"
    right: "Expression"
    position: int


class Concatenation(NamedTuple):
    """`a ~ b ~ c`, or a string with `#{…}` inside."""

    parts: "tuple[Expression, ...]"
    position: int


class Ternary(NamedTuple):
    """`condition ? yes : no`."""

    condition: "Expression"
    yes: "Expression"
    no: "Expression"
    position: int


class ListLiteral(NamedTuple):
    """`[a, b]`."""

    items: "tuple[Expression, ...]"
    position: int


class MapLiteral(NamedTuple):
    """`{key: value}`; keys are expressions too."""

    pairs: "tuple[tuple[Expression, Expression], ...]"
    position: int


Expression: TypeAlias = (
    Literal
    | Name
    | Attribute
    | Call
    | Filter
    | Test
    | Unary
    | Binary
    | Concatenation
    | Ternary
    | ListLiteral
    | MapLiteral
)


class Text(NamedTuple):
    """Text outside of any delimiter."""

    text: str


class Raw(NamedTuple):
    """The content of `{% raw %}`: text that no later rendering may touch."""

    text: str


class Output(NamedTuple):
    """`{{ expression }}`."""

    expression: Expression
    position: int


class If(NamedTuple):
    """`{% if %}` with its `elseif` branches and its `else`."""

    branches: "tuple[tuple[Expression, Body], ...]"
    otherwise: "Body"
    position: int


class For(NamedTuple):
    """`{% for name in iterable %}` with the `else` of an empty iterable."""

    name: str
    iterable: Expression
    body: "Body"
    otherwise: "Body"
    position: int


class Set(NamedTuple):
    """`{% set name = expression %}`."""

    name: str
    expression: Expression
    position: int


class Macro(NamedTuple):
    """`{% macro name(parameters) %}`; a parameter without a default is null when left out."""

    name: str
    parameters: "tuple[tuple[str, Expression | None], ...]"
    body: "Body"
    position: int


class FilterBlock(NamedTuple):
    """`{% filter a | b %}`."""

    filters: "tuple[tuple[str, Arguments, int], ...]"
    body: "Body"
    position: int


class Block(NamedTuple):
    """`{% block name %}`: rendered in place, and again by `block(name)`."""

    name: str
    body: "Body"
    position: int


Statement: TypeAlias = Text | Raw | Output | If | For | Set | Macro | FilterBlock | Block
Body: TypeAlias = tuple[Statement, ...]
