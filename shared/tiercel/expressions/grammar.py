"""Tokens to expressions, by Pebble's operator precedence."""

from __future__ import annotations

from tiercel.errors import ExpressionError
from tiercel.expressions.lexer import END, NAME, NUMBER, PUNCTUATION
from tiercel.expressions.nodes import (
    Arguments,
    Attribute,
    Binary,
    Call,
    Concatenation,
    Filter,
    ListLiteral,
    Literal,
    MapLiteral,
    Method,
    Name,
    Ternary,
    Test,
    Unary,
)
from tiercel.expressions.precedence import (
    BINARY,
    CONSTANTS,
    IS,
    LOWEST,
    MOST_DIGITS,
    NOT,
    OTHER_WORDS,
    PIPE,
    SIGN,
)
from tiercel.expressions.problems import located

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from tiercel.expressions.lexer import Token
    from tiercel.expressions.nodes import Expression


class ExpressionParser:
    """Read one expression after another from the tokens between two delimiters."""

    def __init__(self, source: str, tokens: tuple[Token, ...]) -> None:
        self._source = source
        self._tokens = tokens
        self._index = 0

    @property
    def current(self) -> Token:
        """Give the token to read next."""
        return self._tokens[self._index]

    @property
    def previous(self) -> str:
        """Give the text of the token just read."""
        return self._tokens[self._index - 1].value

    def fail(self, message: str, position: int | None = None) -> NoReturn:
        """Raise an error at the current token."""
        place = self.current.position if position is None else position
        raise located(ExpressionError(message), self._source, place)

    def advance(self) -> Token:
        """Take the current token."""
        token = self.current
        if token.kind != END:
            self._index += 1
        return token

    def accept(self, symbol: str) -> bool:
        """Take the current token if it is this symbol."""
        if self.current.kind == PUNCTUATION and self.current.value == symbol:
            self._index += 1
            return True
        return False

    def symbol(self, symbol: str) -> None:
        """Take this symbol, which must be here."""
        if not self.accept(symbol):
            self.fail(f"Expected `{symbol}`, found {self._found()}")

    def word(self, word: str) -> None:
        """Take this word, which must be here."""
        if self.current.kind != NAME or self.advance().value != word:
            self.fail(f"Expected `{word}`, found {self._found()}")

    def name(self, what: str) -> str:
        """Take a name, which must be here."""
        if self.current.kind != NAME:
            self.fail(f"Expected {what}, found {self._found()}")
        return self.advance().value

    def expect_end(self) -> None:
        """Refuse anything that is left."""
        if self.current.kind != END:
            hint = OTHER_WORDS.get(self.current.value, "")
            self.fail(f"Expected `{self._tokens[-1].value}`, found {self._found()}{hint}")

    def _found(self) -> str:
        token = self.current
        return f"the end `{token.value}`" if token.kind == END else f"`{token.value}`"

    def expression(self, lowest: int = LOWEST) -> Expression:
        """Read an expression whose operators bind at least as tightly as `lowest`."""
        left = self._prefixed()
        while (found := self._operator()) is not None:
            operator, precedence, length = found
            if precedence < lowest:
                break
            position = self.current.position
            self._index += length
            left = self._applied(left, operator, precedence, position)
        if lowest == LOWEST and self.current.value == "?" and self.current.kind == PUNCTUATION:
            return self._ternary(left)
        return left

    def _operator(self) -> tuple[str, int, int] | None:
        """Give the operator here, its precedence, and how many tokens it takes."""
        token = self.current
        if token.kind not in (NAME, PUNCTUATION):
            return None
        if token.value == "|":
            return "|", PIPE, 1
        if token.value == "is" and token.kind == NAME:
            following = self._tokens[self._index + 1]
            negated = following.kind == NAME and following.value == "not"
            return ("is not", IS, 2) if negated else ("is", IS, 1)
        if token.value in ("starts", "ends"):
            following = self._tokens[self._index + 1]
            phrase = f"{token.value} {following.value}"
            return (phrase, BINARY[phrase], 2) if phrase in BINARY else None
        precedence = BINARY.get(token.value)
        return None if precedence is None else (token.value, precedence, 1)

    def _applied(self, left: Expression, operator: str, precedence: int, position: int) -> Expression:
        if operator == "|":
            return self.filter(left)
        if operator in ("is", "is not"):
            return self._test(left, operator == "is not")
        right = self.expression(precedence + 1)
        if operator != "~":
            return Binary(operator, left, right, position)
        # one node for the whole chain: a long one must not nest deeply
        if isinstance(left, Concatenation):
            return Concatenation((*left.parts, right), left.position)
        return Concatenation((left, right), position)

    def _ternary(self, condition: Expression) -> Ternary:
        position = self.advance().position
        yes = self.expression()
        self.symbol(":")
        return Ternary(condition, yes, self.expression(), position)

    def filter(self, target: Expression | None) -> Filter:
        """Read a filter's name and arguments."""
        position = self.current.position
        name = self.name("the name of a filter")
        return Filter(target or Literal(None, position), name, self._optional_arguments(), position)

    def _test(self, target: Expression, negated: bool) -> Test:
        position = self.current.position
        name = self.name("the name of a test")
        return Test(target, name, self._optional_arguments(), negated, position)

    def _prefixed(self) -> Expression:
        token = self.current
        if token.kind == NAME and token.value == "not":
            self.advance()
            return Unary("not", self.expression(NOT), token.position)
        if token.kind == PUNCTUATION and token.value in "+-":
            self.advance()
            return Unary(token.value, self.expression(SIGN), token.position)
        return self._postfixed(self._primary())

    def _postfixed(self, target: Expression) -> Expression:
        while self.current.kind == PUNCTUATION:
            position = self.current.position
            if self.accept("."):
                target = self._dotted(target, position)
            elif self.accept("["):
                key = self.expression()
                self.symbol("]")
                target = Attribute(target, key, position)
            else:
                break
        return target

    def _method(self, target: Expression, name: str, position: int) -> Method:
        arguments = self._optional_arguments()
        if arguments.named:
            self.fail(f"The method `{name}` takes its arguments without names", position)
        return Method(target, name, arguments.positional, position)

    def _dotted(self, target: Expression, position: int) -> Attribute | Method:
        token = self.current
        if token.kind not in (NAME, NUMBER):
            self.fail(f"Expected the name of an attribute after `.`, found {self._found()}")
        self.advance()
        if self.current.kind == PUNCTUATION and self.current.value == "(":
            return self._method(target, token.value, position)
        return Attribute(target, Literal(token.value, token.position), position)

    def _primary(self) -> Expression:
        token = self.current
        match token.kind:
            case "string":
                self.advance()
                return self._string(token)
            case "number":
                self.advance()
                return Literal(self._number(token), token.position)
            case "name":
                self.advance()
                return self._named(token)
        if self.accept("("):
            inner = self.expression()
            self.symbol(")")
            return inner
        if self.accept("["):
            return self._list(token.position)
        if self.accept("{"):
            return self._map(token.position)
        self.fail(f"Expected a value, found {self._found()}")

    def _named(self, token: Token) -> Expression:
        if self.current.kind == PUNCTUATION and self.current.value == "(":
            return Call(token.value, self._optional_arguments(), token.position)
        if token.value in CONSTANTS:
            return Literal(CONSTANTS[token.value], token.position)
        return Name(token.value, token.position)

    def _number(self, token: Token) -> int | float:
        if len(token.value) > MOST_DIGITS:
            self.fail(f"This number has more than {MOST_DIGITS} digits", token.position)
        text = token.value.rstrip("lL")
        if text.isdecimal():
            return int(text)
        number = float(text)
        if number == float("inf"):
            self.fail(f"The number {text} is too large", token.position)
        return number

    def _string(self, token: Token) -> Expression:
        if not token.parts:
            return Literal(token.value, token.position)
        parts: list[Expression] = []
        for part in token.parts:
            if isinstance(part, str):
                parts.append(Literal(part, token.position))
                continue
            inner = ExpressionParser(self._source, part)
            parts.append(inner.expression())
            inner.expect_end()
        return Concatenation(tuple(parts), token.position)

    def _list(self, position: int) -> ListLiteral:
        items: list[Expression] = []
        while not self.accept("]"):
            items.append(self.expression())
            if not self.accept(","):
                self.symbol("]")
                break
        return ListLiteral(tuple(items), position)

    def _map(self, position: int) -> MapLiteral:
        pairs: list[tuple[Expression, Expression]] = []
        while not self.accept("}"):
            key = self.expression()
            self.symbol(":")
            pairs.append((key, self.expression()))
            if not self.accept(","):
                self.symbol("}")
                break
        return MapLiteral(tuple(pairs), position)

    def _optional_arguments(self) -> Arguments:
        if not self.accept("("):
            return Arguments((), ())
        positional: list[Expression] = []
        named: list[tuple[str, Expression]] = []
        while not self.accept(")"):
            if self._is_named_argument():
                named.append((self.advance().value, self._after_equals()))
            elif named:
                self.fail("An argument without a name cannot follow one with a name")
            else:
                positional.append(self.expression())
            if not self.accept(","):
                self.symbol(")")
                break
        return Arguments(tuple(positional), tuple(named))

    def _is_named_argument(self) -> bool:
        following = self._tokens[min(self._index + 1, len(self._tokens) - 1)]
        return self.current.kind == NAME and following.kind == PUNCTUATION and following.value == "="

    def _after_equals(self) -> Expression:
        self.symbol("=")
        return self.expression()
