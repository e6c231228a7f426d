"""Ion text to values: the part of Ion that data files hold."""

import re
from base64 import b64decode
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any, NamedTuple, NoReturn

from tiercel.errors import ExpressionError
from tiercel.expressions.budget import Budget

DEEPEST = 150
_TOKEN = re.compile(
    r"""\s+|//[^\n]*|/\*.*?\*/
    |(?P<timestamp>\d{4}(?:-\d\d(?:-\d\d)?)?T(?:(?:\d\d:\d\d(?::\d\d(?:\.\d+)?)?)(?:Z|[+-]\d\d:\d\d))?
      |\d{4}-\d\d-\d\d(?![\d:T]))
    |(?P<number>[+-]?inf\b|-?0[xX][0-9a-fA-F_]+|-?0[bB][01_]+|-?\d[\d_]*(?:\.[\d_]*)?(?:[eEdD][+-]?\d+)?)
    |'''(?P<long>(?:[^'\\]|\\.|'(?!''))*)'''
    |"(?P<string>(?:[^"\\\n]|\\.)*)"
    |'(?P<quoted>(?:[^'\\\n]|\\.)*)'
    |(?P<name>[A-Za-z_$][\w$]*(?:\.(?=[a-z])[a-z]+)?)
    |(?P<blob>\{\{[^}"']*\}\})
    |(?P<mark>::|[{}\[\](),:])""",
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(?:x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(\r\n|.))", re.DOTALL)
_LETTERS = {
    "n": "\n",
    "r": "\r",
    "t": "\t",
    "b": "\b",
    "f": "\f",
    "0": "\0",
    "a": "\a",
    "v": "\v",
    "\n": "",
    "\r\n": "",
}
_CONSTANTS = {"true": True, "false": False, "null": None, "nan": float("nan")}
_MOMENT = re.compile(
    r"(\d{4})(?:-(\d\d))?(?:-(\d\d))?T?(?:(\d\d):(\d\d)(?::(\d\d)(?:\.(\d+))?)?)?(Z|[+-]\d\d:\d\d)?"
)


class _Token(NamedTuple):
    kind: str
    text: str
    position: int


def read_ion(text: str, budget: Budget) -> Iterator[Any]:
    """Give the values of an Ion text one after the other."""
    reader = _Reader(text, budget)
    while reader.current.kind != "end":
        if reader.current.text == "$ion_1_0":
            reader.advance()
        else:
            yield reader.value(DEEPEST)


class _Reader:
    def __init__(self, text: str, budget: Budget) -> None:
        self._text = text
        self._budget = budget
        self._position = 0
        self.current = self._next()

    def fail(self, message: str) -> NoReturn:
        """Raise an error at the current token."""
        line = self._text.count("\n", 0, self.current.position) + 1
        raise ExpressionError(f"This is not Ion: {message} at line {line} of the text")

    def _next(self) -> _Token:
        while self._position < len(self._text):
            match = _TOKEN.match(self._text, self._position)
            if match is None:
                self.current = _Token("end", "", self._position)
                self.fail(f"unexpected `{self._text[self._position]}`")
            start, self._position = self._position, match.end()
            if match.lastgroup is not None:
                self._budget.spend()
                return _Token(match.lastgroup, match[match.lastgroup], start)
        return _Token("end", "", len(self._text))

    def advance(self) -> _Token:
        """Take the current token."""
        token, self.current = self.current, self._next()
        return token

    def _accept(self, mark: str) -> bool:
        if self.current.kind == "mark" and self.current.text == mark:
            self.advance()
            return True
        return False

    def value(self, depth: int) -> Any:
        """Read one value with its annotations."""
        if depth < 0:
            self.fail("it is nested too deeply")
        token = self.advance()
        if token.kind in ("name", "quoted") and self._accept("::"):
            return _annotated(token.text, self.value(depth - 1))
        match token.kind:
            case "string" | "quoted":
                return _unescaped(token.text)
            case "long":
                return self._long(token)
            case "number":
                return _number(token.text)
            case "timestamp":
                return self._timestamp(token.text)
            case "name":
                return _CONSTANTS.get(token.text.partition(".")[0], token.text)
            case "blob":
                return self._blob(token.text[2:-2])
            case "mark":
                return self._container(token, depth)
        self.fail("the text ends too early")

    def _blob(self, text: str) -> str:
        try:
            return b64decode(text).decode("utf-8", "replace")
        except ValueError:
            self.fail("a blob is not base64")

    def _long(self, token: _Token) -> str:
        texts = [_unescaped(token.text)]
        while self.current.kind == "long":
            texts.append(_unescaped(self.advance().text))
        return "".join(texts)

    def _container(self, token: _Token, depth: int) -> Any:
        if token.text == "{":
            return self._struct(depth)
        if token.text in "[(":
            return self._items("]" if token.text == "[" else ")", depth)
        self.fail(f"unexpected `{token.text}`")

    def _items(self, closing: str, depth: int) -> list[Any]:
        items: list[Any] = []
        while not self._accept(closing):
            items.append(self.value(depth - 1))
            if closing == "]" and not self._accept(","):
                if not self._accept("]"):
                    self.fail("`,` or `]` is missing")
                break
        return items

    def _struct(self, depth: int) -> dict[str, Any]:
        found: dict[str, Any] = {}
        while not self._accept("}"):
            token = self.advance()
            if token.kind not in ("name", "quoted", "string", "long") or not self._accept(":"):
                self.fail("a field name and `:` are missing")
            found[_unescaped(token.text)] = self.value(depth - 1)
            if not self._accept(","):
                if not self._accept("}"):
                    self.fail("`,` or `}` is missing")
                break
        return found

    def _timestamp(self, text: str) -> datetime:
        match = _MOMENT.fullmatch(text)
        if match is None:
            self.fail("a timestamp is malformed")
        year, month, day, hour, minute, second, fraction, offset = match.groups()
        try:
            return datetime(
                int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0),
                int((fraction or "0")[:6].ljust(6, "0")), _zone(offset),
            )  # fmt: skip
        except ValueError:
            self.fail(f"the timestamp {text} does not exist")


def _zone(offset: str | None) -> timezone:
    if offset is None or offset in ("Z", "-00:00", "+00:00"):
        return UTC
    span = timedelta(hours=int(offset[1:3]), minutes=int(offset[4:6]))
    return timezone(-span if offset[0] == "-" else span)


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text

    def letter(match: re.Match[str]) -> str:
        code = match[1] or match[2] or match[3]
        if code is None:
            return _LETTERS.get(match[4], match[4])
        return chr(int(code, 16)) if int(code, 16) <= 0x10FFFF else "\ufffd"

    return _ESCAPE.sub(letter, text)


def _number(text: str) -> Any:
    plain = text.replace("_", "")
    if plain.endswith("inf"):
        return float(plain)
    if len(plain) > 1000:
        raise ExpressionError("This Ion holds a number that is too long")
    if plain.lstrip("-")[:2].lower() in ("0x", "0b"):
        return int(plain, 0)
    lowered = plain.lower()
    if "e" in lowered:
        return float(plain)
    if "." in plain or "d" in lowered:
        return Decimal(lowered.replace("d", "e"))
    return int(plain)


def _annotated(name: str, value: Any) -> Any:
    if not isinstance(value, str) or name not in (
        "ZonedDateTime",
        "OffsetDateTime",
        "Instant",
        "LocalDateTime",
    ):
        return value
    from tiercel.expressions.dates import iso_moment

    return iso_moment(value)
