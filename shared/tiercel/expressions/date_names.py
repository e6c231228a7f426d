"""The names of months, weekdays and quarters: English ones here, those of other locales by Babel."""

from datetime import datetime
from functools import lru_cache
from typing import Protocol

from tiercel.expressions.weeks import UNITED_STATES, Weeks

MONTHS = tuple(
    "January February March April May June July August September October November December".split()
)
WEEKDAYS = tuple("Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split())
ORDINALS = ("1st", "2nd", "3rd", "4th")
PERIODS = (
    (6, "at night"),
    (12, "in the morning"),
    (18, "in the afternoon"),
    (21, "in the evening"),
    (24, "at night"),
)
NARROW = {"noon": "n", "midnight": "mi"}
ENGLISH = ("en", "en_us", "en-us")


class Names(Protocol):
    """The words of one locale; `count` is the number of letters: 3 is short, 4 full, 5 narrow."""

    weeks: Weeks

    def month(self, number: int, count: int) -> str:
        """Name a month."""

    def months(self, count: int) -> tuple[str, ...]:
        """Name all months."""

    def month_number(self, name: str) -> int:
        """Give the number of a month by its name."""

    def weekday(self, number: int, count: int) -> str:
        """Name a weekday; Monday is 1."""

    def weekdays(self, count: int) -> tuple[str, ...]:
        """Name all weekdays."""

    def quarter(self, number: int, count: int) -> str:
        """Name a quarter."""

    def half(self, hour: int) -> str:
        """Name the half of the day."""

    def period(self, value: datetime, count: int) -> str:
        """Name the time of day: noon, at night."""

    def zone(self, value: datetime) -> str:
        """Name the zone of a moment in full."""


def _sized(name: str, count: int) -> str:
    return name[:3] if count == 3 else name[:1] if count == 5 else name


class English:
    """The words of English, and the weeks of the country whose locale Kestra's image has."""

    weeks = UNITED_STATES

    def month(self, number: int, count: int) -> str:
        """Name a month."""
        return _sized(MONTHS[number - 1], count)

    def months(self, count: int) -> tuple[str, ...]:
        """Name all months."""
        return tuple(_sized(name, count) for name in MONTHS)

    def month_number(self, name: str) -> int:
        """Give the number of a month by its name."""
        return next(number for number, full in enumerate(MONTHS, 1) if full.startswith(name))

    def weekday(self, number: int, count: int) -> str:
        """Name a weekday."""
        return _sized(WEEKDAYS[number - 1], count)

    def weekdays(self, count: int) -> tuple[str, ...]:
        """Name all weekdays."""
        return tuple(_sized(name, count) for name in WEEKDAYS)

    def quarter(self, number: int, count: int) -> str:
        """Name a quarter."""
        if count < 3:
            return str(number).zfill(count)
        return f"Q{number}" if count == 3 else f"{ORDINALS[number - 1]} quarter"

    def half(self, hour: int) -> str:
        """Name the half of the day."""
        return "AM" if hour < 12 else "PM"

    def period(self, value: datetime, count: int) -> str:
        """Name the time of day; noon and midnight are one minute long."""
        if value.hour in (0, 12) and not value.minute:
            name = "noon" if value.hour else "midnight"
            return NARROW[name] if count == 5 else name
        return next(name for end, name in PERIODS if value.hour < end)

    def zone(self, value: datetime) -> str:
        """Name the zone of a moment in full."""
        return names_by_babel("en").zone(value)


@lru_cache(16)
def names_of(locale: str | None) -> Names:
    """Give the words of a locale: `fr`, `fr_FR` or `fr-FR`."""
    if locale is None or locale.lower() in ENGLISH:
        return English()
    return names_by_babel(locale)


def names_by_babel(locale: str) -> Names:
    """Give the words of a locale that Babel knows."""
    from tiercel.expressions.date_locales import BabelNames

    return BabelNames(locale)
