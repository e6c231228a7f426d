"""A decision in the making: the state it works on and the small moves that all of the kernel shares."""

from collections.abc import Iterator
from datetime import datetime

from tiercel.clock import timestamp
from tiercel.flows.models import Flow, Task
from tiercel.plugin import LogLine
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.decision import Decision, RunLog, Touched
from tiercel_orchestrator.kernel.ids import derive
from tiercel_orchestrator.kernel.rows import Frame, Request, TaskRun, Work


class Deciding:
    """The touched state, the moment, and what has been decided so far.

    `agenda` holds the scopes to look at again, each with the child that has just ended there, if one has.
    `heard`: the states of the execution that some other flow's trigger listens to.
    """

    def __init__(
        self, flow: Flow, touched: Touched, now: datetime, heard: frozenset[str] = frozenset()
    ) -> None:
        self.flow = flow
        self.execution = touched.execution
        self.runs = touched.runs
        self.extent = touched.extent
        self.others_running = touched.others_running
        self.now = now
        self.heard = heard
        self.decision = Decision()
        self.agenda: list[tuple[TaskRun, TaskRun | None]] = []

    @property
    def root(self) -> TaskRun:
        """The execution's own scope."""
        return next(run for run in self.runs.values() if run.is_root)

    def task(self, run: TaskRun) -> Task:
        """Give the task of a run that is not the root."""
        return self.flow.task(run.task_id or "")

    def lineage(self, run: TaskRun) -> Iterator[Task]:
        """Give the tasks of a run and of its ancestors, nearest first."""
        while not run.is_root:
            yield self.task(run)
            run = self.runs[run.parent_id or ""]

    def touch(self, run: TaskRun) -> None:
        """Note that a run has changed."""
        self.decision.changed[run.id] = run

    def drop(self, run: TaskRun) -> None:
        """Delete a run, be it laid down just now."""
        self.runs.pop(run.id, None)
        self.decision.changed.pop(run.id, None)
        self.decision.created = [one for one in self.decision.created if one is not run]
        self.decision.dropped.append(run.id)

    def wait(self, run: TaskRun, work: Work, until: datetime | None = None) -> None:
        """Say what a run waits for, and until when."""
        run.work, run.due_at = work, until
        self.touch(run)

    def ask(self, run: TaskRun, request: Request) -> None:
        """Ask the shell for something on behalf of a run."""
        run.request = request
        self.wait(run, "request", self.now)

    def look_at(self, scope: TaskRun, child: TaskRun | None = None) -> None:
        """Put a scope on the agenda."""
        self.agenda.append((scope, child))

    def log(self, run: TaskRun, level: str, message: str) -> None:
        """Write a line into a run's log."""
        self.decision.logs.append(RunLog(run.id, LogLine(timestamp(self.now), level, message)))

    def execution_enters(self, state: str) -> None:
        """Give the execution a state; the one it ended in stays, whatever comes after."""
        before = self.execution.state
        if before in states.ENDED:
            return
        self.execution_put_into(state)
        holds_slot = self.flow.concurrency is not None and before not in (states.CREATED, states.QUEUED)
        if state in states.ENDED and holds_slot:
            self.decision.frees_slot = True

    def execution_put_into(self, state: str) -> None:
        """Give the execution a state, whether it has ended or not; other flows may listen to that."""
        entered = len(self.execution.history)
        self.execution.enter(state, self.now)
        self.decision.execution_changed = True
        if state in self.heard and len(self.execution.history) > entered:
            self.herald(state)

    def herald(self, state: str) -> None:
        """Lay down a row that stands until the triggers of other flows have been told of a state.

        `iteration` is the state's place in the history: the same news is told once.
        """
        execution = self.execution
        place = len(execution.history) - 1
        run_id = derive(execution.id, "reached", place)
        run = TaskRun(run_id, execution.id, None, self.root.id, role="monitor", value=state, iteration=place)
        run.enter(states.CREATED, self.now)
        self.runs[run.id] = run
        self.decision.created.append(run)
        self.ask(run, "triggers")

    def refuse(self, reason: str) -> None:
        """Say why what somebody asks for cannot be done."""
        self.decision.ignored, self.decision.refused = True, reason


def frame_of(run: TaskRun) -> Frame:
    """Give the frame of a run that is a scope."""
    assert run.frame is not None, f"task run {run.id} is no scope"
    return run.frame
