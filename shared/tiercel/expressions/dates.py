"""Moments: from whatever a template holds, into a zone, to a text and on by an amount of a unit."""

import re
from calendar import monthrange
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from tiercel.errors import ExpressionError
from tiercel.expressions.date_patterns import formatted
from tiercel.expressions.date_reading import parsed
from tiercel.expressions.numbers import is_number
from tiercel.expressions.values import kind

DEFAULT_FORMAT = "iso"
_OFFSET = re.compile(r"(?:UTC|GMT|UT)?([+-])(\d{1,2})(?::?(\d{2}))?(?::?(\d{2}))?")
_ISO = re.compile(
    r"(\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d{1,9})?)?(?:Z|[+-]\d\d(?::?\d\d)?)?)?)"
    r"(?:\[([\w/+-]+)\])?"
)
_FRACTION = re.compile(r"[.,](\d+)")
_SPANS = {
    "NANOS": timedelta(0),
    "MICROS": timedelta(microseconds=1),
    "MILLIS": timedelta(milliseconds=1),
    "SECONDS": timedelta(seconds=1),
    "MINUTES": timedelta(minutes=1),
    "HOURS": timedelta(hours=1),
    "HALF_DAYS": timedelta(hours=12),
    "DAYS": timedelta(days=1),
    "WEEKS": timedelta(weeks=1),
}
# an era is longer than all years there are: one more, or less, leads out of bounds like any long span
_MONTHS = {
    "ERAS": 12 * 10**9,
    "MONTHS": 1,
    "YEARS": 12,
    "DECADES": 120,
    "CENTURIES": 1200,
    "MILLENNIA": 12000,
}
# a number is an epoch: its size tells seconds from milliseconds, microseconds and nanoseconds
_EPOCHS = ((10**11, 1), (10**14, 10**3), (10**17, 10**6), (10**20, 10**9))


def zone_of(name: str | None) -> tzinfo:
    """Give a zone by its name or offset; UTC where there is none."""
    if name is None or name in ("Z", "UTC", "GMT", "UT", "Etc/UTC"):
        return UTC
    match = _OFFSET.fullmatch(name)
    try:
        if match is None:
            return ZoneInfo(name)
        sign, hours, minutes, seconds = match.groups(default="0")
        offset = timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds))
        return timezone(-offset if sign == "-" else offset)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ExpressionError(
            f"Unknown time zone `{name[:60]}`: use a name like Europe/Paris or an offset like +02:00"
        ) from error


def moment(
    value: Any, zone: tzinfo | None, existing: str | None = None, locale: str | None = None
) -> datetime:
    """Read a date of any kind and move it to the zone; what has no zone of its own is there, or in UTC."""
    found = _read(value, existing, locale)
    if found.tzinfo is None:
        return _settled(found.replace(tzinfo=zone or UTC))
    return found if zone is None else found.astimezone(zone)


def _settled(value: datetime) -> datetime:
    """Move a time that the clocks jump over to where they jump, as Java does."""
    try:
        return value if value.tzinfo is None else value.astimezone(UTC).astimezone(value.tzinfo)
    except OverflowError:
        return value


def _read(value: Any, existing: str | None, locale: str | None) -> datetime:
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time())
    if is_number(value):
        return _epoch(value)
    if not isinstance(value, str):
        raise ExpressionError(f"A date is needed, not {kind(value)}")
    return parsed(value, existing, locale, zone_of) if existing is not None else iso_moment(value)


def _epoch(value: Any) -> datetime:
    for limit, units in _EPOCHS:
        if abs(value) < limit:
            return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(value * 1_000_000) // units)
    raise ExpressionError("This number is too large for a date")


def iso_moment(text: str) -> datetime:
    """Read an ISO 8601 date, with or without time and offset."""
    match = _ISO.fullmatch(text.strip())
    try:
        if match is None:
            raise ValueError(text)
        # Python keeps six digits of a fraction, and wants a point
        plain = _FRACTION.sub(lambda found: "." + found[1][:6].ljust(6, "0"), match[1])
        found = datetime.fromisoformat(plain)
    except ValueError as error:
        raise ExpressionError(
            f"`{text[:40]}` is not an ISO 8601 date: give `existingFormat` to read another form"
        ) from error
    return found.astimezone(zone_of(match[2])) if match[2] and found.tzinfo else found


def written(value: datetime, pattern: str | None, locale: str | None = None) -> str:
    """Write a moment by a Java pattern or a named format."""
    return formatted(value, pattern or DEFAULT_FORMAT, locale)


def added(value: datetime, amount: int, unit: str) -> datetime:
    """Go on by an amount of a unit: days and longer keep the hour, shorter ones count real time."""
    name = unit.upper()
    if name not in _SPANS and name not in _MONTHS:
        raise ExpressionError(f"Unknown unit `{unit[:40]}`; known: {', '.join((*_SPANS, *_MONTHS))}")
    try:
        if name in _MONTHS:
            return _settled(_months_later(value, amount * _MONTHS[name]))
        if name in ("DAYS", "WEEKS"):
            return _settled(value + amount * _SPANS[name])
        span = timedelta(microseconds=amount // 1000) if name == "NANOS" else amount * _SPANS[name]
        return (value.astimezone(UTC) + span).astimezone(value.tzinfo)
    except (OverflowError, ValueError) as error:
        raise ExpressionError(f"{amount} {name} from there is beyond the years 1 to 9999") from error


def _months_later(value: datetime, months: int) -> datetime:
    year, month = divmod(value.year * 12 + value.month - 1 + months, 12)
    if not 1 <= year <= 9999:
        raise OverflowError
    return value.replace(year=year, month=month + 1, day=min(value.day, monthrange(year, month + 1)[1]))
