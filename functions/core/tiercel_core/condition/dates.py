"""Conditions on the date of a schedule."""

from calendar import day_name, monthrange
from datetime import datetime, time
from typing import Literal, TypeAlias

from pydantic import Field

from tiercel.errors import TaskFailed
from tiercel.plugin import BaseParams
from tiercel_core.condition.base import Condition, Event
from tiercel_core.moments import read_date, with_zone

DayOfWeek: TypeAlias = Literal["MONDAY", "TUESDAY", "WEDNESDAY", "THURSDAY", "FRIDAY", "SATURDAY", "SUNDAY"]
TRIGGER_DATE = "{{ trigger.date }}"
WEEKS = {"FIRST": 1, "SECOND": 2, "THIRD": 3, "FOURTH": 4}


def weekday(moment: datetime) -> str:
    """Name the day of the week as Kestra does."""
    return day_name[moment.weekday()].upper()


class DayWeekParams(BaseParams):
    date: str = Field(TRIGGER_DATE, description="The date to test, in ISO 8601.")
    day_of_week: DayOfWeek = Field(description="The day that it has to be.")


class DayWeek(Condition[DayWeekParams]):
    """Hold on one day of the week."""

    task_types = (
        "io.kestra.plugin.core.condition.DayWeek",
        "io.kestra.core.models.conditions.types.DayWeekCondition",
        "io.kestra.plugin.core.condition.DayWeekCondition",
    )

    def evaluate(self, params: DayWeekParams, event: Event) -> bool:
        return weekday(read_date(params.date)) == params.day_of_week


class DayWeekInMonthParams(BaseParams):
    date: str = Field(TRIGGER_DATE, description="The date to test, in ISO 8601.")
    day_of_week: DayOfWeek = Field(description="The day of the week that it has to be.")
    day_in_month: Literal["FIRST", "LAST", "SECOND", "THIRD", "FOURTH"] = Field(
        description="Which of the month's days of that name it has to be."
    )


class DayWeekInMonth(Condition[DayWeekInMonthParams]):
    """Hold on the first, second, third, fourth or last such day of a month."""

    task_types = (
        "io.kestra.plugin.core.condition.DayWeekInMonth",
        "io.kestra.core.models.conditions.types.DayWeekInMonthCondition",
        "io.kestra.plugin.core.condition.DayWeekInMonthCondition",
    )

    def evaluate(self, params: DayWeekInMonthParams, event: Event) -> bool:
        moment = read_date(params.date)
        if weekday(moment) != params.day_of_week:
            return False
        if params.day_in_month == "LAST":
            return moment.day + 7 > monthrange(moment.year, moment.month)[1]
        return (moment.day - 1) // 7 + 1 == WEEKS[params.day_in_month]


class WeekendParams(BaseParams):
    date: str = Field(TRIGGER_DATE, description="The date to test, in ISO 8601.")


class Weekend(Condition[WeekendParams]):
    """Hold on Saturdays and Sundays."""

    task_types = (
        "io.kestra.plugin.core.condition.Weekend",
        "io.kestra.core.models.conditions.types.WeekendCondition",
        "io.kestra.plugin.core.condition.WeekendCondition",
    )

    def evaluate(self, params: WeekendParams, event: Event) -> bool:
        return read_date(params.date).weekday() >= 5


class BetweenParams(BaseParams):
    date: str = Field(TRIGGER_DATE, description="The date to test, in ISO 8601.")
    after: str | None = Field(None, description="It has to be later than this.")
    before: str | None = Field(None, description="It has to be earlier than this.")


class DateTimeBetween(Condition[BetweenParams]):
    """Hold after one moment, before another, or between both."""

    task_types = (
        "io.kestra.plugin.core.condition.DateTimeBetween",
        "io.kestra.core.models.conditions.types.DateTimeBetweenCondition",
        "io.kestra.plugin.core.condition.DateTimeBetweenCondition",
    )

    def evaluate(self, params: BetweenParams, event: Event) -> bool:
        moment = with_zone(read_date(params.date))
        late_enough = params.after is None or moment > with_zone(read_date(params.after))
        return late_enough and (params.before is None or moment < with_zone(read_date(params.before)))


class TimeBetween(Condition[BetweenParams]):
    """Hold after one time of the day, before another, or between both."""

    task_types = (
        "io.kestra.plugin.core.condition.TimeBetween",
        "io.kestra.core.models.conditions.types.TimeBetweenCondition",
        "io.kestra.plugin.core.condition.TimeBetweenCondition",
    )

    def evaluate(self, params: BetweenParams, event: Event) -> bool:
        moment = with_zone(read_date(params.date))
        late_enough = params.after is None or moment > self.on_the_day(moment, params.after)
        return late_enough and (params.before is None or moment < self.on_the_day(moment, params.before))

    def on_the_day(self, moment: datetime, text: str) -> datetime:
        """Give the moment at which a time, with or without offset, falls on the day of `moment`."""
        try:
            clock = time.fromisoformat(text.strip())
        except ValueError as error:
            raise TaskFailed(f"`{text}` is no time: write it as 16:30:00 or 16:30:00+02:00.") from error
        zone = clock.tzinfo or moment.tzinfo
        return datetime.combine(moment.astimezone(zone).date(), clock.replace(tzinfo=zone))
