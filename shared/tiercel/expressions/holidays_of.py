"""Public holidays by the `holidays` package, which is imported on first use only."""

from datetime import date

from tiercel.errors import ExpressionError

try:
    import holidays
except ImportError:
    raise ExpressionError(
        "`isPublicHoliday` needs the Python package holidays: install tiercel-runtime[expressions]"
    ) from None


def is_holiday(day: date, country: str, part: str | None) -> bool:
    """Say whether a day is a public holiday."""
    division = None if part is None else part.removeprefix(f"{country.upper()}-")
    try:
        return day in holidays.country_holidays(country.upper(), subdiv=division, years=day.year)
    except (NotImplementedError, KeyError) as error:
        raise ExpressionError(f"Unknown country or subdivision `{country[:20]}`") from error
