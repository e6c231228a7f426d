"""Functions of the calendar and the clock."""

from calendar import monthrange
from datetime import date, datetime, timedelta
from typing import Any

from tiercel.errors import ExpressionError
from tiercel.expressions.dates import iso_moment, moment
from tiercel.expressions.filters.dates import date as written_date
from tiercel.expressions.problems import known_instead
from tiercel.expressions.runtime import Run

WEEKDAYS = ("MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY")
WORKING_DAYS = WEEKDAYS[:5]
POSITIONS = {"FIRST": 1, "SECOND": 2, "THIRD": 3, "FOURTH": 4}


def now(
    run: Run, format: Any = None, existing_format: Any = None, time_zone: Any = None, locale: Any = None
) -> str | None:
    """Write the present moment."""
    return written_date(run, run.services.now(), format, None, time_zone, locale)


def _moment(value: Any) -> datetime:
    return moment(value, None)


def _weekday(name: str) -> str:
    upper = name.strip().upper()
    if upper not in WEEKDAYS:
        raise ExpressionError(f"Unknown day `{name[:40]}`{known_instead(upper, WEEKDAYS)}")
    return upper


def day_of_week(run: Run, date: Any) -> str:
    """Name the weekday of a date: MONDAY."""
    return WEEKDAYS[_moment(date).weekday()]


def day_of_month(run: Run, date: Any) -> int:
    """Give the day of the month."""
    return _moment(date).day


def month_of_year(run: Run, date: Any) -> int:
    """Give the month, from 1 to 12."""
    return _moment(date).month


def hour_of_day(run: Run, date: Any) -> int:
    """Give the hour, from 0 to 23."""
    return _moment(date).hour


def is_weekend(run: Run, date: Any) -> bool:
    """Say whether a date is a Saturday or a Sunday."""
    return _moment(date).weekday() >= 5


def is_day_week_in_month(run: Run, date: Any, day_of_week: Any, position: Any) -> bool:
    """Say whether a date is the FIRST, SECOND, THIRD, FOURTH or LAST such weekday of its month."""
    found, place = _moment(date), run.text(position, "The position").upper()
    if place != "LAST" and place not in POSITIONS:
        raise ExpressionError(f"Unknown position `{place[:40]}`{known_instead(place, (*POSITIONS, 'LAST'))}")
    if WEEKDAYS[found.weekday()] != _weekday(run.text(day_of_week, "The day of the week")):
        return False
    if place == "LAST":
        return found.day + 7 > monthrange(found.year, found.month)[1]
    return (found.day - 1) // 7 + 1 == POSITIONS[place]


def is_last_working_day(run: Run, date: Any, working_days: Any = None) -> bool:
    """Say whether a date is the last working day of its month."""
    names: tuple[str, ...] = WORKING_DAYS
    if working_days is not None:
        words = run.text(working_days, "The working days").replace(",", " ").split()
        names = tuple(_weekday(word) for word in words)
    found = _moment(date).date()
    last = found.replace(day=monthrange(found.year, found.month)[1])
    while WEEKDAYS[last.weekday()] not in names and last >= found:
        last -= timedelta(days=1)
    return last == found


def is_date_between(run: Run, date: Any, after: Any, before: Any) -> bool:
    """Say whether a moment lies strictly between two others; each needs an offset."""
    found, first, last = _zoned(date), _zoned(after), _zoned(before)
    return first < found < last


def _zoned(value: Any) -> datetime:
    found = iso_moment(value) if isinstance(value, str) else moment(value, None)
    if found.tzinfo is None:
        raise ExpressionError("`isDateBetween` needs dates with an offset: Z or +02:00")
    return found


def is_public_holiday(run: Run, date: Any, country_code: Any, sub_division: Any = None) -> bool:
    """Say whether a date is a public holiday of a country, or of a part of it."""
    from tiercel.expressions.holidays_of import is_holiday

    part = None if sub_division is None else run.text(sub_division, "The subdivision")
    return is_holiday(_day(date), run.text(country_code, "The country"), part)


def _day(value: Any) -> date:
    return _moment(value).date()
