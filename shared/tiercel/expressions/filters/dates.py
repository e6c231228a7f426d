"""Filters of dates."""

from datetime import UTC, datetime, timedelta
from typing import Any

from tiercel.expressions.dates import added, moment, written, zone_of
from tiercel.expressions.numbers import whole
from tiercel.expressions.runtime import Run


def _optional(run: Run, value: Any, what: str) -> str | None:
    return None if value is None else run.text(value, what)


def _moment(run: Run, value: Any, existing: Any, zone: Any, locale: Any = None) -> datetime:
    existing_format = _optional(run, existing, "existingFormat")
    # a server's zone is UTC unless told otherwise, so a date without a wish is shown there
    target = zone_of(_optional(run, zone, "timeZone"))
    return moment(value, target, existing_format, _optional(run, locale, "The locale"))


def date(
    run: Run,
    value: Any,
    format: Any = None,
    existing_format: Any = None,
    time_zone: Any = None,
    locale: Any = None,
) -> str | None:
    """Write a date by a Java pattern or a named format."""
    if value is None:
        return None
    found = _moment(run, value, existing_format, time_zone, locale)
    return written(found, _optional(run, format, "The format"), _optional(run, locale, "The locale"))


def date_add(
    run: Run,
    value: Any,
    amount: Any,
    unit: Any,
    format: Any = None,
    existing_format: Any = None,
    time_zone: Any = None,
    locale: Any = None,
) -> str | None:
    """Go on, or back, from a date, and write where that leads."""
    if value is None:
        return None
    found = _moment(run, value, existing_format, time_zone, locale)
    moved = added(found, whole(amount, "The amount of `dateAdd`"), run.text(unit, "The unit of `dateAdd`"))
    return written(moved, _optional(run, format, "The format"), _optional(run, locale, "The locale"))


def _since_epoch(run: Run, value: Any, existing: Any, zone: Any) -> int:
    since = _moment(run, value, existing, zone) - datetime(1970, 1, 1, tzinfo=UTC)
    return since // timedelta(microseconds=1)


def timestamp(run: Run, value: Any, existing_format: Any = None, time_zone: Any = None) -> int | None:
    """Give the seconds since 1970."""
    return None if value is None else _since_epoch(run, value, existing_format, time_zone) // 1_000_000


def timestamp_milli(run: Run, value: Any, existing_format: Any = None, time_zone: Any = None) -> int | None:
    """Give the milliseconds since 1970."""
    return None if value is None else _since_epoch(run, value, existing_format, time_zone) // 1000


def timestamp_micro(run: Run, value: Any, existing_format: Any = None, time_zone: Any = None) -> int | None:
    """Give the microseconds since 1970."""
    return None if value is None else _since_epoch(run, value, existing_format, time_zone)


def timestamp_nano(run: Run, value: Any, existing_format: Any = None, time_zone: Any = None) -> int | None:
    """Give the nanoseconds since 1970."""
    return None if value is None else _since_epoch(run, value, existing_format, time_zone) * 1000
