"""Dates read by the patterns that `date_patterns` writes."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from typing import Any

from tiercel.errors import ExpressionError
from tiercel.expressions.date_names import Names, names_of
from tiercel.expressions.date_patterns import (
    FRACTION_IN_THREES,
    LITERAL,
    NAMED,
    OFFSET_OR_GMT,
    PAD,
    PIECE,
    REGION,
    SHORT_FRACTION,
    Piece,
    pieces,
)

_DIGITS = {
    "d": "day", "D": "ordinal", "H": "hour", "k": "hour", "h": "hour12", "K": "hour12",
    "m": "minute", "s": "second",
    "e": "", "c": "", "w": "", "W": "", "F": "", "Q": "", "q": "", "A": "", "N": "",
}  # fmt: skip
_OFFSET_TEXT = r"Z|GMT|UTC|[+-]\d\d(?::?\d\d(?::?\d\d)?)?"


def parsed(text: str, pattern: str, locale: str | None, zone_of: Callable[[str], tzinfo]) -> datetime:
    """Read a moment; what the pattern leaves open is the first of the year, at midnight."""
    names = names_of(locale)
    regex = _reading(NAMED.get(pattern.lower(), pattern), names)
    match = regex.fullmatch(text.strip())
    if match is None:
        raise ExpressionError(f"`{text[:60]}` does not have the date format `{pattern}`")
    try:
        return _assembled(match.groupdict(), names, zone_of)
    except ValueError as error:
        raise ExpressionError(f"`{text[:60]}` is no date that exists: {error}") from error


def _reading(pattern: str, names: Names) -> re.Pattern[str]:
    parts: list[str] = []
    seen: set[str] = set()
    for match in PIECE.finditer(pattern):
        if match[3]:
            parts.append("(?:" if match[3] == "[" else ")?")
            continue
        if match[2] == PAD:
            parts.append(" *")
            continue
        for piece in pieces(match[0]):
            parts.append(re.escape(piece.text) if piece.letter == LITERAL else _readable(piece, names, seen))
    try:
        return re.compile("".join(parts), re.ASCII)
    except re.error as error:
        raise ExpressionError(f"The date pattern `{pattern}` cannot be read: check its brackets") from error


def _readable(piece: Piece, names: Names, seen: set[str]) -> str:
    letter, count = piece.letter, len(piece.text)
    field, expression = _field(letter, count, names)
    if not field or field in seen:
        return f"(?:{expression})"
    seen.add(field)
    return f"(?P<{field}>{expression})"


def _field(letter: str, count: int, names: Names) -> tuple[str, str]:
    if letter in "yuY":
        return ("year2", r"\d{2}") if count == 2 else ("year", r"\d{4}" if count == 4 else r"\d{1,4}")
    if letter in "ML":
        if count >= 3:
            return "month_name", "|".join(map(re.escape, names.months(count)))
        return "month", r"\d{2}" if count == 2 else r"\d{1,2}"
    if letter == "E" or (letter in "ec" and count >= 3):
        return "", "|".join(map(re.escape, names.weekdays(max(count, 3))))
    if letter in _DIGITS:
        return _DIGITS[
            letter
        ], rf"\d{{{count}}}" if count > 1 else r"\d{1,3}" if letter == "D" else r"\d{1,2}"
    if letter in "Sn":
        return "fraction", rf"\d{{{count}}}" if letter == "S" else r"\d{1,9}"
    if letter in (SHORT_FRACTION, FRACTION_IN_THREES):
        return "short_fraction", r"(?:\.\d{1,9})?"
    if letter == "a":
        return "half", "[AaPp][Mm]"
    if letter == "B":
        return "", r"[^\W\d_]+(?: [^\W\d_]+)*"
    if letter == REGION:
        return "region", r"(?:\[[\w/+-]+\])?"
    if letter in "Vzv":
        return "zone", rf"{_OFFSET_TEXT}|[A-Za-z][\w/+-]*"
    return ("zone", _OFFSET_TEXT) if letter in ("X", "x", "Z", "O", OFFSET_OR_GMT) else ("", r"\w+")


def _assembled(fields: dict[str, Any], names: Names, zone_of: Callable[[str], tzinfo]) -> datetime:
    year = int(fields.get("year") or 0) or (2000 + int(fields["year2"]) if fields.get("year2") else 1970)
    month = (
        names.month_number(fields["month_name"])
        if fields.get("month_name")
        else int(fields.get("month") or 1)
    )
    hour = int(fields.get("hour") or 0) % 24
    if fields.get("hour12"):
        hour = int(fields["hour12"]) % 12 + (12 if (fields.get("half") or "a").lower().startswith("p") else 0)
    fraction = (fields.get("fraction") or (fields.get("short_fraction") or ".")[1:])[:6].ljust(6, "0")
    value = datetime(
        year, month, int(fields.get("day") or 1), hour,
        int(fields.get("minute") or 0), int(fields.get("second") or 0), int(fraction),
    )  # fmt: skip
    if fields.get("ordinal"):
        value = value.replace(month=1, day=1) + timedelta(days=int(fields["ordinal"]) - 1)
    if fields.get("zone"):
        value = value.replace(tzinfo=zone_of(fields["zone"]))
        return value.astimezone(zone_of(fields["region"][1:-1])) if fields.get("region") else value
    return value
