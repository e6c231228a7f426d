"""Events through the kernel and into rows, within one transaction; the same for every dialect."""

from collections import deque
from collections.abc import Sequence
from datetime import datetime

from tiercel.clock import timestamp
from tiercel.plugin import LogLine
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.decision import Decision, Extent, Touched, Wants
from tiercel_orchestrator.kernel.events import (
    Answered,
    Due,
    Ended,
    Event,
    KillRequested,
    SlotFreed,
    Snoozed,
    Started,
)
from tiercel_orchestrator.kernel.ids import next_attempt_id, root_run_id
from tiercel_orchestrator.kernel.rows import Execution, TaskRun, as_shown
from tiercel_orchestrator.store.port import Change, Decide, Report
from tiercel_orchestrator.store.questions import live_children_roots, next_queued, others_running
from tiercel_orchestrator.store.tables import WantsMore
from tiercel_orchestrator.store.unit import Unit

IGNORED = "IGNORED"
"""What the events say of a result that was not applied."""


EXTENTS: dict[type, Extent] = {KillRequested: "live"}
"""What an event touches, where that is more than its run and the ancestors."""


class Applying:
    """Feeds events to the kernel and notes in a unit of work what it decides."""

    def __init__(self, unit: Unit, decide: Decide, now: datetime) -> None:
        self.unit = unit
        self.decide = decide
        self.now = now
        self.changes: list[Change] = []

    def create(self, execution: Execution, at: datetime | None = None) -> None:
        """Insert an execution with its root, and start it, now or later.

        One that exists is left as it is; one that its parent does not want any more is not born.
        """
        first = execution.attempt_number == 1
        if first and execution.parent_run_id and not self._is_awaited(execution):
            return
        execution.enter(states.CREATED, self.now)
        if not self.unit.insert_execution(execution):
            return
        root = TaskRun(root_run_id(execution.id), execution.id, task_id=None, parent_id=None, role="root")
        root.enter(states.CREATED, self.now)
        at = at or (execution.starts_at if execution.stillborn is None else None)
        if at is not None:
            root.work, root.due_at = "timer", at
        self.unit.insert_run(root)
        self.unit.insert_event(execution.id, None, states.CREATED, timestamp(self.now))
        if at is None:
            self.report(Report(Started(root.id, execution.stillborn)))

    def copy(self, execution: Execution, runs: Sequence[TaskRun]) -> None:
        """Insert an execution that was made from another, with its task runs; one that exists stays."""
        if not self.unit.insert_execution(execution):
            return
        for run in runs:
            self.unit.insert_run(run)
            self.unit.news_of(run)  # its states were entered elsewhere
        self.unit.insert_event(execution.id, None, execution.state, timestamp(self.now))
        self.changes.append(Change(execution, runs))

    def _is_awaited(self, execution: Execution) -> bool:
        """Say whether the run that wanted an execution still does: not another one, in another attempt."""
        run = self.unit.run(execution.parent_run_id or "")
        wanted = run is not None and (run.outputs or {}).get("executionId") == execution.id
        return run is not None and not run.ended and wanted

    def report(self, report: Report) -> None:
        """Take in one report and all that follows from it."""
        events: deque[Event] = deque([report.event])
        said: Report | None = report
        while events:
            events.extend(self._take(events.popleft(), said))
            said = None

    def park(self, run_id: str, error: Exception) -> None:
        """Let a task run stand still where it is, and say why in its log."""
        message = (
            f"The engine could not take this in ({type(error).__name__}), by a bug of its own; its log "
            "has a traceback. The execution stands still here: `tiercel kill` ends it."
        )
        self.unit.park(run_id, LogLine(timestamp(self.now), "ERROR", message))

    def _take(self, event: Event, said: Report | None) -> list[Event]:
        touched = self.unit.touched(event.run_id, EXTENTS.get(type(event), "lineage"))
        if touched is None:
            return []
        itself = touched.runs[event.run_id]  # what the event names may be dropped by what follows from it
        if event.run_id in self.unit.wanted.slots:
            touched.others_running = others_running(self.unit, touched.execution)
        decision = self._decided(touched, event)
        if decision.ignored:
            self._write_ignored(touched, event)
        else:
            if said:
                self._write_said(itself, said)
            self._write(touched, decision)
        return self._follow_up(touched.execution, decision)

    def _decided(self, touched: Touched, event: Event) -> Decision:
        if isinstance(event, Due) and self._put_off(touched.runs[event.run_id].due_at):
            return Decision(ignored=True)
        try:
            return self.decide(touched, event)
        except Wants as wants:
            self.unit.wanted.add(event.run_id, wants.extent, slots=wants.slots)
            raise WantsMore from None

    def _put_off(self, due_at: datetime | None) -> bool:
        """Say whether a moment that two engines have noticed was answered by the other one already."""
        return due_at is None or due_at > self.now

    def _write_said(self, run: TaskRun, said: Report) -> None:
        for line in said.logs:
            self.unit.insert_log(run.execution_id, run, line)
        for metric in said.metrics:
            self.unit.insert_metric(run, metric, self.now)

    def _write_ignored(self, touched: Touched, event: Event) -> None:
        """Record a result that came too late, or twice."""
        if isinstance(event, Ended | Snoozed | Answered):
            run = touched.runs[event.run_id]
            self.unit.insert_event(run.execution_id, run, IGNORED, timestamp(self.now))

    def _write(self, touched: Touched, decision: Decision) -> None:
        if decision.dropped:
            self.unit.drop_runs(decision.dropped)
        for run_id in decision.dropped_children_of:
            self.unit.drop_descendants(run_id)
        created = {run.id for run in decision.created}
        for run in decision.created:
            self.unit.insert_run(run)
        changed = [run for run in decision.changed.values() if run.id not in created]
        for run in changed:
            self.unit.update_run(run)
        execution = touched.execution
        if decision.execution_changed:
            self.unit.update_execution(execution)
        for log in decision.logs:
            self.unit.insert_log(execution.id, touched.runs[log.run_id], log.line)
        runs = [*changed, *decision.created]
        self._write_events(execution, runs)
        logs = [(log.run_id, log.line) for log in decision.logs]
        dropped = bool(decision.dropped or decision.dropped_children_of)
        runs = [as_shown(run, touched.runs.get(run.parent_id or "")) for run in runs]
        self.changes.append(Change(execution, runs, logs, dropped))

    def _write_events(self, execution: Execution, runs: Sequence[TaskRun]) -> None:
        for run in runs:
            for state, at in self.unit.news_of(run):
                if run.shown:
                    self.unit.insert_event(execution.id, run, state, at)
        for state, at in self.unit.news_of(execution):
            self.unit.insert_event(execution.id, None, state, at)

    def _follow_up(self, execution: Execution, decision: Decision) -> list[Event]:
        events = list(decision.follow_up)
        if decision.kill_children:
            events += [KillRequested(run_id) for run_id in live_children_roots(self.unit, execution.id)]
        if decision.frees_slot and (queued := next_queued(self.unit, execution)):
            events.append(SlotFreed(queued))
        if decision.retry_at is not None:
            self.create(_next_attempt(execution), decision.retry_at)
        return events


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
