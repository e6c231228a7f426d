"""Java's regular expressions by Python's `re`, with a guard against those that run away.

Before a pattern meets a text, the number of ways in which it could backtrack is estimated from its structure
and the length of the text. Where that is small the work is done here, else in a child with a deadline.
"""

import re
from re import _parser as sre  # type: ignore[attr-defined]  # the only way to see a pattern's structure
from typing import Any

from tiercel.errors import ExpressionError
from tiercel.expressions.budget import Budget
from tiercel.expressions.regex_work import perform

LONGEST_PATTERN = 4000
MOST_WAYS_HERE = 5_000_000

_LETTERS = (
    "A-Za-z\u00aa\u00b5\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02c1\u0370-\u0373\u0376-\u03ff\u0400-\u0481"
)
_LETTERS += (
    "\u048a-\u0587\u05d0-\u05ea\u0620-\u064a\u0904-\u0939\u0e01-\u0e30\u1e00-\u1fff\u3041-\u30ff\u3400-\u4dbf"
)
_LETTERS += "\u4e00-\u9fff\uac00-\ud7a3"
_PROPERTIES = {
    "Lower": "a-z",
    "Upper": "A-Z",
    "Alpha": "A-Za-z",
    "Digit": "0-9",
    "Alnum": "A-Za-z0-9",
    "Punct": r"!-/:-@\[-`{-~",
    "Space": r"\s",
    "Blank": r" \t",
    "XDigit": "0-9A-Fa-f",
    "ASCII": r"\x00-\x7f",
    "Cntrl": r"\x00-\x1f\x7f",
    "L": _LETTERS,
    "IsL": _LETTERS,
    "IsAlphabetic": _LETTERS,
    "Lu": "A-Z\u00c0-\u00d6\u00d8-\u00de",
    "Ll": "a-z\u00df-\u00f6\u00f8-\u00ff",
    "N": "0-9\u00b2\u00b3\u00b9\u00bc-\u00be\u0660-\u0669",
    "Nd": "0-9\u0660-\u0669",
    "IsDigit": "0-9\u0660-\u0669",
    "P": r"!-#%-*,-/:;?@\[-\]_{}\u00a1\u00a7\u00ab\u00b6\u00b7\u00bb\u00bf\u2010-\u2027",
    "Z": r" \u00a0\u2000-\u200a\u2028\u2029\u202f\u205f\u3000",
}
_JAVA_ONLY = re.compile(
    r"\\Q(?P<quoted>.*?)(?:\\E|\Z)|\\(?P<negated>[pP])(?:\{(?P<property>\w+)\}|(?P<short>[A-Z]))"
    r"|\\k<(?P<back>\w+)>|(?P<named>\(\?<(?![=!]))|\\(?P<escape>.)|(?P<bracket>[\[\]])|(?P<doubled>&&|--|~~|\|\|)",
    re.DOTALL,
)
_ESCAPES = {
    "z": r"\Z",
    "Z": r"(?=\n?\Z)",
    "h": "[ \t\u00a0]",
    "R": r"(?:\r\n|[\n\x0b\f\r\x85])",
    "e": r"\x1b",
}


def _translated(pattern: str) -> str:
    in_class = 0

    def swap(match: re.Match[str]) -> str:
        nonlocal in_class
        if match["quoted"] is not None:
            return re.escape(match["quoted"])
        if match["doubled"]:
            if in_class and match[0] == "&&":
                raise ExpressionError(
                    "The regular expression has `&&` in a class, which is not supported here"
                )
            return f"{match[0][0]}\\{match[0][0]}" if in_class else match[0]
        if match["bracket"]:
            if in_class and match[0] == "[":
                raise ExpressionError(
                    "The regular expression has a class in a class, which is not supported here"
                )
            in_class = max(0, in_class + (1 if match["bracket"] == "[" else -1))
            return match[0]
        if name := match["property"] or match["short"]:
            return _property(name, match["negated"] == "P", in_class > 0)
        if match["back"]:
            return f"(?P={match['back']})"
        if match["named"]:
            return "(?P<"
        escaped = _ESCAPES.get(match["escape"])
        return match[0] if escaped is None or in_class else escaped

    return _JAVA_ONLY.sub(swap, pattern)


def _property(name: str, negated: bool, in_class: bool) -> str:
    members = _PROPERTIES.get(name)
    if members is None or (negated and in_class):
        raise ExpressionError(
            f"The regular expression uses \\p{{{name}}} in a way that is not supported here"
        )
    return members if in_class else f"[{'^' if negated else ''}{members}]"


def _ways(items: Any, length: int, last: bool) -> int:
    """Estimate in how many ways a sequence can match: what is never tried again costs nothing."""
    ways = 1
    for index, (operation, argument) in enumerate(items):
        ends = last and index == len(items) - 1
        ways = min(ways * _item_ways(str(operation), argument, length, ends), 1 << 64)
    return ways


def _item_ways(operation: str, argument: Any, length: int, ends: bool) -> int:
    if operation in ("MAX_REPEAT", "MIN_REPEAT"):
        least, most, body = argument
        inside = _ways(body, length, False)
        choices = min(int(most), length) - least + 1
        if inside > 1:
            return int(min(inside, 1 << 16) ** min(int(most), length, 64))
        return 1 if ends and operation == "MAX_REPEAT" else max(1, choices)
    if operation == "BRANCH":
        return sum(_ways(branch, length, False) for branch in argument[1])
    if operation == "SUBPATTERN":
        return _ways(argument[-1], length, ends)
    if operation in ("ASSERT", "ASSERT_NOT"):
        return _ways(argument[1], length, False)
    if operation in ("ATOMIC_GROUP", "POSSESSIVE_REPEAT"):
        return _ways(argument if operation == "ATOMIC_GROUP" else argument[2], length, False)
    return 1 << 32 if operation == "GROUPREF_EXISTS" else 1


class Regex:
    """One regular expression; every method is Java's, of Matcher or of String."""

    def __init__(self, pattern: str, budget: Budget) -> None:
        if len(pattern) > LONGEST_PATTERN:
            raise ExpressionError(f"The regular expression is longer than {LONGEST_PATTERN} characters")
        self._budget = budget
        self._pattern = _translated(pattern)
        try:
            self._structure = sre.parse(self._pattern, re.ASCII)
            re.compile(self._pattern, re.ASCII)
        except (re.error, OverflowError, RecursionError) as error:
            reason = error.msg if isinstance(error, re.error) else "it is too large"
            raise ExpressionError(f"This is not a regular expression: {reason}") from error

    def whole(self, text: str) -> bool:
        """Say whether the whole text matches."""
        return bool(self._perform("whole", text, None))

    def found(self, text: str) -> bool:
        """Say whether a part of the text matches."""
        return bool(self._perform("found", text, None))

    def extracted(self, text: str, group: int | str) -> str | None:
        """Give the first match, or a group of it."""
        found = self._perform("extracted", text, group)
        return None if found is None else str(found)

    def split(self, text: str, limit: int) -> list[str]:
        """Cut the text at the matches."""
        return list(self._perform("split", text, limit))

    def replaced(self, text: str, replacement: str) -> str:
        """Replace the matches."""
        return str(self._perform("replaced", text, replacement))

    def _perform(self, kind: str, text: str, extra: Any) -> Any:
        self._budget.spend(1 + (len(text) >> 6))
        ways = _ways(list(self._structure), len(text) + 1, kind != "whole") * (len(text) + 1)
        if ways > MOST_WAYS_HERE:
            return self._watched(kind, text, extra)
        try:
            return perform(kind, self._pattern, text, extra, self._budget.largest)
        except ValueError as error:
            raise ExpressionError(str(error)) from error

    def _watched(self, kind: str, text: str, extra: Any) -> Any:
        from tiercel.expressions.isolation import isolated

        request = {"kind": kind, "pattern": self._pattern, "text": text, "extra": extra}
        request["largest"] = self._budget.largest
        return isolated("regex_work.py", request, self._budget, "This regular expression")


def regex(pattern: str, budget: Budget) -> Regex:
    """Read a regular expression."""
    return Regex(pattern, budget)
