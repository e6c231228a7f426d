"""The embedded store: one SQLite file in WAL mode."""

import json
import logging
import sqlite3
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from tiercel.clock import timestamp
from tiercel.envelope import Metric
from tiercel.flows.plans import Plan
from tiercel.plugin import LogLine
from tiercel_orchestrator.kernel.decision import Extent, Touched
from tiercel_orchestrator.kernel.rows import Execution, TaskRun
from tiercel_orchestrator.store import codec
from tiercel_orchestrator.store.applying import Applying
from tiercel_orchestrator.store.database import Database
from tiercel_orchestrator.store.port import (
    Change,
    Claim,
    ClaimRequest,
    Decide,
    Filter,
    Finished,
    LogRow,
    OutputRow,
    Report,
    StoreUnavailable,
)

PLANS_KEPT = 256
logger = logging.getLogger("tiercel.store")


class SqliteStore:
    """Executions in a SQLite file; to be used from one thread at a time. `synchronous`: see `Database`."""

    def __init__(self, path: Path | str, synchronous: Literal["FULL", "NORMAL"] = "FULL") -> None:
        self.database = Database(path, synchronous)
        self.plans: dict[tuple[str, int], Plan] = {}

    # -- the five calls

    def claim(self, request: ClaimRequest, now: datetime) -> Finished:
        with self.database.writing():
            return self._claim(request, now)

    def finish(
        self, reports: Sequence[Report], decide: Decide, now: datetime, claim: ClaimRequest | None = None
    ) -> Finished:
        with self.database.writing():
            applying = Applying(self, decide, now)
            for report in reports:
                self._report(applying, report)
            if claim is None:
                return Finished(applying.changes)
            claimed = self._claim(claim, now)
        return Finished([*applying.changes, *claimed.changes], claimed.claims)

    def apply(self, execution: Execution, decide: Decide, now: datetime) -> list[Change]:
        with self.database.writing():
            applying = Applying(self, decide, now)
            applying.create(execution)
        return applying.changes

    def copy(
        self, execution: Execution, runs: Sequence[TaskRun], decide: Decide, now: datetime
    ) -> list[Change]:
        with self.database.writing():
            applying = Applying(self, decide, now)
            applying.copy(execution, runs)
        return applying.changes

    def extend(self, owner: str, now: datetime, lease: timedelta) -> None:
        self.database.run("extend_leases", owner=owner, lease_until=codec.micros(now + lease))

    def sweep(self, now: datetime, gone: Iterable[str], alive: Iterable[str] = ()) -> int:
        known = {"gone": codec.dump(list(gone)), "alive": codec.dump(list(alive))}
        with self.database.writing():
            return self.database.run("release_expired", now=codec.micros(now), **known)

    def next_due(self, root_id: str | None = None, *, tasks_too: bool = True) -> datetime | None:
        row = self.database.one("next_due", root=root_id, tasks_too=tasks_too)
        return None if row is None or row[0] is None else codec.moment(row[0])

    def _report(self, applying: Applying, report: Report) -> None:
        """Take in one report; a bug of ours that it meets stops its task run, and nothing else."""
        changes = len(applying.changes)
        try:
            with self.database.savepoint():
                applying.report(report)
        except StoreUnavailable:
            raise
        except Exception as error:
            logger.exception("%s could not be taken in", report.event)
            del applying.changes[changes:]
            self._park(report.event.run_id, error, applying.now)

    def _park(self, run_id: str, error: Exception, now: datetime) -> None:
        """Let a task run stand still where it is, and say why in its log."""
        self.database.run("park_task_run", id=run_id)
        row = self.database.one("task_run", id=run_id)
        if row is not None:
            message = (
                f"The engine could not take this in ({type(error).__name__}), by a bug of its own; its log "
                "has a traceback. The execution stands still here: `tiercel kill` ends it."
            )
            line = LogLine(timestamp(now), "ERROR", message)
            self.insert_log(row["execution_id"], self._run_from(row), line)

    # -- inside a transaction

    def _claim(self, request: ClaimRequest, now: datetime) -> Finished:
        rows = self.database.all(
            "claim_due",
            owner=request.owner,
            limit=request.limit,
            own_limit=request.own_limit,
            now=codec.micros(now),
            lease_until=codec.micros(now + request.lease),
            root=request.root_id,
        )
        runs = [self._run_from(row) for row in sorted(rows, key=lambda row: int(row["position"]))]
        executions = {run.execution_id: self._execution(run.execution_id) for run in runs}
        begun = [run for run in runs if run.work == "leased" and run.request is None and run.begin(now)]
        for run in begun:
            self.database.run("begin_task_run", **codec.task_run_to_row(run))
            self.insert_event(run.execution_id, run, run.state, timestamp(now))
        return Finished(
            [Change(executions[run.execution_id], [run]) for run in begun],
            [Claim(run, executions[run.execution_id]) for run in runs],
        )

    def touched(self, run_id: str, extent: Extent) -> Touched | None:
        runs = [self._run_from(row) for row in self.database.all("touched", id=run_id)]
        if not runs:
            return None
        execution_id = runs[0].execution_id
        if extent != "lineage":
            more = self.database.all(
                "live_runs" if extent == "live" else "all_runs", execution_id=execution_id
            )
            runs = [*([] if extent == "all" else runs), *(self._run_from(row) for row in more)]
        return Touched(self._execution(execution_id), {run.id: run for run in runs}, extent)

    def others_running(self, execution: Execution) -> int:
        row = self.database.one(
            "others_running", id=execution.id, namespace=execution.namespace, flow_id=execution.flow_id
        )
        return int(row[0]) if row else 0

    def next_queued(self, execution: Execution) -> str | None:
        row = self.database.one("next_queued", namespace=execution.namespace, flow_id=execution.flow_id)
        return row["id"] if row else None

    def insert_execution(self, execution: Execution) -> bool:
        return self.database.run("insert_execution", **codec.execution_to_row(execution)) == 1

    def update_execution(self, execution: Execution) -> None:
        self.database.run("update_execution", **codec.execution_to_row(execution))

    def insert_run(self, run: TaskRun) -> None:
        self.database.run("insert_task_run", **codec.task_run_to_row(run))
        self._keep_plan(run)

    def update_run(self, run: TaskRun) -> None:
        self.database.run("update_task_run", **codec.task_run_to_row(run))
        self._keep_plan(run)

    def drop_runs(self, run_ids: Sequence[str]) -> None:
        self.database.run("drop_runs", ids=codec.dump(list(run_ids)))

    def drop_descendants(self, execution_id: str, run_id: str) -> None:
        self.database.run("drop_descendants", execution_id=execution_id, id=run_id)

    def insert_log(self, execution_id: str, run: TaskRun | None, line: LogLine) -> None:
        self.database.run(
            "insert_log",
            execution_id=execution_id,
            task_run_id=run.id if run and run.task_id else None,
            task_id=run.task_id if run else None,
            attempt=run.attempt if run else 1,
            timestamp=line.timestamp,
            level=line.level,
            message=line.message,
        )

    def insert_metric(self, run: TaskRun, metric: Metric, at: str) -> None:
        self.database.run(
            "insert_metric",
            execution_id=run.execution_id,
            task_run_id=run.id,
            task_id=run.task_id,
            name=metric.name,
            type=metric.type,
            value=metric.value,
            tags=codec.dump(metric.tags),
            timestamp=at,
        )

    def insert_event(self, execution_id: str, run: TaskRun | None, state: str, at: str) -> None:
        self.database.run(
            "insert_event",
            execution_id=execution_id,
            task_run_id=run.id if run else None,
            task_id=run.task_id if run else None,
            state=state,
            at=at,
        )

    def live_children_roots(self, execution_id: str) -> list[str]:
        children = [
            codec.execution_from_row(row)
            for row in self.database.all("children_of_execution", id=execution_id)
        ]
        roots = [self.root_run(child.id) for child in children]
        return [root.id for root in roots if not root.ended]

    # -- reading

    def owners(self) -> list[str]:
        return [row["owner"] for row in self.database.all("owners")]

    def put_flow(self, namespace: str, flow_id: str, source: str, now: datetime) -> int:
        with self.database.writing():
            latest = self.database.one("latest_flow", namespace=namespace, id=flow_id)
            if latest and latest["source"] == source:
                return int(latest["revision"])
            revision = int(latest["revision"]) + 1 if latest else 1
            self.database.run(
                "insert_flow",
                namespace=namespace,
                id=flow_id,
                revision=revision,
                source=source,
                created_at=timestamp(now),
            )
        return revision

    def flow_source(
        self, namespace: str, flow_id: str, revision: int | None = None
    ) -> tuple[int, str] | None:
        if revision is None:
            row = self.database.one("latest_flow", namespace=namespace, id=flow_id)
            return (int(row["revision"]), row["source"]) if row else None
        row = self.database.one("flow_source", namespace=namespace, id=flow_id, revision=revision)
        return (revision, row["source"]) if row else None

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
        assert row is not None, f"execution {execution_id} has no root"
        return self._run_from(row)

    def busy(self, root_id: str) -> bool:
        row = self.database.one("busy", root_id=root_id)
        return bool(row and row[0])

    def runs(self, run_ids: Sequence[str]) -> list[TaskRun]:
        return [self._run_from(row) for row in self.database.all("runs", ids=codec.dump(list(run_ids)))]

    def task_run(self, run_id: str) -> TaskRun | None:
        row = self.database.one("task_run", id=run_id)
        return self._run_from(row) if row else None

    def task_runs(self, execution_id: str) -> list[TaskRun]:
        return [self._run_from(row) for row in self.database.all("task_runs", execution_id=execution_id)]

    def every_run(self, execution_id: str) -> list[TaskRun]:
        return [self._run_from(row) for row in self.database.all("all_runs", execution_id=execution_id)]

    def runs_of_task(self, execution_id: str, task_id: str) -> list[TaskRun]:
        rows = self.database.all("runs_of_task", execution_id=execution_id, task_id=task_id)
        return [self._run_from(row) for row in rows]

    def lineage(self, run_id: str) -> list[TaskRun]:
        runs = {row["id"]: self._run_from(row) for row in self.database.all("touched", id=run_id)}
        lineage = []
        run = runs[run_id]
        while run.parent_id is not None and (run := runs[run.parent_id]).role != "root":
            lineage.append(run)
        return lineage

    def outputs_of(self, execution_id: str, task_ids: Iterable[str] | None) -> list[OutputRow]:
        wanted = None if task_ids is None else codec.dump(sorted(task_ids))
        rows = self.database.all("outputs_of", execution_id=execution_id, task_ids=wanted)
        return [
            OutputRow(
                row["task_id"],
                tuple(json.loads(row["path"])),
                row["value"],
                codec.load_optional(row["outputs"]),
                row["state"],
            )
            for row in rows
        ]

    def logs(self, execution_id: str, after: int = 0) -> list[LogRow]:
        return [
            LogRow(
                row["position"],
                row["task_run_id"],
                row["task_id"],
                row["attempt"],
                LogLine(row["timestamp"], row["level"], row["message"]),
            )
            for row in self.database.all("logs", execution_id=execution_id, after=after)
        ]

    def metrics(self, execution_id: str) -> list[tuple[str, Metric]]:
        return [
            (
                row["task_id"],
                Metric(name=row["name"], type=row["type"], value=row["value"], tags=json.loads(row["tags"])),
            )
            for row in self.database.all("metrics", execution_id=execution_id)
        ]

    def close(self) -> None:
        self.database.connection.close()

    # -- plumbing

    def _run_from(self, row: sqlite3.Row) -> TaskRun:
        """Read a task run, with its plan if it is a scope."""
        plan = self._plan(row["id"], row["attempt"]) if row["frame"] is not None else None
        return codec.task_run_from_row(row, plan)

    def _plan(self, run_id: str, attempt: int) -> Plan:
        """Read a plan; those at work are kept, for they may be long and never change."""
        kept = self.plans.get((run_id, attempt))
        if kept is None:
            row = self.database.one("plan", id=run_id, attempt=attempt)
            assert row is not None, f"the scope {run_id} has no plan"
            kept = self._remember(run_id, attempt, codec.plan_from_text(row["plan"]))
        return kept

    def _keep_plan(self, run: TaskRun) -> None:
        """Write the plan of a scope, once."""
        if run.frame is None or self.plans.get((run.id, run.attempt)) is run.frame.plan:
            return
        self.database.run(
            "insert_plan", id=run.id, attempt=run.attempt, plan=codec.plan_to_text(run.frame.plan)
        )

    def _remember(self, run_id: str, attempt: int, plan: Plan) -> Plan:
        if len(self.plans) >= PLANS_KEPT:
            self.plans.pop(next(iter(self.plans)))
        self.plans[run_id, attempt] = plan
        return plan

    def _execution(self, execution_id: str) -> Execution:
        row = self.database.one("execution", id=execution_id)
        assert row is not None, f"execution {execution_id} is not in the store"
        return codec.execution_from_row(row)
