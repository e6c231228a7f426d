"""Segments to tree: statements and their bodies; expressions stand in `grammar`."""

from __future__ import annotations

from tiercel.errors import ExpressionError
from tiercel.expressions import lexer
from tiercel.expressions.grammar import ExpressionParser
from tiercel.expressions.nodes import (
    Block,
    Filter,
    FilterBlock,
    For,
    If,
    Macro,
    Output,
    Raw,
    Set,
    Text,
)
from tiercel.expressions.problems import known_instead, located, too_deep

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn

    from tiercel.expressions.nodes import Arguments, Body, Expression, Statement

TAGS = ("block", "filter", "for", "if", "macro", "raw", "set", "verbatim")
ENDINGS = ("else", "elseif", "endblock", "endfilter", "endfor", "endif", "endmacro")
LEFT_OUT = ("autoescape", "cache", "embed", "extends", "flush", "from", "import", "include", "parallel")


def parse(source: str) -> Body:
    """Give the tree of a template."""
    return Parser(source).template()


class Parser:
    """Read the statements of one template."""

    def __init__(self, source: str) -> None:
        self._source = source
        self._segments = lexer.Lexer(source).segments()
        self._index = self._position = 0
        self._open: list[str] = []

    def template(self) -> Body:
        """Read everything."""
        try:
            body, _ = self._body(())
        except RecursionError:
            raise located(too_deep(), self._source, self._position) from None
        return body

    def _fail(self, message: str, position: int) -> NoReturn:
        raise located(ExpressionError(message), self._source, position)

    def _body(self, endings: tuple[str, ...], start: int = 0) -> tuple[Body, ExpressionParser | None]:
        """Read up to one of the ending tags, and give the reader that stands behind its name."""
        statements: list[Statement] = []
        while self._index < len(self._segments):
            segment = self._segments[self._index]
            self._index += 1
            self._position = segment.position
            if segment.kind == lexer.TAG:
                reader = ExpressionParser(self._source, segment.tokens)
                if reader.current.value in endings:
                    return tuple(statements), reader
                statements.append(self._statement(reader, segment.position))
            elif segment.kind == lexer.PRINT:
                statements.append(self._output(segment))
            else:
                kind = Raw if segment.kind == lexer.RAW else Text
                statements.append(kind(segment.text))
        if endings:
            self._fail(f"`{{% {self._open[-1]} %}}` is not closed: `{{% {endings[-1]} %}}` is missing", start)
        return tuple(statements), None

    def _output(self, segment: lexer.Segment) -> Output:
        reader = ExpressionParser(self._source, segment.tokens)
        expression = reader.expression()
        reader.expect_end()
        return Output(expression, segment.position)

    def _statement(self, reader: ExpressionParser, position: int) -> Statement:
        word = reader.advance()
        match word.value:
            case "if":
                return self._if(reader, position)
            case "for":
                return self._for(reader, position)
            case "set":
                return self._set(reader, position)
            case "macro":
                return self._macro(reader, position)
            case "filter":
                return self._filter(reader, position)
            case "block":
                return self._block(reader, position)
        if word.value in ENDINGS:
            innermost = f"`{self._open[-1]}` is open here" if self._open else "nothing is open here"
            self._fail(f"`{{% {word.value} %}}` closes nothing: {innermost}", position)
        if word.value in LEFT_OUT:
            self._fail(f"The tag `{word.value}` is not part of Kestra's expressions", position)
        self._fail(
            f"Unknown tag `{word.value}`{known_instead(word.value, (*TAGS, 'else', 'elseif'))}", position
        )

    def _enclosed(self, tag: str, endings: tuple[str, ...], position: int) -> tuple[Body, ExpressionParser]:
        self._open.append(tag)
        body, reader = self._body(endings, position)
        self._open.pop()
        assert reader is not None
        reader.advance()
        return body, reader

    def _closed(self, tag: str, position: int) -> Body:
        """Read the body up to `end…`; the closing tag may repeat the name."""
        body, reader = self._enclosed(tag, (f"end{tag}",), position)
        if reader.current.kind in (lexer.NAME, lexer.STRING):
            reader.advance()
        reader.expect_end()
        return body

    def _if(self, reader: ExpressionParser, position: int) -> If:
        branches: list[tuple[Expression, Body]] = []
        while True:
            condition = reader.expression()
            reader.expect_end()
            body, reader = self._enclosed("if", ("elseif", "else", "endif"), position)
            branches.append((condition, body))
            if reader.previous != "elseif":
                break
        otherwise: Body = ()
        if reader.previous == "else":
            reader.expect_end()
            otherwise, reader = self._enclosed("if", ("endif",), position)
        reader.expect_end()
        return If(tuple(branches), otherwise, position)

    def _for(self, reader: ExpressionParser, position: int) -> For:
        name = reader.name("the name of the loop's variable")
        if reader.current.value == ",":
            reader.fail("A loop has one variable: of a map's entry, take `.key` and `.value`")
        reader.word("in")
        iterable = reader.expression()
        reader.expect_end()
        body, reader = self._enclosed("for", ("else", "endfor"), position)
        otherwise: Body = ()
        if reader.previous == "else":
            reader.expect_end()
            otherwise, reader = self._enclosed("for", ("endfor",), position)
        reader.expect_end()
        return For(name, iterable, body, otherwise, position)

    def _set(self, reader: ExpressionParser, position: int) -> Set:
        name = reader.name("the name of the variable")
        reader.symbol("=")
        expression = reader.expression()
        reader.expect_end()
        return Set(name, expression, position)

    def _macro(self, reader: ExpressionParser, position: int) -> Macro:
        name = reader.name("the name of the macro")
        parameters = _parameters(reader)
        reader.expect_end()
        return Macro(name, parameters, self._closed("macro", position), position)

    def _filter(self, reader: ExpressionParser, position: int) -> FilterBlock:
        chain: list[tuple[str, Arguments, int]] = []
        while True:
            applied = reader.filter(None)
            assert isinstance(applied, Filter)
            chain.append((applied.name, applied.arguments, applied.position))
            if not reader.accept("|"):
                break
        reader.expect_end()
        return FilterBlock(tuple(chain), self._closed("filter", position), position)

    def _block(self, reader: ExpressionParser, position: int) -> Block:
        token = reader.advance()
        if token.kind not in (lexer.NAME, lexer.STRING):
            self._fail("A block needs a name", position)
        reader.expect_end()
        return Block(token.value, self._closed("block", position), position)


def _parameters(reader: ExpressionParser) -> tuple[tuple[str, Expression | None], ...]:
    """Read a macro's parameters: names, each with an optional default."""
    found: list[tuple[str, Expression | None]] = []
    reader.symbol("(")
    while not reader.accept(")"):
        name = reader.name("the name of a parameter")
        found.append((name, reader.expression() if reader.accept("=") else None))
        if not reader.accept(","):
            reader.symbol(")")
            break
    return tuple(found)
