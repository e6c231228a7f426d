"""Events through the kernel and into rows, within one transaction; the same for every dialect."""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from tiercel.clock import timestamp
from tiercel.envelope import Metric
from tiercel.plugin import LogLine
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.decision import Decision, Extent, Touched, Wants
from tiercel_orchestrator.kernel.events import (
    Answered,
    Ended,
    Event,
    KillRequested,
    SlotFreed,
    Snoozed,
    Started,
)
from tiercel_orchestrator.kernel.ids import next_attempt_id, root_run_id
from tiercel_orchestrator.kernel.rows import Execution, TaskRun
from tiercel_orchestrator.store.port import Change, Decide, Report

IGNORED = "IGNORED"
"""What the events say of a result that was not applied."""


class Transaction(Protocol):
    """What a dialect offers inside a transaction."""

    def touched(self, run_id: str, extent: Extent) -> Touched | None:
        """Load a run, its ancestors and its execution; besides, as much as `extent` says."""

    def others_running(self, execution: Execution) -> int:
        """Count the other executions of a flow that run or are paused; nobody changes that meanwhile."""

    def next_queued(self, execution: Execution) -> str | None:
        """Name the root run of the flow's execution that has been QUEUED the longest."""

    def insert_execution(self, execution: Execution) -> bool:
        """Insert an execution; False if it exists."""

    def update_execution(self, execution: Execution) -> None:
        """Write an execution's state, labels, variables and outputs."""

    def insert_run(self, run: TaskRun) -> None:
        """Insert a task run; its position follows all others."""

    def update_run(self, run: TaskRun) -> None:
        """Write a task run; a lease on it ends."""

    def drop_runs(self, run_ids: Sequence[str]) -> None:
        """Delete these task runs, whether they exist or not."""

    def drop_descendants(self, execution_id: str, run_id: str) -> None:
        """Delete all task runs below one."""

    def insert_log(self, execution_id: str, run: TaskRun | None, line: LogLine) -> None:
        """Append a log line."""

    def insert_metric(self, run: TaskRun, metric: Metric, at: str) -> None:
        """Append a metric."""

    def insert_event(self, execution_id: str, run: TaskRun | None, state: str, at: str) -> None:
        """Append to the table that subscribers follow."""

    def live_children_roots(self, execution_id: str) -> list[str]:
        """Name the root runs of executions that this one started and that have not ended."""


class Applying:
    """Feeds events to the kernel and writes what it decides."""

    def __init__(self, transaction: Transaction, decide: Decide, now: datetime) -> None:
        self.transaction = transaction
        self.decide = decide
        self.now = now
        self.changes: list[Change] = []

    def create(self, execution: Execution, at: datetime | None = None) -> None:
        """Insert an execution with its root, and start it, now or later.

        One that exists is left as it is; one whose parent was killed meanwhile is not born.
        """
        first = execution.attempt_number == 1
        if first and execution.parent_run_id and self._has_ended(execution.parent_run_id):
            return
        execution.enter(states.CREATED, self.now)
        if not self.transaction.insert_execution(execution):
            return
        root = TaskRun(root_run_id(execution.id), execution.id, task_id=None, parent_id=None, role="root")
        root.enter(states.CREATED, self.now)
        if at is not None:
            root.work, root.due_at = "timer", at
        self.transaction.insert_run(root)
        self.transaction.insert_event(execution.id, None, states.CREATED, timestamp(self.now))
        if at is None:
            self.report(Report(Started(root.id, execution.stillborn)))

    def copy(self, execution: Execution, runs: Sequence[TaskRun]) -> None:
        """Insert an execution that was made from another, with its task runs; one that exists stays."""
        if not self.transaction.insert_execution(execution):
            return
        for run in runs:
            self.transaction.insert_run(run)
        self.transaction.insert_event(execution.id, None, execution.state, timestamp(self.now))
        self.changes.append(Change(execution, runs))

    def _has_ended(self, run_id: str) -> bool:
        touched = self.transaction.touched(run_id, "lineage")
        return touched is None or touched.runs[run_id].ended

    def report(self, report: Report) -> None:
        """Take in one report and all that follows from it."""
        events: deque[Event] = deque([report.event])
        said: Report | None = report
        while events:
            events.extend(self._take(events.popleft(), said))
            said = None

    def _take(self, event: Event, said: Report | None) -> list[Event]:
        touched = self.transaction.touched(event.run_id, "lineage")
        if touched is None:
            return []
        known = _lengths(touched)
        itself = touched.runs[event.run_id]  # what the event names may be dropped by what follows from it
        while True:
            try:
                decision = self.decide(touched, event)
                break
            except Wants as wants:
                touched = self._more(touched, event, wants)
                known = _lengths(touched)
        if said and not decision.ignored:
            self._write_said(itself, said)
        if decision.ignored:
            self._write_ignored(touched, event)
        else:
            self._write(touched, decision, known)
        return self._follow_up(touched.execution, decision)

    def _more(self, touched: Touched, event: Event, wants: Wants) -> Touched:
        """Load what a decision could not do without; what it has changed so far is forgotten."""
        extent = wants.extent if wants.extent != "lineage" else touched.extent
        others = touched.others_running
        if wants.slots:
            others = self.transaction.others_running(touched.execution)
        more = self.transaction.touched(event.run_id, extent)
        assert more is not None
        more.others_running = others
        return more

    def _write_said(self, run: TaskRun, said: Report) -> None:
        for line in said.logs:
            self.transaction.insert_log(run.execution_id, run, line)
        for metric in said.metrics:
            self.transaction.insert_metric(run, metric, timestamp(self.now))

    def _write_ignored(self, touched: Touched, event: Event) -> None:
        """Record a result that came too late, or twice."""
        if isinstance(event, Ended | Snoozed | Answered):
            run = touched.runs[event.run_id]
            self.transaction.insert_event(run.execution_id, run, IGNORED, timestamp(self.now))

    def _write(self, touched: Touched, decision: Decision, known: Mapping[str, int]) -> None:
        if decision.dropped:
            self.transaction.drop_runs(decision.dropped)
        for run_id in decision.dropped_children_of:
            self.transaction.drop_descendants(touched.execution.id, run_id)
        created = {run.id for run in decision.created}
        for run in decision.created:
            self.transaction.insert_run(run)
        changed = [run for run in decision.changed.values() if run.id not in created]
        for run in changed:
            self.transaction.update_run(run)
        execution = touched.execution
        if decision.execution_changed:
            self.transaction.update_execution(execution)
        for log in decision.logs:
            self.transaction.insert_log(execution.id, touched.runs[log.run_id], log.line)
        runs = [*changed, *decision.created]
        self._write_events(execution, runs, known)
        logs = [(log.run_id, log.line) for log in decision.logs]
        self.changes.append(
            Change(execution, runs, logs, bool(decision.dropped or decision.dropped_children_of))
        )

    def _write_events(self, execution: Execution, runs: Sequence[TaskRun], known: Mapping[str, int]) -> None:
        for run in runs:
            if run.shown:
                for state, at in run.history[known.get(run.id, 0) :]:
                    self.transaction.insert_event(execution.id, run, state, at)
        for state, at in execution.history[known[execution.id] :]:
            self.transaction.insert_event(execution.id, None, state, at)

    def _follow_up(self, execution: Execution, decision: Decision) -> list[Event]:
        events = list(decision.follow_up)
        if decision.kill_children:
            events += [KillRequested(run_id) for run_id in self.transaction.live_children_roots(execution.id)]
        if decision.frees_slot and (queued := self.transaction.next_queued(execution)):
            events.append(SlotFreed(queued))
        if decision.retry_at is not None:
            self.create(_next_attempt(execution), decision.retry_at)
        return events


def _lengths(touched: Touched) -> dict[str, int]:
    """How many states each had already entered: what is beyond is news."""
    lengths = {run.id: len(run.history) for run in touched.runs.values()}
    return lengths | {touched.execution.id: len(touched.execution.history)}


def _next_attempt(execution: Execution) -> Execution:
    number = execution.attempt_number + 1
    original = execution.original_id or execution.id
    return Execution(
        id=next_attempt_id(execution),
        namespace=execution.namespace,
        flow_id=execution.flow_id,
        revision=execution.revision,
        root_id=execution.root_id,
        inputs=execution.inputs,
        labels=execution.labels,
        variables=execution.variables,
        trigger=execution.trigger,
        parent_run_id=execution.parent_run_id,
        original_id=original,
        original_created_at=execution.created_at,
        attempt_number=number,
    )
