"""Dates in other languages; the only module that imports Babel, and is imported on first use (70 ms)."""

from datetime import datetime

from tiercel.errors import ExpressionError
from tiercel.expressions.weeks import Weeks

try:
    from babel import Locale, UnknownLocaleError
    from babel.dates import get_period_id, get_timezone_name
except ImportError:
    raise ExpressionError(
        "Dates in this locale need the Python package Babel: install tiercel-runtime[expressions]"
    ) from None

WIDTHS = {3: "abbreviated", 4: "wide", 5: "narrow"}


class BabelNames:
    """The words of one locale."""

    def __init__(self, locale: str) -> None:
        try:
            self._locale = Locale.parse(locale.replace("-", "_"))
        except (UnknownLocaleError, ValueError) as error:
            raise ExpressionError(f"Unknown locale `{locale[:40]}`: use one like fr or fr_FR") from error
        self.weeks = Weeks(self._locale.first_week_day + 1, self._locale.min_week_days)

    def month(self, number: int, count: int) -> str:
        """Name a month."""
        return str(self._locale.months["format"][WIDTHS[min(count, 5)]][number])

    def months(self, count: int) -> tuple[str, ...]:
        """Name all months."""
        return tuple(self.month(number, count) for number in range(1, 13))

    def month_number(self, name: str) -> int:
        """Give the number of a month by its name."""
        for count in WIDTHS:
            if name in self.months(count):
                return self.months(count).index(name) + 1
        raise ValueError(name)

    def weekday(self, number: int, count: int) -> str:
        """Name a weekday."""
        return str(self._locale.days["format"][WIDTHS[min(count, 5)]][number - 1])

    def weekdays(self, count: int) -> tuple[str, ...]:
        """Name all weekdays."""
        return tuple(self.weekday(number, count) for number in range(1, 8))

    def quarter(self, number: int, count: int) -> str:
        """Name a quarter."""
        if count < 3:
            return str(number).zfill(count)
        return str(self._locale.quarters["format"][WIDTHS[min(count, 5)]][number])

    def half(self, hour: int) -> str:
        """Name the half of the day."""
        return str(self._locale.day_periods["format"]["abbreviated"]["am" if hour < 12 else "pm"])

    def period(self, value: datetime, count: int) -> str:
        """Name the time of day; the half of the day where the language has no better name."""
        names = self._locale.day_periods["format"][WIDTHS[min(count, 5)]]
        return str(names.get(get_period_id(value.time(), locale=self._locale)) or self.half(value.hour))

    def zone(self, value: datetime) -> str:
        """Name the zone of a moment in full."""
        return get_timezone_name(value, width="long", locale=self._locale)
