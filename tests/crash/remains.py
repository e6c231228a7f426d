"""What a store holds in the end, without what may differ: moments, leases, the order of siblings."""

import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any

from tests.crash.playing import Place
from tests.store.conftest import Raw
from tiercel_orchestrator.local import STORE_FILE

RUNS = """
select id, execution_id, task_id, path, iteration, state, attempt, outputs, history, attempts, work
from tiercel.task_runs
"""
EXECUTIONS = "select id, flow_id, state, outputs, labels, history from tiercel.executions"
EVENTS = "select execution_id, task_run_id, task_id, state from tiercel.events where state <> 'IGNORED'"
LOGS = "select execution_id, task_run_id, task_id, attempt, level, message from tiercel.logs"
LATE = "select count(*) from tiercel.events where state = 'IGNORED'"

Row = tuple[Any, ...]


@dataclass(frozen=True)
class Remains:
    """Rows of a store; `events` and `logs` with how often each is there. `late`: ignored results."""

    runs: list[Row]
    executions: list[Row]
    events: Counter[Row]
    logs: Counter[Row]
    late: int

    def differences(self, other: "Remains") -> list[str]:
        """Say what is there and not in others, and what is missing."""
        pairs = (
            (Counter(self.runs), Counter(other.runs)),
            (Counter(self.executions), Counter(other.executions)),
            (self.events, other.events),
            (self.logs, other.logs),
        )
        found = []
        for here, there in pairs:
            found += [f"+{count} {row}" for row, count in (here - there).items()]
            found += [f"-{count} {row}" for row, count in (there - here).items()]
        return found


@contextmanager
def reading(place: Place) -> Iterator[Callable[[str], Iterable[Row]]]:
    """Give what reads a store's tables, as `tiercel.executions` and so on, in either dialect."""
    if place.store is None:
        with closing(sqlite3.connect(":memory:")) as connection:
            connection.execute("attach ? as tiercel", [str(place.home / STORE_FILE)])
            yield lambda query: connection.execute(query).fetchall()
    else:
        with closing(Raw(place.store)) as raw:
            yield raw.fetch


def remains_of(place: Place) -> Remains:
    """Read what a store holds."""
    with reading(place) as fetch:
        runs = [(*row[:8], _states(row[8]), _attempts(row[9]), row[10]) for row in fetch(RUNS)]
        executions = [(*row[:5], _states(row[5])) for row in fetch(EXECUTIONS)]
        ((late,),) = fetch(LATE)
        return Remains(runs, executions, Counter(fetch(EVENTS)), Counter(fetch(LOGS)), late)


def _states(history: str) -> tuple[str, ...]:
    return tuple(state for state, _ in json.loads(history))


def _attempts(attempts: str) -> str:
    return json.dumps([one[0] if isinstance(one, list) else one["state"] for one in json.loads(attempts)])
