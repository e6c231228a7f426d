"""When a schedule starts executions, as Kestra's `trigger.Schedule` and `ScheduleOnDates` do."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta, tzinfo
from itertools import islice, takewhile
from typing import Any, Literal, TypeAlias

from tiercel.errors import InvalidParameters
from tiercel.triggers.moments import Moments, cron, dates, zone_of
from tiercel.triggers.polling import duration_of

Recovery: TypeAlias = Literal["ALL", "LAST", "NONE"]
Holds: TypeAlias = Callable[[datetime], bool]
CRON_TYPES = frozenset(
    {"io.kestra.plugin.core.trigger.Schedule", "io.kestra.core.models.triggers.types.Schedule"}
)
DATES_TYPES = frozenset({"io.kestra.plugin.core.trigger.ScheduleOnDates"})
MOST_TRIED = 10_000
"""How many moments are looked at before conditions that hold for none of them are given up."""
MOST_STARTS = 100
"""How many executions one evaluation asks for; those after them are due at once, in the next one."""


def always(moment: datetime) -> bool:
    """Hold for every moment."""
    return True


@dataclass(frozen=True, slots=True)
class Schedule:
    """A schedule as declared. `late_maximum`: a start that is later than this is left out."""

    moments: Moments
    recover: Recovery = "ALL"
    late_maximum: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Start:
    """One execution to create: for which moment, and which ones come before and after it."""

    date: datetime
    next: datetime | None
    previous: datetime | None

    @property
    def variables(self) -> dict[str, str]:
        """What the execution sees as `trigger`."""
        shown = {"date": self.date, "next": self.next, "previous": self.previous}
        return {name: moment.isoformat() for name, moment in shown.items() if moment}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What has become due, in order, and when to look again; None means never."""

    starts: tuple[Start, ...] = ()
    next_at: datetime | None = None


def schedule_of(
    type_id: str, properties: Mapping[str, Any], *, recover: Recovery = "ALL", default: tzinfo = UTC
) -> Schedule:
    """Read a schedule's properties; `InvalidParameters` says what is wrong with them.

    `recover` and `default`: the installation's own rule for what was missed, and its time zone.
    """
    zone = zone_of(properties.get("timezone"), default)
    moments: Moments
    if type_id in DATES_TYPES:
        moments = dates(properties.get("dates") or (), zone)
    else:
        seconds = str(properties.get("withSeconds", False)).lower() == "true"
        moments = cron(properties.get("cron"), zone, with_seconds=seconds)
    late = properties.get("lateMaximumDelay")
    return Schedule(
        moments,
        recovery_of(properties.get("recoverMissedSchedules") or recover),
        None if late is None else duration_of("lateMaximumDelay", late),
    )


def recovery_of(text: Any) -> Recovery:
    """Read `recoverMissedSchedules`."""
    if text not in ("ALL", "LAST", "NONE"):
        raise InvalidParameters(f"`recoverMissedSchedules` is '{text}': write ALL, LAST or NONE.")
    found: Recovery = text
    return found


def evaluate(
    schedule: Schedule,
    next_at: datetime | None,
    now: datetime,
    *,
    missed_until: datetime | None = None,
    holds: Holds = always,
    most: int = MOST_STARTS,
) -> Evaluation:
    """Say which executions a schedule starts now.

    `next_at`: what the last evaluation gave; None at the first look, which starts nothing. `missed_until`: up
    to when nobody looked; what was due until then is recovered as the schedule says. `holds`: its conditions.
    """
    if next_at is None:
        return Evaluation(next_at=following(schedule, now, holds))
    due: list[Start] = []
    # in UTC: Python compares and reckons with the wall clock where both sides are of one zone
    now, seen = now.astimezone(UTC), next_at.astimezone(UTC)
    for moment in islice(to_do(schedule, seen, missed_until, holds), MOST_TRIED):
        if len(due) == most:
            return Evaluation(tuple(due), moment)
        if moment > now:
            return Evaluation(tuple(due), following(schedule, now, holds))
        seen = moment
        in_time = schedule.late_maximum is None or now - moment <= schedule.late_maximum
        if in_time and holds(moment):
            due.append(start_at(schedule, moment, holds))
    return Evaluation(tuple(due), following(schedule, seen, holds))


def to_do(
    schedule: Schedule, next_at: datetime, missed_until: datetime | None, holds: Holds
) -> Iterator[datetime]:
    """Give the moments from `next_at` on, without those that were missed and are not recovered."""
    instant = timedelta(microseconds=1)
    missed_until = missed_until and missed_until.astimezone(UTC)
    if missed_until is None or schedule.recover == "ALL" or next_at > missed_until:
        return schedule.moments.after(next_at - instant)
    if schedule.recover == "LAST":
        last = preceding(schedule, missed_until + instant, holds)
        if last is not None and last >= next_at:
            return schedule.moments.after(last.astimezone(UTC) - instant)
    return schedule.moments.after(missed_until)


def start_at(schedule: Schedule, moment: datetime, holds: Holds = always) -> Start:
    """Give the start of one moment; those before and after it are such as the conditions hold for."""
    return Start(moment, following(schedule, moment, holds), preceding(schedule, moment, holds))


def following(schedule: Schedule, moment: datetime, holds: Holds = always) -> datetime | None:
    """Give the next moment for which the conditions hold."""
    return first_that_holds(schedule.moments.after(moment), holds)


def preceding(schedule: Schedule, moment: datetime, holds: Holds = always) -> datetime | None:
    """Give the moment before for which the conditions hold."""
    return first_that_holds(schedule.moments.before(moment), holds)


def first_that_holds(moments: Iterable[datetime], holds: Holds) -> datetime | None:
    """Give the first moment for which the conditions hold; None where none of very many is one."""
    return next((moment for moment in islice(moments, MOST_TRIED) if holds(moment)), None)


@dataclass(frozen=True, slots=True)
class Backfill:
    """Starts that are made up for. `current`: the next moment that is; None before the first."""

    start: datetime
    end: datetime
    current: datetime | None = None
    paused: bool = False
    inputs: Mapping[str, Any] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)


def backfill(
    schedule: Schedule, wanted: Backfill, *, holds: Holds = always, most: int = 1
) -> tuple[tuple[Start, ...], Backfill | None]:
    """Give the next starts of a backfill, and what is left of it; None where nothing is.

    Both ends count. One start at a time is what keeps a backfill from flooding an engine.
    """
    if wanted.paused:
        return (), wanted
    begin = (wanted.current or wanted.start).astimezone(UTC) - timedelta(microseconds=1)
    end = wanted.end.astimezone(UTC)
    within = takewhile(lambda moment: moment <= end, schedule.moments.after(begin))
    found = list(islice((moment for moment in within if holds(moment)), most + 1))
    starts = tuple(start_at(schedule, moment, holds) for moment in found[:most])
    return starts, replace(wanted, current=found[most]) if len(found) > most else None


def is_stopped_by(properties: Mapping[str, Any], state: str) -> bool:
    """Say whether a trigger is switched off once an execution of it has ended in a state (`stopAfter`)."""
    return state in (properties.get("stopAfter") or ())
