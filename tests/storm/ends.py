"""The end of each tree of executions, in a form that is the same each time its flow runs."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterable

from tests.crash.playing import Place
from tests.crash.remains import Row, reading
from tests.storm.flows import IDS

RUNS = """
select executions.root_id, executions.flow_id, task_runs.task_id, task_runs.role, task_runs.path,
    task_runs.iteration, task_runs.state, task_runs.attempt, task_runs.work, task_runs.outputs,
    task_runs.history
from tiercel.task_runs join tiercel.executions on executions.id = task_runs.execution_id
"""
MOMENT = r"\d{4}-\d\d-\d\dT[\d:.]+Z"
"""What a moment looks like: a Pause says when it was resumed."""
EXECUTIONS = "select root_id, flow_id, state, outputs, history from tiercel.executions"
EVENTS = """
select executions.root_id, executions.flow_id, events.task_id, events.task_run_id, events.state
from tiercel.events join tiercel.executions on executions.id = events.execution_id
where events.state not in ('IGNORED', 'QUEUED')
"""
LOGS = """
select executions.root_id, executions.flow_id, logs.task_id, logs.attempt, logs.level, logs.message
from tiercel.logs join tiercel.executions on executions.id = logs.execution_id
"""
LATE = "select count(*) from tiercel.events where state = 'IGNORED'"

End = Counter[Row]
"""Rows of one tree, each with how often it is there."""


def ends_of(place: Place) -> dict[str, End]:
    """Give the end of every tree of executions, by the id of its root."""
    ends: dict[str, End] = defaultdict(Counter)
    with reading(place) as fetch:
        for root_id, *row, outputs, history in fetch(RUNS):
            ends[root_id]["run", *row, _plain(outputs), _states(history)] += 1
        for root_id, flow_id, state, outputs, history in fetch(EXECUTIONS):
            ends[root_id]["execution", flow_id, state, _plain(outputs), _states(history)] += 1
        by_run = Counter(fetch(EVENTS))
        for (root_id, flow_id, task_id, _, state), count in by_run.items():
            # how often one and the same task run came into a state counts, not which one
            ends[root_id]["event", flow_id, task_id, state, count] += 1
        for root_id, *row, message in fetch(LOGS):
            ends[root_id]["log", *row, _plain(message)] += 1
    return ends


def late_in(place: Place) -> int:
    """Give how many results came too late, and were ignored."""
    with reading(place) as fetch:
        return int(next(iter(fetch(LATE)))[0])


def differences(here: End, there: End) -> list[str]:
    """Say what one end has that another has not, and what it lacks."""
    more = [f"+{count} {row}" for row, count in (here - there).items()]
    return more + [f"-{count} {row}" for row, count in (there - here).items()]


def count_runs(ends: Iterable[End]) -> int:
    """Count the task runs."""
    return sum(count for end in ends for row, count in end.items() if row[0] == "run")


def _plain(text: str | None) -> str | None:
    text = None if text is None else IDS.sub("#", text)
    return re.sub(MOMENT, "…", text) if text else text


def _states(history: str) -> str:
    return ",".join(state for state, _ in json.loads(history) if state != "QUEUED")
