"""The condition on public holidays; its calendar comes from the `holidays` package."""

import locale

from pydantic import Field

from tiercel.errors import ExpressionError, TaskFailed
from tiercel.plugin import BaseParams
from tiercel_core.condition.base import Condition, Event
from tiercel_core.moments import read_date


class PublicHolidayParams(BaseParams):
    date: str = Field("{{ trigger.date}}", description="The date to test, in ISO 8601.")
    country: str | None = Field(
        None, description="Code of the country, such as FR; that of the machine's locale if left out."
    )
    sub_division: str | None = Field(None, description="Code of a part of it that has days of its own.")


class PublicHoliday(Condition[PublicHolidayParams]):
    """Hold on the public holidays of a country, or of a part of it."""

    task_types = (
        "io.kestra.plugin.core.condition.PublicHoliday",
        "io.kestra.core.models.conditions.types.PublicHolidayCondition",
        "io.kestra.plugin.core.condition.PublicHolidayCondition",
    )

    def evaluate(self, params: PublicHolidayParams, event: Event) -> bool:
        from tiercel.expressions.holidays_of import (
            is_holiday,
        )  # a calendar is heavy, and few flows ask for it

        country = params.country or country_here()
        try:
            return is_holiday(read_date(params.date).date(), country, params.sub_division)
        except ExpressionError as error:
            raise TaskFailed(
                f"The holidays of '{country}' are not known ({error}); write `country` as a code such as FR, "
                "and `subDivision` as one of its parts."
            ) from error


def country_here() -> str:
    """Give the country of the machine's locale."""
    name = (locale.getlocale()[0] or "").partition(".")[0]
    if "_" not in name:
        raise TaskFailed("No `country` is set, and the machine's locale names none: write one, such as FR.")
    return name.rpartition("_")[2]
