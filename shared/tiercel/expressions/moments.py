"""The ISO text of dates, times and durations."""

from datetime import UTC, date, datetime, time, timedelta

from tiercel.errors import ExpressionError

DATES = (date, time, timedelta)


def shown_text(value: date | time | timedelta) -> str:
    """Write a date, time or duration as output does, by Java's toString: seconds only where there are any."""
    if isinstance(value, datetime):
        if _is_instant(value):
            return _moment(value)
        zone = getattr(value.tzinfo, "key", None)
        offset = "" if value.tzinfo is None else offset_text(value) + (f"[{zone}]" if zone else "")
        return f"{value.year:04d}-{value:%m-%d}T{_short_time(value.time())}{offset}"
    return _short_time(value) if isinstance(value, time) else iso_text(value)


def _short_time(value: time) -> str:
    if not value.second and not value.microsecond:
        return f"{value:%H:%M}"
    return f"{value:%H:%M:%S}{in_threes(value.microsecond)}"


def _is_instant(value: datetime) -> bool:
    return value.tzinfo is not None and (value.tzinfo is UTC or value.tzname() == "UTC")


def iso_text(value: date | time | timedelta) -> str:
    """Write a date, time or duration as ISO 8601, as JSON holds it."""
    if isinstance(value, datetime):
        return _moment(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, time):
        return f"{value:%H:%M:%S}{_fraction(value.microsecond)}"
    if isinstance(value, timedelta):
        return duration_text(value)
    raise ExpressionError(f"A value of type {type(value).__name__} is not plain data and cannot be written")


def _moment(value: datetime) -> str:
    text = f"{value.year:04d}-{value:%m-%dT%H:%M:%S}"
    if value.tzinfo is None:
        return text + _fraction(value.microsecond)
    if _is_instant(value):
        return f"{text}{in_threes(value.microsecond)}Z"
    return text + _fraction(value.microsecond) + offset_text(value)


def in_threes(micros: int) -> str:
    """Write a fraction in groups of three digits, as Java does for an Instant and in toString."""
    return "" if not micros else f".{micros:06d}" if micros % 1000 else f".{micros // 1000:03d}"


def _fraction(micros: int) -> str:
    return f".{micros:06d}".rstrip("0") if micros else ""


def offset_text(value: datetime, zulu: str = "Z", separator: str = ":") -> str:
    """Write the offset of a zoned moment: +02:00, and `zulu` for none."""
    offset = value.utcoffset() or timedelta()
    if not offset:
        return zulu
    seconds = int(offset.total_seconds())
    sign = "-" if seconds < 0 else "+"
    hours, rest = divmod(abs(seconds), 3600)
    text = f"{sign}{hours:02d}{separator}{rest // 60:02d}"
    return f"{text}{separator}{rest % 60:02d}" if rest % 60 else text


def duration_text(value: timedelta) -> str:
    """Write a duration as Java does: PT49H3M0.5S; there are no days."""
    micros = value // timedelta(microseconds=1)
    sign = "-" if micros < 0 else ""
    seconds, fraction = divmod(abs(micros), 1_000_000)
    hours, rest = divmod(seconds, 3600)
    minutes, left = divmod(rest, 60)
    parts = [f"{sign}{hours}H" if hours else "", f"{sign}{minutes}M" if minutes else ""]
    if left or fraction:
        parts.append(f"{sign}{left}{_fraction(fraction)}S")
    return "PT" + ("".join(parts) or "0S")
