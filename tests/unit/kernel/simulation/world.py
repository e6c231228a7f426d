"""A model of all around the kernel: rows in a store, engines that die, and report late or twice."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

from tests.unit.kernel.simulation.chance import Place, holds, leaf_state
from tests.unit.kernel.simulation.growing import BROKEN, FALSE, TRUE
from tests.unit.kernel.simulation.invariants import check_decision, check_rows
from tiercel.flows.control import control_of
from tiercel.flows.models import Flow
from tiercel.flows.plans import Loop
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.decision import Decision, Extent, Touched, Wants
from tiercel_orchestrator.kernel.events import Answered, Due, Ended, Event
from tiercel_orchestrator.kernel.kernel import decide
from tiercel_orchestrator.kernel.rows import Attempt, Execution, TaskRun

RENDERED = {TRUE: "true", FALSE: "false", "{{ 'b' }}": "b"}
ROOT = "root"


def copied(run: TaskRun) -> TaskRun:
    """Copy a row, as reading it from a store would."""
    frame = run.frame
    if frame is not None:
        frame = replace(frame, started=[*frame.started], ended=[*frame.ended], tally=dict(frame.tally))
    attempts = [Attempt(one.state, [*one.history]) for one in run.attempts]
    return replace(run, history=[*run.history], attempts=attempts, frame=frame)


@dataclass
class World:
    """One execution with its rows, and the reports that are on their way to them."""

    seed: int
    flow: Flow
    random: Random
    era: int = 0
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)
    runs: dict[str, TaskRun] = field(default_factory=dict)
    on_the_way: list[Event] = field(default_factory=list)
    """Reports that may reach the store, be they late, in another order, or a second time."""
    results: set[tuple[str, int]] = field(default_factory=set)
    """The attempts of which a result was applied."""

    def __post_init__(self) -> None:
        self.execution = Execution("e", "n", self.flow.id, 1, "e")
        self.execution.enter(states.CREATED, self.now)
        root = TaskRun(ROOT, "e", None, None, role="root")
        root.enter(states.CREATED, self.now)
        self.runs[ROOT] = root

    @property
    def root(self) -> TaskRun:
        """The execution's own scope."""
        return self.runs[ROOT]

    # -- what may happen

    def due(self) -> list[TaskRun]:
        """Give the rows whose moment has come."""
        return [run for run in self._waiting() if run.due_at is not None and run.due_at <= self.now]

    def _waiting(self) -> list[TaskRun]:
        """Give the rows that wait for a moment, but for that at which a scope's time is over."""
        return [run for run in self.runs.values() if run.due_at is not None and run.role != "monitor"]

    def run_out(self) -> bool:
        """Let the time of some scope be over, whatever runs in it; False if none has a limit."""
        monitors = [run for run in self.runs.values() if run.role == "monitor" and not run.ended]
        if not monitors:
            return False
        monitor = self.random.choice(monitors)
        monitor.due_at = self.now
        return self.feed(Due(monitor.id)) is not None

    def forward(self) -> bool:
        """Let time pass until the next row is due; False if none ever will."""
        moments = [run.due_at for run in self._waiting() if run.due_at is not None]
        if moments:
            self.now = max(self.now, min(moments))
        return bool(moments)

    def claim(self, run: TaskRun) -> None:
        """Let an engine take a row to work on; what it will report is on its way."""
        run.lease += 1
        if run.work not in ("ready", "request"):
            self.on_the_way.append(Due(run.id))
            return
        run.work, run.due_at = "leased", None
        if run.request is None:
            run.begin(self.now)
            state = leaf_state(self.seed, self.era, run.task_id or "", self.place(run), run.attempt)
            self.on_the_way.append(Ended(run.id, run.lease, state, {"value": run.id}))
        else:
            self.on_the_way.append(self._answer(run))

    def give_back(self, run: TaskRun) -> None:
        """Take a lease from an engine that is gone, or seems so; its report may come yet, or never."""
        run.work, run.due_at = "ready" if run.request is None else "request", self.now
        if self.random.random() < 0.5:
            self.on_the_way = [
                one
                for one in self.on_the_way
                if one.run_id != run.id or getattr(one, "lease", run.lease) != run.lease
            ]

    def place(self, run: TaskRun) -> Place:
        """Say where a run stands."""
        turns: list[int] = []
        parent = self.runs.get(run.parent_id or "")
        while parent is not None:
            if parent.frame is not None and isinstance(parent.frame.plan, Loop):
                turns.insert(0, parent.frame.iteration)
            parent = self.runs.get(parent.parent_id or "")
        return Place(run.path, tuple(turns))

    def _answer(self, run: TaskRun) -> Answered:
        def answer(values: dict[str, Any], error: str | None = None) -> Answered:
            return Answered(run.id, run.lease, values, error)

        if run.request == "outputs":
            broken = any(output.value == BROKEN for output in self.flow.outputs)
            return answer({"o": "true"}, "no output" if broken else None)
        task = self.flow.task(run.task_id or "")
        match run.request:
            case "runIf":
                broken = task.run_if == BROKEN
                return answer({"runIf": RENDERED.get(task.run_if)}, "no condition" if broken else None)
            case "condition":
                assert run.frame is not None
                holding = holds(self.seed, task.id, self.place(run), run.frame.iteration)
                return answer({"condition": holding}, "no condition" if holding is None else None)
            case "plan":
                control = control_of(task.type)
                assert control is not None
                return answer({name: RENDERED[text] for name, text in control.templates(task).items()})
        return answer({})

    # -- what has happened

    def feed(self, event: Event) -> Decision | None:
        """Give the kernel an event and take over what it decides; None where a store would not ask it."""
        run = self.runs.get(event.run_id)
        if run is None:
            return None
        if isinstance(event, Due) and (run.due_at is None or run.due_at > self.now):
            return None
        decision, touched = self._decided(event)
        if self.random.random() < 0.05:
            # another transaction came in between: the same is decided anew
            again, _ = self._decided(event)
            assert again == decision, f"decided twice, {event} came to different ends"
        check_decision(self.execution, self.runs, event, decision, touched)
        if decision.ignored:
            return decision
        if isinstance(event, Ended):
            key = event.run_id, run.attempt
            assert key not in self.results, f"a second result of {run.task_id} was applied: {event}"
            self.results.add(key)
        self._take_over(decision, touched)
        self.now += timedelta(milliseconds=1)
        check_rows(self.flow, self.execution, self.runs)
        return decision

    def _decided(self, event: Event) -> tuple[Decision, Touched]:
        extent: Extent = "lineage"
        while True:
            touched = self._touched(event, extent)
            try:
                return decide(self.flow, touched, event, self.now), touched
            except Wants as wants:
                assert wants.extent != extent, f"{event} wants the same again"
                extent = wants.extent

    def _touched(self, event: Event, extent: Extent) -> Touched:
        wanted = {}
        run: TaskRun | None = self.runs.get(event.run_id)
        while run is not None:
            wanted[run.id] = copied(run)
            run = self.runs.get(run.parent_id or "")
        if extent == "all":
            wanted = {}  # the order of their creation is that of a store
        if extent != "lineage":
            for one in self.runs.values():
                if one.id not in wanted and (extent == "all" or not one.ended):
                    wanted[one.id] = copied(one)
        execution = replace(self.execution, history=[*self.execution.history])
        return Touched(execution, wanted, extent)

    def _take_over(self, decision: Decision, touched: Touched) -> None:
        for run_id in decision.dropped:
            self.runs.pop(run_id, None)
        for run_id in decision.dropped_children_of:
            self._drop_below(run_id)
        for run in [*decision.changed.values(), *decision.created]:
            self.runs[run.id] = run
        if decision.execution_changed:
            self.execution = touched.execution

    def _drop_below(self, run_id: str) -> None:
        for child in [run for run in self.runs.values() if run.parent_id == run_id]:
            self._drop_below(child.id)
            del self.runs[child.id]
