"""Random flows: every kind of flow control, nested, with everything that a task may say of itself."""

from collections.abc import Sequence
from datetime import timedelta
from random import Random
from typing import Any, Literal

from tests.unit.kernel.driver import FLOW, task
from tiercel.flows.models import Flow, Output, Retry, Task

KINDS = [
    *["leaf"] * 4,
    *["Sequential", "Parallel", "AllowFailure", "ForEach", "EachParallel", "If", "Switch", "Dag"],
    *["LoopUntil", "WorkingDirectory", "Pause"],
]
UNSTEADY = {"Dag", "EachParallel"}
"""What may leave out other children each time one of them fails."""
RETRIES: tuple[Literal["constant", "exponential", "random"], ...] = ("constant", "exponential", "random")
TRUE, FALSE, BROKEN = "{{ true }}", "{{ false }}", "{{ nope }}"
MOST_TASKS = 30


class Grower:
    """Grows a flow from a seed."""

    def __init__(self, random: Random) -> None:
        self.random = random
        self.count = 0

    def flow(self) -> Flow:
        """Grow a whole flow."""
        return Flow(
            "f",
            "n",
            self.block(3, least=3),
            errors=self.block(1, steady=True),
            finally_=self.block(1, steady=True),
            after_execution=self.block(1, steady=True) if self.chance(0.3) else (),
            outputs=(Output("o", self.random.choice([TRUE, TRUE, BROKEN])),) if self.chance(0.2) else (),
            retry=self.retry() if self.chance(0.1) else None,
        )

    def chance(self, probability: float) -> bool:
        """Throw a coin that is not fair."""
        return self.random.random() < probability

    def block(self, depth: int, least: int = 0, *, steady: bool = False) -> tuple[Task, ...]:
        """Grow children. `steady`: whatever happens when, the same of them run."""
        most = depth + 2
        return tuple(self.grow(depth, steady=steady) for _ in range(self.random.randint(least, most)))

    def grow(self, depth: int, *, steady: bool) -> Task:
        """Grow a task."""
        self.count += 1
        kinds = [kind for kind in KINDS if not (steady and kind in UNSTEADY)]
        kind = self.random.choice(kinds) if depth and self.count < MOST_TASKS else "leaf"
        name = f"t{self.count}"
        rest: dict[str, Any] = {
            "allow_failure": self.chance(0.1),
            "allow_warning": self.chance(0.08),
            "disabled": self.chance(0.06),
            "run_if": self.random.choices(["true", TRUE, FALSE, BROKEN], [80, 10, 8, 2])[0],
            "retry": self.retry() if self.chance(0.15) else None,
        }
        if kind == "leaf":
            return task(name, **rest)
        blocks: dict[str, tuple[Task, ...]] = {}
        if self.chance(0.3):
            blocks["errors"] = self.block(0, 1)
            if kind in UNSTEADY:
                rest["retry"] = None  # the specification cannot tell in which try a child began
            steady = steady or rest["retry"] is not None
        if self.chance(0.2):
            blocks["finally"] = self.block(0, 1)
        if kind != "Pause" and self.chance(0.15):
            rest["timeout"] = "P1D"
        within, params = self.inside(kind, depth - 1, steady)
        return task(name, FLOW + kind, params=params, blocks=within | blocks, **rest)

    def inside(
        self, kind: str, depth: int, steady: bool
    ) -> tuple[dict[str, tuple[Task, ...]], dict[str, Any]]:
        """Grow what is special to one kind: its blocks, its properties."""
        limit = 0 if steady else self.random.choice([0, 0, 1, 2])
        one_by_one = 1 if steady else self.random.choice([0, 1, 1, 2])
        values = [str(value) for value in range(self.random.choice([0, 1, 2, 3, 3, 5]))]
        match kind:
            case "If":
                branches = {
                    "then": self.block(depth, steady=steady),
                    "else": self.block(depth, steady=steady),
                }
                return branches, {"condition": self.random.choice([TRUE, FALSE])}
            case "Switch":
                names = ["cases.a", "cases.b", *(["defaults"] if self.chance(0.6) else [])]
                cases = {name: self.block(depth, steady=steady) for name in names}
                return cases, {"value": self.random.choice(["a", "{{ 'b' }}", "c"])}
        block = self.block(depth, 1, steady=steady)
        of_kind: dict[str, dict[str, Any]] = {
            "Parallel": {"concurrent": limit},
            "ForEach": {"values": values, "concurrencyLimit": one_by_one},
            "EachParallel": {"value": values, "concurrent": limit},
            "Dag": {"dependsOn": self.graph(block), "concurrent": limit},
            "LoopUntil": self.loop(),
            "Pause": self.pause(),
        }
        return {"tasks": block}, of_kind.get(kind, {})

    def graph(self, block: Sequence[Task]) -> dict[str, list[str]]:
        """Let children depend on some of those before them."""
        return {
            child.id: [before.id for before in block[:position] if self.chance(0.5)]
            for position, child in enumerate(block)
        }

    def loop(self) -> dict[str, Any]:
        """Say when a loop ends."""
        frequency = {"maxIterations": self.random.randint(1, 3), "interval": "PT1S"}
        return {"condition": TRUE, "checkFrequency": frequency, "failOnMaxReached": self.chance(0.4)}

    def pause(self) -> dict[str, Any]:
        """Say how a pause ends: by a resume, or when its time is over."""
        if self.chance(0.4):
            return {}
        return {"pauseDuration": "PT5S", "behavior": self.random.choice(["RESUME", "WARN", "FAIL"])}

    def retry(self) -> Retry:
        """Say how often something is tried."""
        return Retry(
            self.random.choice(RETRIES),
            timedelta(seconds=self.random.randint(0, 3)),
            max_interval=timedelta(seconds=9),
            max_attempts=self.random.randint(1, 4),
            warning_on_retry=self.chance(0.2),
        )
