"""The moments of a schedule: those of a cron expression, or a list of dates."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from tiercel.errors import InvalidParameters

NICKNAMES = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
FIELDS = "minute, hour, day of month, month and day of week"


class Moments(Protocol):
    """A series of moments, which may have no end."""

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Give those later than a moment, in order."""
        ...

    def before(self, moment: datetime) -> Iterator[datetime]:
        """Give those earlier than a moment, the latest first."""
        ...


@dataclass(frozen=True, slots=True)
class Cron:
    """The moments of a cron expression in a time zone.

    What a change of the clock skips or repeats is treated as Debian's cron does. `expression`: five fields,
    or six with the seconds in front.
    """

    expression: str
    zone: tzinfo = UTC

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Give those later than a moment."""
        return self._from(moment)

    def before(self, moment: datetime) -> Iterator[datetime]:
        """Give those earlier than a moment."""
        return self._from(moment, reverse=True)

    def _from(self, moment: datetime, *, reverse: bool = False) -> Iterator[datetime]:
        from cronsim import CronSim  # only flows with a schedule need it

        return CronSim(self.expression, moment.astimezone(self.zone), reverse=reverse)


@dataclass(frozen=True, slots=True)
class Dates:
    """Moments that are listed."""

    dates: tuple[datetime, ...]

    def after(self, moment: datetime) -> Iterator[datetime]:
        """Give those later than a moment."""
        return iter(sorted(date for date in self.dates if date > moment))

    def before(self, moment: datetime) -> Iterator[datetime]:
        """Give those earlier than a moment."""
        return iter(sorted((date for date in self.dates if date < moment), reverse=True))


def cron(text: Any, zone: tzinfo = UTC, *, with_seconds: bool = False) -> Cron:
    """Read a cron expression or nickname; `InvalidParameters` says what is wrong with it."""
    from cronsim import CronSim, CronSimError

    expression = " ".join(str(text).split())
    expression = NICKNAMES.get(expression.lower(), expression)
    if expression.startswith("@"):
        raise InvalidParameters(f"`cron` is '{text}': write five fields, or one of {', '.join(NICKNAMES)}.")
    wanted = 6 if with_seconds and not str(text).strip().startswith("@") else 5
    if len(expression.split()) != wanted:
        fields = f"second, {FIELDS}" if with_seconds else FIELDS
        hint = "" if with_seconds else ", or set `withSeconds`"
        raise InvalidParameters(f"Invalid cron expression '{text}': write {wanted} fields ({fields}){hint}.")
    try:
        CronSim(expression.upper(), datetime(2000, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        field = str(error).removeprefix("Bad ")
        raise InvalidParameters(
            f"Invalid cron expression '{text}': correct its field for the {field}."
        ) from error
    return Cron(expression.upper(), zone)


def dates(texts: Iterable[Any], zone: tzinfo = UTC) -> Dates:
    """Read a list of dates in ISO 8601; one without an offset is of the time zone."""
    return Dates(tuple(_date(text, zone) for text in texts))


def _date(text: Any, zone: tzinfo) -> datetime:
    try:
        date = text if isinstance(text, datetime) else datetime.fromisoformat(str(text).partition("[")[0])
    except ValueError as error:
        raise InvalidParameters(f"`dates` has '{text}': write dates as 2024-12-31T23:59:59Z.") from error
    return date if date.tzinfo else date.replace(tzinfo=zone)


def zone_of(name: Any, default: tzinfo = UTC) -> tzinfo:
    """Read a time zone's name, or an offset such as +02:00; the default where there is none."""
    if name in (None, ""):
        return default
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError):
        try:
            offset = datetime.fromisoformat(f"2000-01-01T00:00:00{name}").tzinfo
        except ValueError:
            offset = None
        if offset is None:
            raise InvalidParameters(
                f"`timezone` is '{name}', which is unknown: write a name such as Europe/Paris."
            ) from None
        return offset
