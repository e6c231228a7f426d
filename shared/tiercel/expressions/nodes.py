"""The tree of a template: small frozen nodes, each with the offset it came from."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, ClassVar, NoReturn, TypeAlias, dataclass_transform
else:

    def dataclass_transform(frozen_default):
        """Stand in for what only a type checker needs."""
        return lambda decorated: decorated


@dataclass_transform(frozen_default=True)
class Node:
    """A frozen record of its annotated fields.

    Twenty dataclasses cost 8 ms to define, and recursive named tuples are more than mypy can chew.
    """

    fields: ClassVar[tuple[str, ...]] = ()
    __match_args__ = ()

    def __init_subclass__(cls) -> None:
        cls.fields = cls.__match_args__ = tuple(cls.__annotations__)  # type: ignore[misc,assignment]

    def __init__(self, *values: Any) -> None:
        self.__dict__.update(zip(self.fields, values, strict=True))

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise AttributeError(f"{type(self).__name__} is frozen")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(repr(value) for value in self.__dict__.values())})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        return hash(tuple(self.__dict__.values()))


class Literal(Node):
    """A value written in the template."""

    value: Any
    position: int


class Name(Node):
    """A variable."""

    name: str
    position: int


class Attribute(Node):
    """`target.key` or `target[key]`."""

    target: Expression
    key: Expression
    position: int


class Arguments(Node):
    """What stands between the parentheses of a call."""

    positional: tuple[Expression, ...]
    named: tuple[tuple[str, Expression], ...]


class Call(Node):
    """A function or a macro, called."""

    name: str
    arguments: Arguments
    position: int


class Method(Node):
    """`target.name(arguments)`: one of the few methods that plain values have."""

    target: Expression
    name: str
    arguments: tuple[Expression, ...]
    position: int


class Filter(Node):
    """`target | name(arguments)`."""

    target: Expression
    name: str
    arguments: Arguments
    position: int


class Test(Node):
    """`target is name(arguments)` or `target is not …`."""

    target: Expression
    name: str
    arguments: Arguments
    negated: bool
    position: int


class Unary(Node):
    """`not`, `-` or `+` before a value."""

    operator: str
    operand: Expression
    position: int


class Binary(Node):
    """Two values and the operator between them."""

    operator: str
    left: Expression
    right: Expression
    position: int


class Concatenation(Node):
    """`a ~ b ~ c`, or a string with `#{…}` inside."""

    parts: tuple[Expression, ...]
    position: int


class Ternary(Node):
    """`condition ? yes : no`."""

    condition: Expression
    yes: Expression
    no: Expression
    position: int


class ListLiteral(Node):
    """`[a, b]`."""

    items: tuple[Expression, ...]
    position: int


class MapLiteral(Node):
    """`{key: value}`; keys are expressions too."""

    pairs: tuple[tuple[Expression, Expression], ...]
    position: int


class Text(Node):
    """Text outside of any delimiter."""

    text: str


class Raw(Node):
    """The content of `{% raw %}`: text that no later rendering may touch."""

    text: str


class Output(Node):
    """`{{ expression }}`."""

    expression: Expression
    position: int


class If(Node):
    """`{% if %}` with its `elseif` branches and its `else`."""

    branches: tuple[tuple[Expression, Body], ...]
    otherwise: Body
    position: int


class For(Node):
    """`{% for name in iterable %}` with the `else` of an empty iterable."""

    name: str
    iterable: Expression
    body: Body
    otherwise: Body
    position: int


class Set(Node):
    """`{% set name = expression %}`."""

    name: str
    expression: Expression
    position: int


class Macro(Node):
    """`{% macro name(parameters) %}`; a parameter without a default is null when left out."""

    name: str
    parameters: tuple[tuple[str, Expression | None], ...]
    body: Body
    position: int


class FilterBlock(Node):
    """`{% filter a | b %}`."""

    filters: tuple[tuple[str, Arguments, int], ...]
    body: Body
    position: int


class Block(Node):
    """`{% block name %}`: rendered in place, and again by `block(name)`."""

    name: str
    body: Body
    position: int


if TYPE_CHECKING:
    Expression: TypeAlias = (
        Literal
        | Name
        | Attribute
        | Call
        | Method
        | Filter
        | Test
        | Unary
        | Binary
        | Concatenation
        | Ternary
        | ListLiteral
        | MapLiteral
    )
    Statement: TypeAlias = Text | Raw | Output | If | For | Set | Macro | FilterBlock | Block
    Body: TypeAlias = tuple[Statement, ...]
