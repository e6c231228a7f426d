"""Weeks as Java counts them: which day is their first, and how many days make the first one of a year."""

from datetime import date, timedelta

WEEK = 7


class Weeks:
    """The weeks of one country."""

    def __init__(self, first_day: int, least_days: int) -> None:
        self._first_day, self._least_days = first_day, least_days

    def day(self, value: date) -> int:
        """Give the day of the week; the first one is 1."""
        return (value.isoweekday() - self._first_day) % WEEK + 1

    def of_month(self, value: date) -> int:
        """Give the week of the month; 0 before the first one that is long enough."""
        return self._counted(value.day, self.day(value))

    def of_year(self, value: date) -> int:
        """Give the week of the year to which the most of the week belongs."""
        return self._place(value)[1]

    def year(self, value: date) -> int:
        """Give the year to which the most of the week belongs."""
        return self._place(value)[0]

    def _place(self, value: date) -> tuple[int, int]:
        day = value.timetuple().tm_yday
        week = self._counted(day, self.day(value))
        if week == 0:
            # the last week of the year before
            return self._place(value - timedelta(days=day))
        days_left = date(value.year, 12, 31).timetuple().tm_yday - day
        # of the week's last days, so many lie in the next year
        if WEEK - self.day(value) - days_left >= self._least_days:
            return value.year + 1, 1
        return value.year, week

    def _counted(self, day: int, weekday: int) -> int:
        before = (day - weekday) % WEEK
        offset = WEEK - before if before + 1 > self._least_days else -before
        return (WEEK + offset + day - 1) // WEEK


ISO = Weeks(1, 4)
UNITED_STATES = Weeks(7, 1)
