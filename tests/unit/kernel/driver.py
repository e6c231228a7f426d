"""A driver for the kernel: rows in dictionaries, requests answered at once, obedient families."""

from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tiercel import expressions
from tiercel.flows.control import control_of
from tiercel.flows.models import Flow, Task
from tiercel.flows.plans import Loop
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.decision import Extent, Touched, Wants
from tiercel_orchestrator.kernel.events import Answered, Due, Ended, Event, Resumed, Started
from tiercel_orchestrator.kernel.kernel import decide
from tiercel_orchestrator.kernel.rows import Execution, TaskRun

Outcome = Callable[[TaskRun], str]
LOG = "io.kestra.plugin.core.log.Log"
FLOW = "io.kestra.plugin.core.flow."


def task(id: str, type: str = LOG, *, params: Mapping[str, Any] | None = None, **rest: Any) -> Task:
    """Build a task; a block is given by its name, `then_` for `then`."""
    blocks = rest.pop("blocks", {})
    params = params or {}
    return Task(id=id, type=type, properties={**params}, params=params, blocks=blocks, **rest)


def flowable(
    id: str, kind: str, *children: Task, params: Mapping[str, Any] | None = None, **rest: Any
) -> Task:
    """Build a flow-control task over one block."""
    blocks = {"tasks": children, **rest.pop("blocks", {})}
    return task(id, FLOW + kind, params=params, blocks=blocks, **rest)


def always(state: str) -> Outcome:
    """Let every task end in a state."""
    return lambda run: state


@dataclass
class Driver:
    """One execution, driven to its end; `random` chooses which of the things that could happen next does."""

    flow: Flow
    outcome: Outcome = field(default=always(states.SUCCESS))
    random: Random | None = None
    variables: dict[str, Any] = field(default_factory=dict)
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    runs: dict[str, TaskRun] = field(default_factory=dict)
    most_at_once: int = 0
    logs: list[str] = field(default_factory=list)
    others_running: int = 0
    refused: str | None = None

    def __post_init__(self) -> None:
        self.execution = Execution("e", self.flow.namespace, self.flow.id, 1, "e")
        self.execution.enter(states.CREATED, self.now)
        root = TaskRun("root", "e", None, None, role="root")
        root.enter(states.CREATED, self.now)
        self.runs["root"] = root

    def run(self) -> "Driver":
        """Drive the execution until nothing is left to happen."""
        if self.execution.state == states.CREATED:
            self.feed(Started("root"))
        while events := self.possible():
            self.feed(self.random.choice(events) if self.random else events[0])
        return self

    def feed(self, event: Event) -> bool:
        """Give the kernel an event and take over what it decides; False if it was ignored."""
        touched = self._touched(event, "lineage")
        while True:
            try:
                decision = decide(self.flow, touched, event, self.now)
                break
            except Wants as wants:
                touched = self._touched(event, wants.extent)
                touched.others_running = self.others_running
        self.refused = decision.refused
        if decision.ignored:
            return False
        for run_id in decision.dropped:
            self.runs.pop(run_id, None)
        for run_id in decision.dropped_children_of:
            self._drop_below(run_id)
        for run in [*decision.created, *decision.changed.values()]:
            self.runs[run.id] = run
        self.execution = touched.execution
        self.logs += [log.line.message for log in decision.logs]
        self.most_at_once = max(self.most_at_once, sum(run.work == "ready" for run in self.runs.values()))
        self.now += timedelta(milliseconds=1)
        return True

    def _touched(self, event: Event, extent: Extent) -> Touched:
        wanted = []
        run: TaskRun | None = self.runs.get(event.run_id)
        while run is not None:
            wanted.append(run)
            run = self.runs.get(run.parent_id or "")
        if extent != "lineage":
            wanted += [run for run in self.runs.values() if extent == "all" or not run.ended]
        return Touched(deepcopy(self.execution), {run.id: deepcopy(run) for run in wanted}, extent)

    def _drop_below(self, run_id: str) -> None:
        for child in [run for run in self.runs.values() if run.parent_id == run_id]:
            self._drop_below(child.id)
            del self.runs[child.id]

    def possible(self) -> list[Event]:
        """Give everything that could happen next."""
        events: list[Event] = []
        for run in self.runs.values():
            if run.work in ("ready", "request"):
                run.work = "leased"
                run.lease += 1
            if run.work == "leased" and run.request is None:
                events.append(Ended(run.id, run.lease, self.outcome(run), {"value": run.task_id}))
            elif run.work == "leased":
                events.append(self._answer(run))
            elif run.work == "timer":
                events.append(Due(run.id))
            elif run.work == "paused":
                events.append(Due(run.id) if run.due_at else Resumed(run.id))
        return events

    def _answer(self, run: TaskRun) -> Answered:
        if run.request == "outputs":
            return Answered(run.id, run.lease, {output.id: output.value for output in self.flow.outputs})
        task = self.flow.task(run.task_id or "")
        templates: dict[str, Any] = {"runIf": task.run_if}
        if run.request == "condition" and run.frame and isinstance(run.frame.plan, Loop):
            templates = {"condition": run.frame.plan.condition}
        elif run.request == "plan" and (control := control_of(task.type)):
            templates = control.templates(task)
        variables = {
            **self.variables,
            "taskrun": {"value": run.value},
            "outputs": {task.id: run.outputs or {}},
        }
        return Answered(run.id, run.lease, expressions.render_deep(templates, variables))

    # -- what came of it

    @property
    def states(self) -> dict[str, str]:
        """Task id (with its value) -> state."""
        return {
            f"{run.task_id}[{run.value}]" if run.value is not None else str(run.task_id): run.state
            for run in self.runs.values()
            if run.shown
        }

    @property
    def order(self) -> list[str]:
        """Task ids in the order in which their runs were laid down."""
        return [run.task_id or "" for run in self.runs.values() if run.shown]
