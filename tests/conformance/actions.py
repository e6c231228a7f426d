"""The verbs of `action`, each a regular expression and the product's verb of the same meaning."""

import json
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import yaml

from tests.conformance import data
from tests.conformance.scene import Scene
from tests.conformance.view import View

Verb = Callable[[Scene, View, Mapping[str, str], Mapping[str, Any]], Awaitable[Any]]


class UnknownVerb(Exception):
    """An action that the vocabulary does not have."""


async def perform(scene: Scene, view: View, action: str, step: Mapping[str, Any]) -> Any:
    """Do what an action says; give what the product answered."""
    for pattern, verb in VERBS:
        if match := pattern.fullmatch(action):
            return await verb(scene, view, match.groupdict(), step)
    raise UnknownVerb(f"unknown verb `{action}`")


async def mark(scene: Scene, view: View, words: Mapping[str, str], step: Mapping[str, Any]) -> Any:
    """Set a task run's state; a paused one that is to run is resumed."""
    if words.get("original"):
        # marking is not undone by a product that keeps it: an equal original is run anew
        view = await scene.product.idle(await scene.start())
    run = view.first_of(words["task"])
    if words["state"] == "RUNNING" and run["state"]["current"] == "PAUSED":
        return await scene.product.resume(view.id, {})
    return await scene.product.verb("mark", view.id, run["id"], words["state"])


async def replay(scene: Scene, view: View, words: Mapping[str, str], step: Mapping[str, Any]) -> Any:
    """Run again from a task run, or from the beginning."""
    run_id: str | None = None
    if words.get("index"):
        run_id = view.at(int(words["index"]))["id"]
    elif words.get("unknown"):
        run_id = "unknown"
    elif words.get("task"):
        run_id = view.first_of(words["task"])["id"]
    return await scene.product.verb("replay", view.id, run_id)


async def restart(scene: Scene, view: View, words: Mapping[str, str], step: Mapping[str, Any]) -> Any:
    """Run again what has failed."""
    return await scene.product.verb("restart", view.id)


async def update_then_restart(
    scene: Scene, view: View, words: Mapping[str, str], step: Mapping[str, Any]
) -> Any:
    """Make a new revision in which a task differs, and restart on it."""
    source = yaml.safe_load(scene.corpus.text(scene.entry["flow"]))
    for task in source["tasks"]:
        if task["id"] == words["task"]:
            task["description"] = "another revision"
    flow = await scene.product.put_flow(yaml.safe_dump(source, sort_keys=False, allow_unicode=True))
    if flow.revision != int(words["revision"]):
        raise data.NotUnderstood(f"the updated flow became revision {flow.revision}, not {words['revision']}")
    return await scene.product.verb("restart", view.id, revision=flow.revision)


async def resume(scene: Scene, view: View, words: Mapping[str, str], step: Mapping[str, Any]) -> Any:
    """Go on after a Pause, with the step's inputs."""
    return await scene.product.resume(view.id, data.built(scene.names.resolve(step.get("inputs") or {})))


async def kill(scene: Scene, view: View, words: Mapping[str, str], step: Mapping[str, Any]) -> Any:
    """End the execution."""
    return await scene.product.verb("kill", view.id)


async def pause(scene: Scene, view: View, words: Mapping[str, str], step: Mapping[str, Any]) -> Any:
    """Pause the execution."""
    return await scene.product.verb("pause", view.id)


async def change_status(scene: Scene, view: View, words: Mapping[str, str], step: Mapping[str, Any]) -> Any:
    """Set the state of an ended execution."""
    return await scene.product.verb("change_status", view.id, words["state"])


async def set_labels(scene: Scene, view: View, words: Mapping[str, str], step: Mapping[str, Any]) -> Any:
    """Set the labels of an ended execution."""
    return await scene.product.verb("set_labels", view.id, labels_of(scene.names.resolve(words["labels"])))


def labels_of(text: str) -> dict[str, str]:
    """Read labels: JSON, or `key: value, …`."""
    try:
        listed = json.loads(text)
    except ValueError:
        pairs = [re.split(r"[:=]", part, maxsplit=1) for part in text.strip("[]{} ").split(",")]
        return {pair[0].strip(): pair[-1].strip() for pair in pairs}
    if isinstance(listed, Mapping):
        return dict(listed)
    return {label["key"]: label["value"] for label in listed}


async def delete(scene: Scene, view: View, words: Mapping[str, str], step: Mapping[str, Any]) -> Any:
    """Remove the execution, but not its log."""
    return await scene.product.verb("delete", view.id, keep_logs=True)


TASK = r"`?(?P<task>[^`]+?)`?"
VERBS: list[tuple[re.Pattern[str], Verb]] = [
    (re.compile(rf"(?P<original>\(from the original\) )?mark (?:taskrun )?{TASK} (?P<state>[A-Z]+)"), mark),
    (re.compile(r"HTTP change-status\?status=(?P<state>[A-Z]+)"), change_status),
    (re.compile(r"(?:HTTP kill|resume to KILLING)"), kill),
    (re.compile(r"HTTP pause"), pause),
    (re.compile(r"(?:HTTP )?resume(?: again)?"), resume),
    (re.compile(r"HTTP set labels (?P<labels>.+)"), set_labels),
    (re.compile(r"delete execution keeping logs"), delete),
    (re.compile(r"replay from beginning"), replay),
    (re.compile(r"replay from (?P<unknown>unknown task run)"), replay),
    (re.compile(r"replay from taskrun index (?P<index>-?\d+)"), replay),
    (re.compile(rf"replay from {TASK}"), replay),
    (re.compile(r"restart(?: a successful execution)?"), restart),
    (
        re.compile(rf"update flow task {TASK}, then restart on revision (?P<revision>\d+)"),
        update_then_restart,
    ),
]
