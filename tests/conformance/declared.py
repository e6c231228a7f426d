"""Entries of kinds inputs, invalid and parse: what a flow declares, and what reading it gives."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tests.conformance import data, executions
from tests.conformance.executions import differs
from tests.conformance.placeholders import same
from tests.conformance.product import read
from tests.conformance.scene import Scene
from tests.conformance.view import View, look_up, shown
from tiercel.errors import InvalidFlow
from tiercel.flows.models import Flow, Input


async def input_failures(scene: Scene) -> list[str]:
    """Start a flow with inputs, and see how they were read or why they were refused."""
    await scene.prepare()
    refused = scene.entry.get("expected_state") == "INPUT_VALIDATION_ERROR"
    try:
        view = await scene.product.view(await scene.start())
    except InvalidFlow as error:
        return list(of_refusal(error, scene.expected, refused))
    if refused:
        return ["the inputs were accepted"]
    return list(of_inputs(scene, view))


def of_refusal(error: InvalidFlow, expected: Mapping[str, Any], refused: bool) -> Iterator[str]:
    """Compare why inputs were refused."""
    texts = texts_of(error)
    if not refused:
        yield f"the inputs were refused: {error}"
    if "error_contains" in expected and not any(expected["error_contains"] in text for text in texts):
        yield f"error_contains {shown(expected['error_contains'])}, got {shown(texts)}"
    if "error_equals" in expected and expected["error_equals"] not in texts:
        yield f"error_equals {shown(expected['error_equals'])}, got {shown(texts)}"


def texts_of(error: InvalidFlow) -> list[str]:
    """Give an error as it reads, and each of its problems with and without its place."""
    problems = [
        text for one in error.problems for text in (one.message, f"{one.path}: {one.message}", str(one))
    ]
    return [str(error), *problems]


def of_inputs(scene: Scene, view: View) -> Iterator[str]:
    """Compare inputs as they were read."""
    expected = scene.names.resolve(dict(scene.expected))
    yield from executions.typed_inputs(view, expected.get("typed_inputs") or {})
    inputs = view.document.get("inputs") or {}
    for name, value in (expected.get("typed_inputs_not") or {}).items():
        if name not in inputs or same(value, inputs[name]):
            yield f"typed input {name} is {shown(inputs.get(name))}"
    if name := expected.get("file_content_preserved"):
        given = data.built(scene.names.resolve(scene.entry["inputs"][name]))
        if view.read(str(inputs.get(name))) != given.content:
            yield f"the file of input {name} has another content"


async def invalid_failures(scene: Scene) -> list[str]:
    """Read a flow that must be refused."""
    try:
        read(scene.corpus.text(scene.entry["flow"]))
    except InvalidFlow as error:
        return list(of_violations(error, scene.expected, str(scene.entry.get("message_mode") or "")))
    return [f"the flow was accepted, though: {scene.entry.get('reason')}"]


def of_violations(error: InvalidFlow, expected: Mapping[str, Any], mode: str) -> Iterator[str]:
    """Compare what is wrong with a flow."""
    problems = [texts_of(InvalidFlow(str(one), (one,))) for one in error.problems]
    if expected.get("violations") is not None:
        yield from differs("violations", expected["violations"], len(problems))
    wanted = expected.get("message_contains") or []
    if mode.startswith("each violation matches one of"):
        for texts in problems:
            if not any(part in text for part in wanted for text in texts):
                yield f"message_contains one of {shown(wanted)}, got {shown(texts[0])}"
        return
    if mode:
        yield f"unknown message_mode `{mode}`"
    for part in wanted:
        if not any(part in text for texts in problems for text in texts):
            yield f"message_contains {shown(part)}, got {shown([texts[0] for texts in problems])}"


async def parse_failures(scene: Scene) -> list[str]:
    """Read a flow and compare what it became."""
    flow = read(scene.corpus.text(scene.entry["flow"]))
    wanted = scene.names.resolve(scene.expected["parse"])
    return [line for key, value in wanted.items() for line in differs(key, value, fact(flow, key))]


def fact(flow: Flow, key: str) -> Any:
    """Give one fact of a flow: a known count, the number of items at a path, or the value there."""
    if key in COUNTS:
        return COUNTS[key](flow)
    document = document_of(flow)
    counted = re.fullmatch(r"(?P<path>.+)_count", key)
    if counted and key not in document:
        return len(look_up(document, counted["path"]) or ())
    return look_up(document, key)


def document_of(flow: Flow) -> dict[str, Any]:
    """Show a flow as a document, its inputs as they were read."""
    inputs = [
        {**one.properties, "id": one.id, "type": one.type, "required": one.required} for one in flow.inputs
    ]
    known = {"id": flow.id, "namespace": flow.namespace, "labels": dict(flow.labels), "inputs": inputs}
    tasks = {"tasks": [dict(task.properties) for task in flow.tasks]}
    return {**flow.properties, **tasks, **known, "variables": dict(flow.variables)}


def inputs_with(flow: Flow, name: str, type_: str | None = None) -> list[Input]:
    """List the inputs that have a property."""
    return [one for one in flow.inputs if one.properties.get(name) is not None and type_ in (None, one.type)]


COUNTS: Mapping[str, Any] = {
    "inputs_count": lambda flow: len(flow.inputs),
    "inputs_required": lambda flow: len([one for one in flow.inputs if one.required]),
    "inputs_not_required": lambda flow: len([one for one in flow.inputs if not one.required]),
    "inputs_with_defaults": lambda flow: len(inputs_with(flow, "defaults")),
    "string_inputs_with_validator": lambda flow: len(inputs_with(flow, "validator", "STRING")),
    "all_tasks_count": lambda flow: len(list(flow.walk())),
    "all_task_and_trigger_ids_count": lambda flow: len({*flow.index, *(one.id for one in flow.triggers)}),
}
