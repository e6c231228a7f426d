"""Template text to segments: text as it is, and the tokens of every `{{ … }}` and `{% … %}`."""

import re
from typing import NamedTuple, NoReturn

from tiercel.errors import ExpressionError
from tiercel.expressions.problems import located

TEXT, RAW, PRINT, TAG = "text", "raw", "print", "tag"
NAME, NUMBER, STRING, PUNCTUATION, END = "name", "number", "string", "punctuation", "end"

_TOKEN = re.compile(
    r"(?P<number>[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?[lL]?)"
    r"|(?P<name>[A-Za-z_$][\w$]*)"
    r"|(?P<punctuation>\?\?\??|==|!=|<=|>=|\.\.|[-+*/%~|<>?:.,()\[\]{}=])"
)
FEW_BRACES = 64
_DELIMITER = re.compile(r"\{[{%#]")
_SPACE = re.compile(r"\s*")
_STRING_PIECE = re.compile(r"[^\"\\#]+|\\.|#(?!\{)", re.DOTALL)
_SINGLE_QUOTED = re.compile(r"'([^'\\]*(?:\\.[^'\\]*)*)'", re.DOTALL)
_RAW_OPEN = re.compile(r"\{%-?\s*(raw|verbatim)\s*(-?)%\}")
_RAW_CLOSE = {
    "raw": re.compile(r"\{%(-?)\s*endraw\s*(-?)%\}"),
    "verbatim": re.compile(r"\{%(-?)\s*endverbatim\s*(-?)%\}"),
}
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_HINTS = {"&": "; write `and`", "!": "; write `not`", "`": "; quote texts with ' or \"", ";": ""}


class Token(NamedTuple):
    """One word of an expression; the parts of an interpolated string are texts and tokens between."""

    kind: str
    value: str
    position: int
    parts: "tuple[str | tuple[Token, ...], ...]" = ()


class Segment(NamedTuple):
    """A piece of a template: its text, or its tokens (the last one is END)."""

    kind: str
    text: str
    tokens: tuple[Token, ...]
    position: int


def is_template(text: str) -> bool:
    """Say whether the text holds anything to evaluate."""
    return next_delimiter(text, 0) >= 0


def next_delimiter(text: str, start: int) -> int:
    """Find the next `{{`, `{%` or `{#`; -1 when there is none."""
    position = start - 1
    # most texts hold few braces, and looking for one character is far faster than a regular expression
    for _ in range(FEW_BRACES):
        position = text.find("{", position + 1)
        if position < 0 or text[position + 1 : position + 2] in ("{", "%", "#"):
            return position
    found = _DELIMITER.search(text, position + 1)
    return -1 if found is None else found.start()


class Lexer:
    """Cut one template; `segments` does it all."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.position = 0
        self._trim_next = False
        self._segments: list[Segment] = []

    def fail(self, message: str, position: int) -> NoReturn:
        """Raise an error at a place."""
        raise located(ExpressionError(message), self.source, position)

    def segments(self) -> list[Segment]:
        """Give the template as text, raw text, prints and tags."""
        while True:
            start = next_delimiter(self.source, self.position)
            if start < 0:
                self._text(self.source[self.position :])
                return self._segments
            self._text(self.source[self.position : start], start)
            self._delimited(start)

    def _text(self, text: str, delimiter: int = -1) -> None:
        if self._trim_next:
            text = text.lstrip()
        if delimiter >= 0 and self.source.startswith("-", delimiter + 2) and not self._opens_raw(delimiter):
            text = text.rstrip()
        self._trim_next = False
        if text:
            self._segments.append(Segment(TEXT, text, (), self.position))

    def _opens_raw(self, position: int) -> bool:
        # Kestra lifts `raw` out before Pebble sees the text, so its dashes trim nothing
        match = _RAW_OPEN.match(self.source, position)
        return match is not None and match[1] == "raw"

    def _delimited(self, start: int) -> None:
        kind = self.source[start + 1]
        if kind == "#":
            self._comment(start)
        elif kind == "%" and (match := _RAW_OPEN.match(self.source, start)):
            self._verbatim(match)
        else:
            self._code(start, PRINT if kind == "{" else TAG, "}}" if kind == "{" else "%}")

    def _comment(self, start: int) -> None:
        end = self.source.find("#}", start + 2)
        if end < 0:
            self.fail("This comment is not closed: `#}` is missing", start)
        self._trim_next = self.source[end - 1] == "-" and end - 1 >= start + 2
        self.position = end + 2

    def _verbatim(self, opening: re.Match[str]) -> None:
        word = opening[1]
        closing = _RAW_CLOSE[word].search(self.source, opening.end())
        if closing is None:
            self.fail(f"`{{% {word} %}}` is not closed: `{{% end{word} %}}` is missing", opening.start())
        text = self.source[opening.end() : closing.start()]
        if word == "verbatim":
            text = text.lstrip() if opening[2] else text
            text = text.rstrip() if closing[1] else text
            self._trim_next = bool(closing[2])
        if text:
            self._segments.append(Segment(RAW, text, (), opening.start()))
        self.position = closing.end()

    def _code(self, start: int, kind: str, close: str) -> None:
        self.position = start + 2 + self.source.startswith("-", start + 2)
        tokens, self._trim_next = self._tokens(start, close)
        self._segments.append(Segment(kind, "", tokens, start))

    def _tokens(self, start: int, close: str) -> tuple[tuple[Token, ...], bool]:
        source, tokens, open_brackets = self.source, [], list[str]()
        while True:
            place = self.position = _SPACE.match(source, self.position).end()  # type: ignore[union-attr]
            if not open_brackets:
                dash = close != "}" and source.startswith("-" + close, place)
                if dash or source.startswith(close, place):
                    self.position = place + dash + len(close)
                    tokens.append(Token(END, close, place))
                    return tuple(tokens), dash
            if place >= len(source):
                self.fail(f"`{source[start : start + 2]}` is not closed: `{close}` is missing", start)
            token = self._token(place)
            tokens.append(token)
            if token.kind == PUNCTUATION:
                self._balance(token, open_brackets)

    def _balance(self, token: Token, open_brackets: list[str]) -> None:
        if token.value in _CLOSING:
            open_brackets.append(_CLOSING[token.value])
        elif token.value in ")]}":
            if not open_brackets or open_brackets.pop() != token.value:
                self.fail(f"This `{token.value}` closes nothing", token.position)

    def _token(self, place: int) -> Token:
        character = self.source[place]
        if character == "'":
            return self._single_quoted(place)
        if character == '"':
            return self._double_quoted(place)
        match = _TOKEN.match(self.source, place)
        if match is None or match.lastgroup is None:
            self.fail(f"Unexpected character `{character}`{_HINTS.get(character, '')}", place)
        self.position = match.end()
        return Token(match.lastgroup, match[0], place)

    def _single_quoted(self, place: int) -> Token:
        match = _SINGLE_QUOTED.match(self.source, place)
        if match is None:
            self.fail("This text is not closed: `'` is missing", place)
        self.position = match.end()
        return Token(STRING, match[1].replace("\\'", "'"), place)

    def _double_quoted(self, place: int) -> Token:
        source, texts, parts = self.source, list[str](), list[str | tuple[Token, ...]]()
        self.position = place + 1
        while True:
            if source.startswith('"', self.position):
                self.position += 1
                text = "".join(texts)
                return Token(STRING, "" if parts else text, place, (*parts, text) if parts else ())
            if source.startswith("#{", self.position):
                parts.append("".join(texts))
                texts.clear()
                parts.append(self._interpolation())
            elif match := _STRING_PIECE.match(source, self.position):
                texts.append('"' if match[0] == '\\"' else match[0])
                self.position = match.end()
            else:
                self.fail('This text is not closed: `"` is missing', place)

    def _interpolation(self) -> tuple[Token, ...]:
        start = self.position
        self.position += 2
        return self._tokens(start, "}")[0]
