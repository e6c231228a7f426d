"""What an entry asserts of other executions: children, those that triggers start, those of a retry."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import Any

from tests.conformance import executions
from tests.conformance.executions import differs
from tests.conformance.placeholders import includes
from tests.conformance.product import PATIENCE_SECONDS
from tests.conformance.scene import Scene
from tests.conformance.view import ENDED, View, shown
from tests.conformance.vocabulary import in_order, listed

QUIET_SECONDS = 0.3


async def failures(scene: Scene, view: View, expected: Mapping[str, Any]) -> list[str]:
    """Say what the executions around one are not."""
    found: list[str] = []
    for key, check in CHECKS.items():
        if key in expected:
            found += await check(scene, view, expected[key])
    return found


async def settled(get: Callable[[], Awaitable[list[View]]], count: int) -> list[View]:
    """Wait until so many executions have ended, and no more come."""
    loop = asyncio.get_running_loop()
    limit = loop.time() + PATIENCE_SECONDS
    while True:
        views = await get()
        done = len(views) >= count and all(view.state in ENDED for view in views)
        if done:
            await asyncio.sleep(QUIET_SECONDS)
            again = await get()
            if len(again) == len(views):
                return again
        if loop.time() > limit:
            return views
        await asyncio.sleep(0.05)


async def of_flow(scene: Scene, view: View, wanted: list[str]) -> list[str]:
    """Compare the final states of all executions of the flow, in the order of their creation."""

    async def all_of_them() -> list[View]:
        return await scene.product.executions(scene.flow.id)

    views = await settled(all_of_them, len(wanted))
    return list(differs("all_executions_of_flow_final_states", wanted, [one.state for one in views]))


async def children(scene: Scene, view: View, wanted: Any) -> list[str]:
    """Check the executions that this one started."""
    return await relatives(scene, view, wanted, "child_executions", direct=True)


async def descendants(scene: Scene, view: View, wanted: Any) -> list[str]:
    """Check the executions that this one, or one of those it started, has started."""
    return await relatives(scene, view, wanted, "descendant_executions", direct=False)


async def relatives(scene: Scene, root: View, wanted: Any, key: str, *, direct: bool) -> list[str]:
    """Check each group of executions by flow."""
    found: list[str] = []
    for group in listed(wanted):
        flow, count = group.get("flow"), int(group.get("count", 1))

        async def of_group(flow: str | None = flow) -> list[View]:
            started = await started_by(scene, root, direct=direct)
            return [view for view in started if flow in (None, view.document["flowId"])]

        views = await settled(of_group, count)
        found += differs(f"{key}: count of {flow}", count, len(views))
        await scene.children(root)
        wanted_of_each = scene.names.resolve(dict(group))
        for view in views:
            found += [f"{key}: {line}" for line in of_relative(view, wanted_of_each)]
    return list(dict.fromkeys(found))


async def started_by(scene: Scene, root: View, *, direct: bool) -> list[View]:
    """Show what an execution has started, directly or through others, the oldest first."""
    found = await scene.children(root)
    if direct:
        return found
    deeper = [await started_by(scene, child, direct=False) for child in found]
    return [*found, *(view for views in deeper for view in views)]


def of_relative(view: View, wanted: Mapping[str, Any]) -> Iterator[str]:
    """Check one execution of a group."""
    yield from executions.failures(view, wanted)
    if "state" in wanted:
        yield from differs("state", wanted["state"], view.state)
    if "trigger_type" in wanted:
        yield from differs(
            "trigger_type", wanted["trigger_type"], (view.document.get("trigger") or {}).get("type")
        )
    for name, value in (wanted.get("trigger_variables") or {}).items():
        yield from differs(f"trigger variable {name}", value, view.trigger_variables.get(name))
    if "labels" in wanted:
        yield from executions.labels_include(view, wanted["labels"])
    if "labels_count" in wanted:
        yield from differs("labels_count", wanted["labels_count"], len(view.labels))
    if "inputs" in wanted and not includes(wanted["inputs"], view.document.get("inputs") or {}):
        yield f"inputs {shown(wanted['inputs'])}, got {shown(view.document.get('inputs'))}"
    if "input_items_regex" in wanted:
        yield from input_fits(view, wanted["input_items_regex"])


def input_fits(view: View, regex: Any) -> Iterator[str]:
    """Compare the input `items` with a pattern."""
    items = (view.document.get("inputs") or {}).get("items")
    if not re.search(str(regex), str(items)):
        yield f"input_items_regex {regex}, got {shown(items)}"


async def triggered(scene: Scene, view: View, wanted: Any) -> list[str]:
    """Check the executions that triggers have started: with a count all of them, else one of them."""
    found: list[str] = []
    for group in listed(wanted):
        flow = str(group["flow"])

        async def of_group(flow: str = flow) -> list[View]:
            return [one for one in await scene.product.executions(flow) if one.document.get("trigger")]

        views = await settled(of_group, int(group.get("count", 1)))
        found += [f"triggered {flow}: {line}" for line in of_triggered(scene, views, group)]
    return found


def of_triggered(scene: Scene, views: list[View], group: Mapping[str, Any]) -> Iterator[str]:
    """Check the triggered executions of one flow."""
    wanted = scene.names.resolve(dict(group))
    if "count" in wanted:
        yield from differs("count", wanted["count"], len(views))
    elif not views:
        yield "no execution"
        return
    for key in filter(in_order, wanted):
        name = key.removeprefix("flow_outputs_").removesuffix("_in_order")
        yield from differs(
            key, wanted[key], [(view.document.get("outputs") or {}).get(name) for view in views]
        )
    of_each = [list(of_relative(view, wanted)) for view in views]
    if "count" in wanted:
        yield from (line for lines in of_each for line in lines)
    elif all(of_each):
        yield from of_each[0]


async def requests(scene: Scene, wanted: Any) -> list[str]:
    """Send webhook requests and see whether they start an execution."""
    found: list[str] = []
    for request in listed(wanted):
        before = len(await scene.product.executions(scene.flow.id))
        answer = await scene.product.verb(
            "webhook",
            scene.flow.namespace,
            scene.flow.id,
            request["key"],
            method=request.get("method", "GET"),
            body=request.get("body"),
            query=request.get("query"),
            headers=request.get("headers"),
        )
        after = len(await scene.product.executions(scene.flow.id))
        found += differs("creates_execution", request.get("creates_execution", True), after > before)
        status = getattr(answer, "status", None)
        if "http_status" in request and status is not None:
            found += differs("http_status", request["http_status"], status)
    return found


async def path(scene: Scene, view: View, wanted: Any) -> list[str]:
    """Refuse a bare path: it says where requests go, and there are none here."""
    return [f"path {shown(wanted)} without requests: nothing says what must be there"]


Related = Callable[[Scene, View, Any], Awaitable[list[str]]]
CHECKS: Mapping[str, Related] = {
    "all_executions_of_flow_final_states": of_flow,
    "child_executions": children,
    "descendant_executions": descendants,
    "path": path,
    "triggered": triggered,
}
