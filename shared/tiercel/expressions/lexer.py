"""Template text to segments: text as it is, and the tokens of every `{{ … }}` and `{% … %}`."""

from __future__ import annotations

from tiercel.errors import ExpressionError
from tiercel.expressions.problems import located

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import NoReturn, TypeAlias

    Parts: TypeAlias = "tuple[str | tuple[Token, ...], ...]"

TEXT, RAW, PRINT, TAG = "text", "raw", "print", "tag"
NAME, NUMBER, STRING, PUNCTUATION, END = "name", "number", "string", "punctuation", "end"

BRACES_A_STRETCH, CLOSE_TOGETHER = 64, 300
_DIGITS = "0123456789"
_SYMBOLS = frozenset("-+*/%~|<>?:.,()[]{}=")
_PAIRS = frozenset(("??", "==", "!=", "<=", ">=", ".."))
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_HINTS = {"&": "; write `and`", "!": "; write `not`", "`": "; quote texts with ' or \"", ";": ""}


class Token:
    """One word of an expression; the parts of an interpolated string are texts and tokens between."""

    __slots__ = ("kind", "parts", "position", "value")

    def __init__(self, kind: str, value: str, position: int, parts: Parts = ()) -> None:
        self.kind, self.value, self.position, self.parts = kind, value, position, parts


class Segment:
    """A piece of a template: its text, or its tokens (the last one is END)."""

    __slots__ = ("kind", "position", "text", "tokens")

    def __init__(self, kind: str, text: str, tokens: tuple[Token, ...], position: int) -> None:
        self.kind, self.text, self.tokens, self.position = kind, text, tokens, position


def is_template(text: str) -> bool:
    """Say whether the text holds anything to evaluate."""
    return next_delimiter(text, 0) >= 0


def next_delimiter(text: str, start: int) -> int:
    """Find the next `{{`, `{%` or `{#`; -1 when there is none."""
    position, stretch = start - 1, start
    # looking for one character is ten times as fast as a regular expression, where most texts hold few braces
    while position - stretch >= CLOSE_TOGETHER * BRACES_A_STRETCH or position < stretch:
        stretch = position + 1
        for _ in range(BRACES_A_STRETCH):
            position = text.find("{", position + 1)
            if position < 0 or text[position + 1 : position + 2] in ("{", "%", "#"):
                return position
    from re import compile

    found = compile(r"\{[{%#]").search(text, position + 1)
    return -1 if found is None else found.start()


def _after_space(source: str, place: int) -> int:
    end = len(source)
    while place < end and source[place].isspace():
        place += 1
    return place


def _after_digits(source: str, place: int) -> int:
    end = len(source)
    while place < end and source[place] in _DIGITS:
        place += 1
    return place


def _escaped(source: str, start: int, place: int) -> bool:
    """Say whether an odd number of backslashes stands before a place."""
    before = place
    while before > start and source[before - 1] == "\\":
        before -= 1
    return (place - before) % 2 == 1


def _unescaped(source: str, mark: str, start: int, end: int) -> int:
    """Find a mark without a backslash before it; the end where there is none."""
    found = source.find(mark, start, end)
    while found >= 0 and _escaped(source, start, found):
        found = source.find(mark, found + 1, end)
    return found if found >= 0 else end


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

    def _opens_raw(self, start: int) -> bool:
        # Kestra lifts `raw` out before Pebble sees the text, so its dashes trim nothing
        return self._lone(start, "raw") is not None

    def _lone(self, start: int, word: str) -> tuple[int, bool] | None:
        """Give where a tag of nothing but this word ends, and whether it trims what follows."""
        source, place = self.source, _after_space(self.source, start + 2 + self._dash_at(start + 2))
        if not source.startswith(word, place):
            return None
        place = _after_space(source, place + len(word))
        dash = self._dash_at(place)
        return (place + dash + 2, dash) if source.startswith("%}", place + dash) else None

    def _dash_at(self, place: int) -> bool:
        return self.source.startswith("-", place)

    def _delimited(self, start: int) -> None:
        kind = self.source[start + 1]
        if kind == "#":
            self._comment(start)
        elif kind == "{":
            self._code(start, PRINT, "}}")
        elif not self._verbatim(start, "raw") and not self._verbatim(start, "verbatim"):
            self._code(start, TAG, "%}")

    def _comment(self, start: int) -> None:
        end = self.source.find("#}", start + 2)
        if end < 0:
            self.fail("This comment is not closed: `#}` is missing", start)
        self._trim_next = self.source[end - 1] == "-" and end - 1 >= start + 2
        self.position = end + 2

    def _verbatim(self, start: int, word: str) -> bool:
        """Take a text that stays as it is, if this is its tag."""
        opening = self._lone(start, word)
        if opening is None:
            return False
        begin, trims = opening
        closing, end = None, begin
        while closing is None:
            end = self.source.find("{%", end)
            if end < 0:
                self.fail(f"`{{% {word} %}}` is not closed: `{{% end{word} %}}` is missing", start)
            closing, end = self._lone(end, f"end{word}"), end + 2
        text = self.source[begin : end - 2]
        if word == "verbatim":
            text = text.lstrip() if trims else text
            text = text.rstrip() if self._dash_at(end) else text
            self._trim_next = closing[1]
        if text:
            self._segments.append(Segment(RAW, text, (), start))
        self.position = closing[0]
        return True

    def _code(self, start: int, kind: str, close: str) -> None:
        self.position = start + 2 + self._dash_at(start + 2)
        tokens, self._trim_next = self._tokens(start, close)
        self._segments.append(Segment(kind, "", tokens, start))

    def _tokens(self, start: int, close: str) -> tuple[tuple[Token, ...], bool]:
        source, tokens, open_brackets = self.source, list[Token](), list[str]()
        ends = (close, "-" + close) if close != "}" else close
        while True:
            place = self.position = _after_space(source, self.position)
            if not open_brackets and source.startswith(ends, place):
                dash = source.startswith("-", place)
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
        source, character = self.source, self.source[place]
        if character == "'":
            return self._single_quoted(place)
        if character == '"':
            return self._double_quoted(place)
        if character in "_$" or (character.isascii() and character.isalpha()):
            return self._cut(NAME, place, self._after_name(place + 1))
        if character in _DIGITS:
            return self._cut(NUMBER, place, self._after_number(place))
        if source[place : place + 2] in _PAIRS:
            return self._cut(PUNCTUATION, place, place + 2 + source.startswith("???", place))
        if character not in _SYMBOLS:
            self.fail(f"Unexpected character `{character}`{_HINTS.get(character, '')}", place)
        return self._cut(PUNCTUATION, place, place + 1)

    def _cut(self, kind: str, place: int, end: int) -> Token:
        self.position = end
        return Token(kind, self.source[place:end], place)

    def _after_name(self, place: int) -> int:
        source, end = self.source, len(self.source)
        while place < end and (source[place].isalnum() or source[place] in "_$"):
            place += 1
        return place

    def _after_number(self, place: int) -> int:
        """Go behind `12`, `1.5`, `2e-3` or `7L`."""
        source, place = self.source, _after_digits(self.source, place)
        if source.startswith(".", place):
            # `1..3` is a range, and `1.` no number
            end = _after_digits(source, place + 1)
            place = end if end > place + 1 else place
        if source[place : place + 1] in ("e", "E"):
            signed = place + 1 + (source[place + 1 : place + 2] in ("+", "-"))
            end = _after_digits(source, signed)
            place = end if end > signed else place
        return place + (source[place : place + 1] in ("l", "L"))

    def _single_quoted(self, place: int) -> Token:
        end = _unescaped(self.source, "'", place + 1, len(self.source))
        if end == len(self.source):
            self.fail("This text is not closed: `'` is missing", place)
        self.position = end + 1
        return Token(STRING, self.source[place + 1 : end].replace("\\'", "'"), place)

    def _double_quoted(self, place: int) -> Token:
        """Read a text that may hold `#{ … }`."""
        source, parts, quote = self.source, list[str | tuple[Token, ...]](), -1
        self.position = place + 1
        while True:
            start = self.position
            # looked for anew only where what was found stood inside of an interpolation
            quote = quote if quote >= start else _unescaped(source, '"', start, len(source))
            if quote == len(source):
                self.fail('This text is not closed: `"` is missing', place)
            inner = _unescaped(source, "#{", start, quote)
            text = source[start:inner].replace('\\"', '"')
            if inner == quote:
                self.position = quote + 1
                return Token(STRING, "" if parts else text, place, (*parts, text) if parts else ())
            parts.append(text)
            self.position = inner + 2
            parts.append(self._tokens(inner, "}")[0])
