"""Entries of kind task-unit about a schedule: what it starts at a moment, and when next."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from tests.conformance.data import NotUnderstood
from tests.conformance.executions import differs
from tests.conformance.scene import Scene
from tiercel.triggers.schedules import following, preceding, schedule_of, start_at
from tiercel_core.condition.combinations import evaluate_definition
from tiercel_core.moments import read_date, with_zone

AT = "at"
NEXT = "next_local_date"
OFFSET = "trigger.date zone offset in the test"


def is_about(scene: Scene) -> bool:
    """Say whether an entry is about a schedule."""
    return any(key in (AT, NEXT) or key.startswith("trigger.") for key in scene.expected)


def failures(scene: Scene) -> Iterator[str]:
    """Evaluate the schedule at the moment that the entry names, and compare."""
    expected = scene.names.resolve(dict(scene.expected))
    properties = scene.names.resolve(scene.entry["properties"])
    schedule = schedule_of(scene.entry["task_type"], properties)
    if AT not in expected:
        raise NotUnderstood("a schedule without the moment at which it is asked")
    at = with_zone(read_date(str(expected[AT])))
    conditions = [*(properties.get("conditions") or ()), *(properties.get("scheduleConditions") or ())]

    def holds(moment: datetime) -> bool:
        given = {"date": moment.isoformat()}
        return all(evaluate_definition({**given, **condition}, {}) for condition in conditions)

    due = preceding(schedule, at + timedelta(microseconds=1), holds)
    start = start_at(schedule, due, holds) if due else None
    shown = start.variables if start else {}
    for key, wanted in expected.items():
        if key == NEXT:
            following_one = following(schedule, at, holds)
            yield from differs(key, wanted, following_one and following_one.date().isoformat())
        elif key == OFFSET:
            yield from differs(key, wanted, shown.get("date", "")[-6:])
        elif key.startswith("trigger."):
            got = shown.get(key.removeprefix("trigger."))
            yield from differs(key, moment_of(wanted), moment_of(got))


def moment_of(value: Any) -> Any:
    """Read a moment, however it is written; what is none stays."""
    try:
        return with_zone(read_date(str(value))).timestamp() if value is not None else None
    except Exception:
        return value
