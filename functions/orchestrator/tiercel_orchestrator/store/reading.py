"""What the store is asked outside of its transactions; the same for every dialect."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from tiercel.clock import timestamp
from tiercel.envelope import Metric
from tiercel.errors import InvalidFlow
from tiercel.operations import FoundLog, LogQuery
from tiercel.plugin import LogLine
from tiercel_orchestrator.kernel.ids import root_run_id
from tiercel_orchestrator.kernel.rows import Execution, TaskRun, as_shown
from tiercel_orchestrator.store import codec
from tiercel_orchestrator.store.plans import Key, Plans
from tiercel_orchestrator.store.port import Filter, LogRow, OutputRow, Requested
from tiercel_orchestrator.store.tables import Database


class Reading:
    """Named queries of a database, and what their rows mean."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.plans = Plans()

    def owners(self) -> list[str]:
        return [row[0] for row in self.database.all("owners")]

    def flow_source(
        self, namespace: str, flow_id: str, revision: int | None = None
    ) -> tuple[int, str] | None:
        if revision is None:
            row = self.database.one("latest_flow", namespace=namespace, id=flow_id)
            return (int(row[0]), row[1]) if row else None
        row = self.database.one("flow_source", namespace=namespace, id=flow_id, revision=revision)
        return (revision, row[0]) if row else None

    def waiting_requests(self, after: int, limit: int) -> list[Requested]:
        rows = self.database.all("waiting_requests", after=after, limit=limit)
        return [codec.request_from_row(row) for row in rows]

    def request(self, execution_id: str) -> Requested | None:
        row = self.database.one("request", id=execution_id)
        return codec.request_from_row(row) if row else None

    def setting(self, name: str) -> str | None:
        row = self.database.one("setting", name=name)
        return row[0] if row else None

    def template_source(self, namespace: str, template_id: str, at: str) -> str | None:
        row = self.database.one("template_source", namespace=namespace, id=template_id, at=at)
        return row[0] if row else None

    def listening_flows(self) -> list[tuple[str, str, int]]:
        return [(row[0], row[1], int(row[2])) for row in self.database.all("listening_flows")]

    def switched_off(self, namespace: str, flow_id: str) -> frozenset[str]:
        rows = self.database.all("switched_off", namespace=namespace, flow_id=flow_id)
        return frozenset(row[0] for row in rows)

    def execution(self, execution_id: str) -> Execution | None:
        row = self.database.one("execution", id=execution_id)
        return codec.execution_from_row(row) if row else None

    def executions(self, wanted: Filter) -> list[Execution]:
        rows = self.database.all(
            "executions",
            namespace=wanted.namespace,
            flow_id=wanted.flow_id,
            root_id=wanted.root_id,
            state=wanted.state,
            limit=wanted.limit,
        )
        return [codec.execution_from_row(row) for row in rows]

    def unfinished(self) -> list[Execution]:
        return [codec.execution_from_row(row) for row in self.database.all("unfinished_executions")]

    def root_run(self, execution_id: str) -> TaskRun:
        row = self.database.one("root_run", execution_id=execution_id)
        if row is None:
            raise InvalidFlow(
                f"Execution '{execution_id}' is being removed; there is nothing left to do in it."
            )
        return self._runs_from([row])[0]

    def busy(self, root_id: str) -> bool:
        row = self.database.one("busy", root_id=root_id)
        return bool(row and row[0])

    def runs(self, run_ids: Sequence[str]) -> list[TaskRun]:
        return self._runs_from(self.database.all("runs", ids=codec.dump(list(run_ids)))) if run_ids else []

    def task_run(self, run_id: str) -> TaskRun | None:
        found = self._runs_from(self.database.all("task_run", id=run_id))
        return found[0] if found else None

    def task_runs(self, execution_id: str) -> list[TaskRun]:
        runs = self._runs_from(self.database.all("task_runs", execution_id=execution_id))
        shards = {run.id: run for run in runs if run.role}
        return [as_shown(run, shards.get(run.parent_id or "")) for run in runs if run.shown]

    def every_run(self, execution_id: str) -> list[TaskRun]:
        return self._runs_from(self.database.all("all_runs", execution_id=execution_id))

    def runs_of_task(self, execution_id: str, task_id: str) -> list[TaskRun]:
        return self._runs_from(self.database.all("runs_of_task", execution_id=execution_id, task_id=task_id))

    def lineage(self, run: TaskRun) -> list[TaskRun]:
        if run.parent_id in (None, root_run_id(run.execution_id)):
            return []  # most runs are right below the root, which needs no question
        rows = self.database.all("touched", ids=codec.dump([run.parent_id]))
        runs = {one.id: one for one in self._runs_from(rows)}
        lineage = []
        while run.parent_id is not None and (run := runs[run.parent_id]).role != "root":
            lineage.append(run)
        return lineage

    def outputs_of(self, execution_id: str, task_ids: Iterable[str] | None) -> list[OutputRow]:
        wanted = None if task_ids is None else codec.dump(sorted(task_ids))
        rows = self.database.all("outputs_of", execution_id=execution_id, task_ids=wanted)
        return [
            OutputRow(task_id, tuple(json.loads(path)), value, codec.load_optional(outputs), state)
            for task_id, path, value, outputs, state in rows
        ]

    def logs(self, execution_id: str, after: int = 0) -> list[LogRow]:
        return [
            LogRow(position, task_run_id, task_id, attempt, LogLine(at, level, message))
            for position, _, task_run_id, task_id, attempt, at, level, message in self.database.all(
                "logs", execution_id=execution_id, after=after
            )
        ]

    def find_logs(self, wanted: LogQuery, after: int, limit: int) -> list[FoundLog]:
        rows = self.database.all("find_logs", after=after, limit=limit, **_logs_wanted(wanted))
        return [FoundLog(*row) for row in rows]

    def purge_logs(self, wanted: LogQuery) -> int:
        return self.database.run("purge_logs", **_logs_wanted(wanted))

    def metrics(self, execution_id: str) -> list[tuple[str, Metric]]:
        rows = self.database.all("metrics", execution_id=execution_id)
        return [
            (task_id, Metric(name=name, type=kind, value=value, tags=json.loads(tags)))
            for task_id, name, kind, value, tags in rows
        ]

    def _runs_from(self, rows: Sequence[codec.Row]) -> list[TaskRun]:
        return self.plans.runs_from(rows, self._read_plans)

    def _read_plans(self, keys: Iterable[Key]) -> list[codec.Row]:
        return self.database.all("plans", keys=codec.dump(list(keys)))


def _logs_wanted(wanted: LogQuery) -> dict[str, Any]:
    return {
        "namespace": wanted.namespace,
        "below": f"{wanted.namespace}." if wanted.namespace and wanted.below else None,
        "flow_id": wanted.flow_id,
        "execution_id": wanted.execution_id,
        "task_ids": None if wanted.task_ids is None else codec.dump(list(wanted.task_ids)),
        "levels": None if wanted.levels is None else codec.dump(list(wanted.levels)),
        "start": timestamp(wanted.start) if wanted.start else None,
        "end": timestamp(wanted.end) if wanted.end else None,
    }
