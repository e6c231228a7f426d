"""Executions looked after from a deployed family: SQL functions read, an orchestrator does the rest."""

import json
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from tiercel.clock import parse_timestamp, timestamp
from tiercel.errors import TaskFailed
from tiercel.kv import json_text
from tiercel.operations import (
    ExecutionQuery,
    FoundExecution,
    FoundLog,
    LogQuery,
    Purge,
    Purged,
    TriggerName,
)
from tiercel.postgres import Functions, Row

PAGE = 1000
LINES_AT_ONCE = 10_000
PATIENCE_SECONDS = 60.0
"""How long an orchestrator has to take up what is asked; with it done it may take its time."""
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 0.1, 1.0


class PostgresOperations:
    """Look after executions of the own namespace and those below. `pause`: how to wait for an answer."""

    def __init__(
        self,
        functions: Functions,
        patience_seconds: float = PATIENCE_SECONDS,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        self.functions = functions
        self.patience_seconds = patience_seconds
        self.pause = pause

    def under(self, token: str | None) -> "PostgresOperations":
        """Give what the task run may do that a token was minted for."""
        return PostgresOperations(self.functions.under(token), self.patience_seconds, self.pause)

    def find(self, wanted: ExecutionQuery) -> Iterator[FoundExecution]:
        """Give executions, the oldest first, a page at a time."""
        asked = {**wanted._asdict(), "states": listed(wanted.states)}
        for row in self._pages("pipeline_executions", asked):
            started_at = parse_timestamp(row["started_at"])
            yield FoundExecution(row["id"], row["namespace"], row["flow_id"], row["state"], started_at)

    def purge(self, execution_ids: Sequence[str], wanted: Purge) -> Purged:
        """Remove executions that have ended, or what belongs to them."""
        return Purged(**self._done("pipeline_purge", execution_ids=[*execution_ids], **wanted._asdict()))

    def resume(self, execution_id: str, inputs: dict[str, Any]) -> None:
        """Go on with an execution that is paused."""
        text = json_text(inputs, "`inputs`")
        self._done("pipeline_resume", execution_id=execution_id, inputs=text)

    def logs(self, wanted: LogQuery) -> Iterator[dict[str, Any]]:
        """Give log lines, the oldest first, a page at a time."""
        for row in self._pages("pipeline_logs", lines(wanted)):
            yield FoundLog(**row).view()

    def purge_logs(self, wanted: LogQuery) -> int:
        """Delete log lines, some at a time, and say how many there were."""
        total = 0
        while removed := self._removed(lines(wanted)):
            total += removed
        return total

    def switch_trigger(self, trigger: TriggerName, enabled: bool) -> None:
        """Switch a trigger on or off."""
        asked = {"namespace": trigger.namespace, "flow_id": trigger.flow_id, "trigger_id": trigger.id}
        self._done("pipeline_trigger_switch", **asked, enabled=enabled)

    def close(self) -> None:
        """Let go of connections."""
        self.functions.close()

    def _removed(self, asked: dict[str, Any]) -> int:
        (row,) = self.functions.call("pipeline_logs_purge", **asked, limit=LINES_AT_ONCE)
        return int(row["removed"])

    def _pages(self, name: str, asked: dict[str, Any]) -> Iterator[Row]:
        """Give all rows; a project may send fewer at once than are asked for."""
        after = 0
        while page := self.functions.call(name, **asked, after=after, limit=PAGE):
            yield from page
            after = page[-1]["position"]

    def _done(self, name: str, **asked: Any) -> Any:
        """Leave something for an orchestrator to do, and give its answer."""
        (left,) = self.functions.call(name, **asked)
        waited, pause = 0.0, FIRST_PAUSE_SECONDS
        while True:
            (found,) = self.functions.call("pipeline_answer", id=left["id"])
            if found["refusal"] is not None:
                raise TaskFailed(found["refusal"])
            if found["answer"] is not None:
                return json.loads(found["answer"])
            if not found["taken"] and waited >= self.patience_seconds:
                raise TaskFailed(
                    f"No orchestrator took up what this task asks for within {waited:.0f} s; "
                    "see that `tiercel server` runs on the store of this project, or wakes."
                )
            self.pause(pause)
            waited, pause = waited + pause, min(pause * 1.5, LONGEST_PAUSE_SECONDS)


def lines(wanted: LogQuery) -> dict[str, Any]:
    """Give which log lines are meant, as the functions are asked; their moments are compared as text."""
    return {
        **wanted._asdict(),
        "task_ids": listed(wanted.task_ids),
        "levels": listed(wanted.levels),
        "start": timestamp(wanted.start) if wanted.start else None,
        "end": timestamp(wanted.end) if wanted.end else None,
    }


def listed(names: Sequence[str] | None) -> list[str] | None:
    """Give an array of the database, or none."""
    return None if names is None else [*names]
