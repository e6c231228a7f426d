"""A scripted scenario: start, wait, act, look; step after step."""

import asyncio
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.conformance import actions, data, drift, executions
from tests.conformance.executions import differs
from tests.conformance.product import NoVerb
from tests.conformance.scene import Scene
from tests.conformance.view import ENDED, Absent, View, history_of, shown
from tiercel.errors import TiercelError

Step = Mapping[str, Any]
OF_A_RUN = re.compile(r"taskrun(\d+)_(history_counts|history_count|state)")


@dataclass
class Play:
    """A scenario under way. `current`: the execution that the next step is about, as last seen."""

    scene: Scene
    current: View | None = None
    before: View | None = None
    named: dict[str, str] = field(default_factory=dict)
    error: str | None = None

    async def run(self, steps: list[Step]) -> list[str]:
        """Play all steps; the first that fails ends the play."""
        for number, step in enumerate(steps, 1):
            self.error = None
            await self.do(step)
            found = [line async for line in self.check(step)]
            if found:
                return [f"step {number}: {line}" for line in found]
        return []

    # -- doing

    async def do(self, step: Step) -> None:
        """Do what a step says, in the order in which it makes sense."""
        await asyncio.sleep(float(step.get("after_ms", 0)) / 1000)
        try:
            await self.begin(step)
            if "action" in step:
                await self.act(step)
        except TiercelError as error:
            self.error = str(error)
            if not ("error" in step or "error_contains" in step):
                raise
        await self.wait(step)

    async def begin(self, step: Step) -> None:
        """Start what the step starts."""
        scene, options = self.scene, {}
        flow = scene.flow_named(step["run_flow"]) if "run_flow" in step else None
        if "start_with_scheduleDate" in step:
            options["schedule_date"] = data.moment(str(step["start_with_scheduleDate"]))
        if "flow" in step:
            flow = scene.flow_named(step["flow"])
        started = {"start", "run", "run_flow", "run_this_flow_with", "start_with_scheduleDate"} & step.keys()
        if started:
            execution_id = await scene.start(
                step.get("run_this_flow_with", step.get("inputs")), flow, **options
            )
            self.named[str(step.get("start"))] = execution_id
            view = (
                scene.product.view if started & {"start", "start_with_scheduleDate"} else scene.product.idle
            )
            self.look(await view(execution_id))
        elif flow is not None:
            self.look((await scene.product.executions(flow.id))[-1])
        elif self.current is None and {"until", "wait", "action"} & step.keys():
            self.look(await scene.product.view(await scene.start()))

    async def act(self, step: Step) -> None:
        """Perform an action, and look at the execution that it leaves."""
        view = await self.scene.product.view(self.now().id)
        self.before = self.current = view
        answer = await actions.perform(self.scene, view, step["action"], step)
        if isinstance(answer, View):
            self.current = answer
        elif not step.get("execution_gone"):
            self.current = await self.scene.product.view(answer if isinstance(answer, str) else view.id)

    async def wait(self, step: Step) -> None:
        """Wait for the state that the step waits for."""
        product = self.scene.product
        awaited = step.get("wait") or step.get("until") or (step.get("state") if "start" in step else None)
        if awaited:
            self.current = await product.reach(self.now().id, [awaited])
        if count := step.get("triggered_this_flow"):
            if not await product.until(lambda: self.triggered(int(count))):
                raise Absent(
                    f"triggers have started the flow {len(await self.triggered_views())} times, not {count}"
                )
            view = (await self.triggered_views())[-1]
            self.look(await product.reach(view.id, [step.get("state", "SUCCESS")]))

    async def triggered(self, count: int) -> bool:
        """Say whether triggers have started the flow so often."""
        return len(await self.triggered_views()) >= count

    async def triggered_views(self) -> list[View]:
        """Show the executions of the flow that triggers have started."""
        views = await self.scene.product.executions(self.scene.flow.id)
        return [view for view in views if view.document.get("trigger")]

    def look(self, view: View) -> None:
        """Turn to another execution."""
        self.current = view

    def now(self) -> View:
        """Give the present execution."""
        if self.current is None:
            raise Absent("no execution has been started")
        return self.current

    # -- checking

    async def check(self, step: Step) -> Any:
        """Say what is not as the step says."""
        for line in self.of_errors(step):
            yield line
        if step.get("execution_gone"):
            for line in await self.gone():
                yield line
        if "triggered_count" in step:
            for line in differs(
                "triggered_count", step["triggered_count"], len(await self.triggered_views())
            ):
                yield line
        async for line in self.of_named(step):
            yield line
        if self.current is not None and not step.get("execution_gone"):
            for line in self.of_view(self.current, step):
                yield line

    def of_errors(self, step: Step) -> Iterator[str]:
        """Compare the error with the expected one."""
        wanted = step.get("error_contains")
        if (step.get("error") or wanted) and self.error is None:
            yield f"error {shown(wanted or True)}, but there was none"
        text = wanted or (step["error"] if isinstance(step.get("error"), str) else "")
        if self.error is not None and text not in self.error:
            yield f"error_contains {shown(text)}, got {shown(self.error)}"

    async def gone(self) -> list[str]:
        """Make sure that the execution is no more."""
        try:
            await self.scene.product.view(self.now().id)
        except TiercelError:
            return []
        return ["execution_gone, but it is still there"]

    async def of_named(self, step: Step) -> Any:
        """Check executions that were started under a name."""
        for name, execution_id in self.named.items():
            if wanted := step.get(f"{name}_ends"):
                view = await self.scene.product.reach(execution_id, [wanted])
                for line in differs(f"{name}_ends", wanted, view.state):
                    yield line
            if prefix := step.get(f"{name}_history_prefix"):
                view = await self.scene.product.view(execution_id)
                for line in differs(f"{name}_history_prefix", prefix, view.history[: len(prefix)]):
                    yield line
        for name in ("first", "second"):
            if name not in self.named and {f"{name}_ends", f"{name}_history_prefix"} & step.keys():
                yield f"no execution was started as `{name}`"

    def of_view(self, view: View, step: Step) -> Iterator[str]:
        """Check the present execution."""
        wanted = self.scene.names.resolve(dict(step))
        yield from executions.failures(view, wanted)
        for key in ("run", "until", "wait", "state", "execution_state"):
            if isinstance(wanted.get(key), str) and not self.is_in(view, wanted[key], key):
                yield f"{key} {wanted[key]}, got {view.state} (history {', '.join(view.history)})"
        yield from differs_if("not_state", wanted, True, view.state != wanted.get("not_state"))
        if "history_count" in wanted:
            yield from differs("history_count", wanted["history_count"], len(view.history))
        if "parent_id" in wanted:
            yield from differs("parent_id", wanted["parent_id"], view.document.get("parentId"))
        for name, value in (wanted.get("trigger_variables") or {}).items():
            yield from differs(f"trigger variable {name}", value, view.trigger_variables.get(name))
        if "logs_at_INFO" in wanted:
            said = len([line for line in view.logs if line["level"] == "INFO"])
            yield from differs("logs_at_INFO", wanted["logs_at_INFO"], said)
        if "passes_through" in wanted and not in_this_order(wanted["passes_through"], view.history):
            yield f"passes_through {wanted['passes_through']}, got {view.history}"
        for state, count in (wanted.get("taskruns_in_state_more_than") or {}).items():
            got = [run["state"]["current"] for run in view.runs].count(state)
            if got <= count:
                yield f"taskruns_in_state_more_than {state} {count}, got {got}"
        yield from self.of_identity(view, wanted)
        yield from self.of_runs(view, wanted)

    def is_in(self, view: View, wanted: str, key: str) -> bool:
        """Say whether an execution is in a state; one that runs on may have gone through it already."""
        if view.state == wanted:
            return True
        known = len(self.before.history) if self.before and self.before.id == view.id else 0
        return wanted not in ENDED and key in ("execution_state", "until") and wanted in view.history[known:]

    def of_identity(self, view: View, step: Step) -> Iterator[str]:
        """Compare ids with those before the action."""
        if self.before is None:
            return
        ids = {run["id"] for run in view.runs}
        old = {run["id"] for run in self.before.runs}
        yield from differs_if(
            "same_execution_id", step, step.get("same_execution_id"), view.id == self.before.id
        )
        yield from differs_if(
            "new_execution_id", step, step.get("new_execution_id"), view.id != self.before.id
        )
        yield from differs_if("same_taskrun_ids", step, step.get("same_taskrun_ids"), ids <= old)
        yield from differs_if("new_taskrun_ids", step, step.get("new_taskrun_ids"), not ids & old)

    def of_runs(self, view: View, step: Step) -> Iterator[str]:
        """Check what is said of one task run by its number in the key."""
        for key, wanted in step.items():
            match = OF_A_RUN.fullmatch(key)
            if not match:
                continue
            run = view.at(int(match[1]))
            history = history_of(run)
            if match[2] == "state":
                yield from differs(key, wanted, run["state"]["current"])
            elif match[2] == "history_count" and not drift.allows_length(
                self.scene.entry, wanted, len(history)
            ):
                yield f"{key} {wanted}, got {len(history)} ({', '.join(history)})"
            elif match[2] == "history_counts":
                counts = {state: history.count(state) for state in wanted}
                if not drift.allows_counts(self.scene.entry, wanted, counts):
                    yield f"{key} {shown(wanted)}, got {shown(counts)}"


def differs_if(key: str, step: Step, wanted: Any, got: Any) -> Iterator[str]:
    """Compare only what the step speaks of."""
    if key in step:
        yield from differs(key, wanted, got)


def in_this_order(wanted: list[str], history: list[str]) -> bool:
    """Say whether a history goes through these states in this order."""
    rest = iter(history)
    return all(state in rest for state in wanted)


async def play(scene: Scene) -> tuple[list[str], View]:
    """Play an entry's steps; give what failed, and the execution at the end."""
    theatre = Play(scene)
    found = await theatre.run(scene.expected["steps"])
    if theatre.current is None:
        raise NoVerb("the steps start no execution")
    return found, theatre.current
