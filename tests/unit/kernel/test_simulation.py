"""Random flows under random schedules end as an executable specification says, whatever happens first."""

import hashlib
from collections.abc import Sequence
from datetime import timedelta
from functools import reduce
from random import Random

import pytest

from tests.unit.kernel.driver import FLOW, Driver, flowable, task
from tiercel.flows.models import Flow, Retry, Task
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.rows import TaskRun

SEEDS = 400
KINDS = ["leaf", "Sequential", "Parallel", "AllowFailure", "ForEach", "If"]
RETRY = Retry("constant", timedelta(seconds=1), max_attempts=3)
CHUNKS = 8


class Grower:
    """Grows a flow from a seed."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.count = 0

    def name(self) -> str:
        self.count += 1
        return f"t{self.count}"

    def block(self, depth: int, least: int = 1) -> tuple[Task, ...]:
        return tuple(self.grow(depth) for _ in range(self.random.randint(least, 3)))

    def grow(self, depth: int) -> Task:
        kind = self.random.choice(KINDS if depth else ["leaf"])
        allow = self.random.random() < 0.1
        if kind == "leaf":
            retry = RETRY if self.random.random() < 0.2 else None
            run_if = self.random.choice(["true", "true", "true", "{{ true }}", "{{ false }}"])
            disabled = self.random.random() < 0.1
            return task(self.name(), allow_failure=allow, disabled=disabled, retry=retry, run_if=run_if)
        name = self.name()
        if kind == "If":
            condition = {"condition": self.random.choice(["{{ true }}", "{{ false }}"])}
            branches = {"then": self.block(depth - 1), "else": self.block(depth - 1, 0)}
            return task(name, FLOW + kind, params=condition, blocks=branches, allow_failure=allow)
        blocks = {phase: self.block(0) for phase in ("errors", "finally") if self.random.random() < 0.3}
        params = (
            {"values": [str(value) for value in range(self.random.randint(0, 3))]}
            if kind == "ForEach"
            else {}
        )
        return flowable(name, kind, *self.block(depth - 1), params=params, blocks=blocks, allow_failure=allow)

    def flow(self) -> Flow:
        return Flow("f", "n", self.block(3), errors=self.block(0, 0), finally_=self.block(0, 0))


def leaf_state(seed: int, task_id: str, path: tuple[str, ...], attempt: int) -> str:
    text = f"{seed}/{task_id}/{path}/{attempt}"
    digest = hashlib.blake2b(text.encode(), digest_size=1).digest()[0]
    return states.FAILED if digest < 50 else states.WARNING if digest < 70 else states.SUCCESS


class Specification:
    """What must come of a flow, said the simplest way: by recursion."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.states: dict[tuple[str, tuple[str, ...]], str] = {}

    def flow(self, flow: Flow) -> str:
        return self.scope(flow.tasks, flow.errors, flow.finally_, (), in_order=True)

    def scope(
        self,
        tasks: Sequence[Task],
        errors: Sequence[Task],
        last: Sequence[Task],
        path: tuple[str, ...],
        *,
        in_order: bool,
    ) -> str:
        block = self.sequence if in_order else self.together
        worst = block(tasks, path)
        if worst == states.FAILED:
            worst = states.worse(worst, block(errors, path))
        return states.worse(worst, self.sequence(last, path))

    def together(self, tasks: Sequence[Task], path: tuple[str, ...]) -> str:
        return reduce(states.worse, [self.run(one, path) for one in alive(tasks)], states.SUCCESS)

    def sequence(self, tasks: Sequence[Task], path: tuple[str, ...]) -> str:
        worst = states.SUCCESS
        for one in alive(tasks):
            state = self.run(one, path)
            worst = states.worse(worst, state)
            if state == states.FAILED:
                break
        return worst

    def each(self, one: Task, path: tuple[str, ...]) -> str:
        worst = states.SUCCESS
        for value in one.params["values"]:
            worst = states.worse(worst, self.sequence(one.block("tasks"), (*path, value)))
            if worst == states.FAILED:
                break
        if worst == states.FAILED:
            worst = states.worse(worst, self.sequence(one.block("errors"), path))
        return states.worse(worst, self.sequence(one.block("finally"), path))

    def leaf(self, one: Task, path: tuple[str, ...]) -> str:
        state = states.FAILED
        for attempt in range(1, (RETRY.max_attempts or 1) + 1 if one.retry else 2):
            state = leaf_state(self.seed, one.id, path, attempt)
            if state != states.FAILED:
                break
        return state

    def run(self, one: Task, path: tuple[str, ...]) -> str:
        kind = one.type.rpartition(".")[2]
        if one.run_if == "{{ false }}":
            state = states.SKIPPED
        elif kind == "Log":
            state = self.leaf(one, path)
        elif kind == "If":
            holds = one.params["condition"] == "{{ true }}"
            state = self.sequence(one.block("then" if holds else "else"), path)
        elif kind == "ForEach":
            state = self.each(one, path)
        else:
            state = self.scope(
                one.block("tasks"),
                one.block("errors"),
                one.block("finally"),
                path,
                in_order=kind != "Parallel",
            )
        if state == states.FAILED and (kind == "AllowFailure" or one.allow_failure):
            state = states.WARNING
        self.states[one.id, path] = state
        return state


def alive(tasks: Sequence[Task]) -> list[Task]:
    return [one for one in tasks if not one.disabled]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_random_flow_ends_as_specified_under_any_schedule(chunk: int) -> None:
    for seed in range(chunk, SEEDS, CHUNKS):
        flow = Grower(Random(seed)).flow()

        def outcome(run: TaskRun, seed: int = seed) -> str:
            return leaf_state(seed, run.task_id or "", run.path, run.attempt)

        driven = Driver(flow, outcome=outcome, random=Random(seed + 1)).run()
        expected = Specification(seed)
        assert driven.execution.state == expected.flow(flow), f"seed {seed}"
        found = {(run.task_id, run.path): run.state for run in driven.runs.values() if run.shown}
        assert found == expected.states, f"seed {seed}"
