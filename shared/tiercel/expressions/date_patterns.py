"""Java's DateTimeFormatter patterns and the named formats of Kestra, for writing; `date_reading` reads."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from functools import lru_cache
from typing import NamedTuple

from tiercel.errors import ExpressionError
from tiercel.expressions.date_names import Names, names_of
from tiercel.expressions.moments import in_threes, offset_text

LONGEST_PATTERN = 200
LITERAL, PAD = "'", "p"
# letters of our own, for what no Java pattern can say, and that no pattern of an author can hold by chance
SHORT_FRACTION, REGION, OFFSET_OR_GMT, FRACTION_IN_THREES = "\ue000", "\ue001", "\ue002", "\ue003"
ISO_WEEK = "\ue004"
NAMED = {
    "iso": "yyyy-MM-dd'T'HH:mm:ss.SSSSSSXXX",
    "iso_sec": "yyyy-MM-dd'T'HH:mm:ssXXX",
    "iso_milli": "yyyy-MM-dd'T'HH:mm:ss.SSSXXX",
    "sql": "yyyy-MM-dd HH:mm:ss.SSSSSS",
    "sql_seq": "yyyy-MM-dd HH:mm:ss",
    "sql_sec": "yyyy-MM-dd HH:mm:ss",
    "iso_date_time": f"yyyy-MM-dd'T'HH:mm:ss{SHORT_FRACTION}XXX{REGION}",
    "iso_zoned_date_time": f"yyyy-MM-dd'T'HH:mm:ss{SHORT_FRACTION}XXX{REGION}",
    "iso_offset_date_time": f"yyyy-MM-dd'T'HH:mm:ss{SHORT_FRACTION}XXX",
    "iso_local_date_time": f"yyyy-MM-dd'T'HH:mm:ss{SHORT_FRACTION}",
    "iso_instant": f"yyyy-MM-dd'T'HH:mm:ss{FRACTION_IN_THREES}X",
    "iso_date": "yyyy-MM-ddXXX",
    "iso_offset_date": "yyyy-MM-ddXXX",
    "iso_local_date": "yyyy-MM-dd",
    "iso_time": f"HH:mm:ss{SHORT_FRACTION}XXX",
    "iso_offset_time": f"HH:mm:ss{SHORT_FRACTION}XXX",
    "iso_local_time": f"HH:mm:ss{SHORT_FRACTION}",
    "iso_ordinal_date": "yyyy-DDDXXX",
    "iso_week_date": f"{ISO_WEEK}XXX",
    "basic_iso_date": "yyyyMMddXX",
    "rfc_1123_date_time": f"EEE, d MMM yyyy HH:mm:ss {OFFSET_OR_GMT}",
}
PIECE = re.compile("'((?:[^']|'')*)'|([A-Za-z\ue000-\ue004])\\2*|([\\[\\]])|(.)", re.DOTALL)


class Piece(NamedTuple):
    """A run of one pattern letter, or literal text under the letter `'`; `width` is what `p` pads it to."""

    letter: str
    text: str
    width: int = 0


def formatted(value: datetime, pattern: str, locale: str | None) -> str:
    """Write a moment."""
    known = pattern.lower()
    if known == "iso_instant":
        value = value.astimezone(UTC)
    names = names_of(locale)
    return "".join(_written(piece, value, names) for piece in pieces(NAMED.get(known, pattern)))


@lru_cache(128)
def pieces(pattern: str) -> tuple[Piece, ...]:
    """Cut a pattern into letters and literal texts."""
    if len(pattern) > LONGEST_PATTERN:
        raise ExpressionError(f"The date pattern is longer than {LONGEST_PATTERN} characters")
    found: list[Piece] = []
    width = 0
    for match in PIECE.finditer(pattern):
        if width and match[2] is None:
            break
        if match[2] == PAD:
            width = len(match[0])
        elif match[1] is not None:
            found.append(Piece(LITERAL, match[1].replace("''", "'") or "'"))
        elif match[2]:
            if match[2] not in WRITERS:
                raise ExpressionError(
                    f"The date pattern has an unknown letter `{match[2]}`; quote texts with '"
                )
            found.append(Piece(match[2], match[0], width))
            width = 0
        elif match[4]:
            found.append(Piece(LITERAL, match[4]))
    if width:
        raise ExpressionError("The date pattern has a `p` with no letter behind it to pad")
    return tuple(found)


def _written(piece: Piece, value: datetime, names: Names) -> str:
    if piece.letter == LITERAL:
        return piece.text
    return WRITERS[piece.letter](len(piece.text), value, names).rjust(piece.width)


def _year(count: int, year: int) -> str:
    return f"{year % 100:02d}" if count == 2 else str(year).zfill(count)


def _month(count: int, value: datetime, names: Names) -> str:
    return str(value.month).zfill(count) if count < 3 else names.month(value.month, count)


def _weekday_number(count: int, value: datetime, names: Names) -> str:
    return str(names.weeks.day(value)).zfill(count) if count < 3 else names.weekday(value.isoweekday(), count)


def _iso_week(count: int, value: datetime, names: Names) -> str:
    year, week, day = value.isocalendar()
    return f"{year:04d}-W{week:02d}-{day}"


def _offset(count: int, value: datetime, zulu: str) -> str:
    text = offset_text(value, "+00:00", ":")
    if zulu and text == "+00:00":
        return zulu
    if count == 1 and text.endswith(":00"):
        return text[:3]
    return text if count in (3, 5) else text.replace(":", "")


def _z(count: int, value: datetime, names: Names) -> str:
    if count == 5:
        return _offset(3, value, "Z")
    return _localized(4, value, names) if count == 4 else offset_text(value, "+0000", "")


def _localized(count: int, value: datetime, names: Names) -> str:
    text = offset_text(value, "")
    if count == 4 or not text:
        return f"GMT{text}"
    hours, _, minutes = text[1:].partition(":")
    return f"GMT{text[0]}{int(hours)}{'' if minutes == '00' else ':' + minutes}"


def _region(count: int, value: datetime, names: Names) -> str:
    key = getattr(value.tzinfo, "key", None)
    return f"[{key}]" if key else ""


def _zone_id(count: int, value: datetime, names: Names) -> str:
    return str(getattr(value.tzinfo, "key", None) or offset_text(value, "UTC"))


def _zone_name(count: int, value: datetime, names: Names) -> str:
    if count == 4:
        return names.zone(value)
    name = value.tzname() or ""
    return name if name.isalpha() else offset_text(value)


def _nanos(value: datetime) -> int:
    return value.microsecond * 1000


def _seconds_of_day(value: datetime) -> int:
    return value.hour * 3600 + value.minute * 60 + value.second


def _number(read: Callable[[datetime], int]) -> Callable[[int, datetime, Names], str]:
    return lambda count, value, names: str(read(value)).zfill(count)


WRITERS: dict[str, Callable[[int, datetime, Names], str]] = {
    "y": lambda count, value, names: _year(count, value.year),
    "u": lambda count, value, names: _year(count, value.year),
    "Y": lambda count, value, names: _year(count, names.weeks.year(value)),
    "G": lambda count, value, names: "Anno Domini" if count == 4 else "A" if count == 5 else "AD",
    "M": _month,
    "L": _month,
    "d": _number(lambda value: value.day),
    "D": _number(lambda value: value.timetuple().tm_yday),
    "Q": lambda count, value, names: names.quarter((value.month + 2) // 3, count),
    "q": lambda count, value, names: names.quarter((value.month + 2) // 3, count),
    "w": lambda count, value, names: str(names.weeks.of_year(value)).zfill(count),
    "W": lambda count, value, names: str(names.weeks.of_month(value)).zfill(count),
    "F": _number(lambda value: (value.day - 1) // 7 + 1),
    "E": lambda count, value, names: names.weekday(value.isoweekday(), max(count, 3)),
    "e": _weekday_number,
    "c": _weekday_number,
    "a": lambda count, value, names: names.half(value.hour),
    "B": lambda count, value, names: names.period(value, max(count, 3)),
    "H": _number(lambda value: value.hour),
    "k": _number(lambda value: value.hour or 24),
    "K": _number(lambda value: value.hour % 12),
    "h": _number(lambda value: value.hour % 12 or 12),
    "m": _number(lambda value: value.minute),
    "s": _number(lambda value: value.second),
    "S": lambda count, value, names: f"{_nanos(value):09d}".ljust(count, "0")[:count],
    "n": _number(_nanos),
    "N": _number(lambda value: _seconds_of_day(value) * 10**9 + _nanos(value)),
    "A": _number(lambda value: _seconds_of_day(value) * 1000 + value.microsecond // 1000),
    "V": _zone_id,
    "z": _zone_name,
    "v": _zone_name,
    "O": _localized,
    "X": lambda count, value, names: _offset(count, value, "Z"),
    "x": lambda count, value, names: _offset(count, value, ""),
    "Z": _z,
    SHORT_FRACTION: lambda count, value, names: (
        f".{value.microsecond:06d}".rstrip("0") if value.microsecond else ""
    ),
    FRACTION_IN_THREES: lambda count, value, names: in_threes(value.microsecond),
    REGION: _region,
    ISO_WEEK: _iso_week,
    OFFSET_OR_GMT: lambda count, value, names: offset_text(value, "GMT", ""),
}
