"""Entries of kind task-unit: one task in a flow of its own, or one condition."""

import re
import tempfile
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from tests.conformance import data, executions, schedules
from tests.conformance.executions import differs
from tests.conformance.placeholders import same
from tests.conformance.product import REGISTRY
from tests.conformance.scene import Scene, seed
from tests.conformance.view import Absent, View, shown
from tiercel import clock, expressions, runtime
from tiercel.envelope import Envelope, RunContext

TASK = "unit"
FLOW = "task-unit"
INPUT = re.compile(r"\binputs\.(\w+)")
OF_A_DIRECTORY = ("workdir_content", "workdir_entries_after")


async def failures(scene: Scene) -> list[str]:
    """Run a unit and say what is not as its entry expects."""
    if schedules.is_about(scene):
        return list(schedules.failures(scene))
    for key in scene.expected:
        if key in OF_A_DIRECTORY:
            return await directory_failures(scene)
    if "condition" in scene.expected:
        return await condition_failures(scene)
    seed(scene.product, scene.namespace, scene.entry)
    view = await run(scene)
    found = [*of_state(scene, view), *of_errors(view, scene.names.resolve(dict(scene.expected)))]
    metrics = await scene.product.metrics(view.id)
    for name, value in (scene.expected.get("metrics") or {}).items():
        found += differs(f"metric {name}", value, metrics.get(name))
    return found + [line for key, wanted in rest(scene) for line in of_outputs(scene, view, key, wanted)]


async def condition_failures(scene: Scene) -> list[str]:
    """Ask a condition."""
    type_ = scene.entry["task_type"]
    family = REGISTRY.family_of(type_)
    if family is None:
        return [f"no family has {type_}"]
    variables = {**(scene.entry.get("variables") or {}), "inputs": scene.entry.get("inputs") or {}}
    context = RunContext(namespace=scene.namespace, variables=variables)
    envelope = Envelope(
        task_type=type_, params=scene.names.resolve(scene.entry["properties"]), context=context
    )
    result = await runtime.execute(envelope, family, scene.product.services)
    if result.error:
        return [f"condition: {result.error.message}"]
    return list(differs("condition", scene.expected["condition"], result.data.get("condition")))


async def directory_failures(scene: Scene) -> list[str]:
    """Run the task alone, and look at its working directory."""
    seed(scene.product, scene.namespace, scene.entry)
    properties = prepared(scene)
    type_ = scene.entry["task_type"]
    family = REGISTRY.family_of(type_)
    if family is None:
        return [f"no family has {type_}"]
    with tempfile.TemporaryDirectory() as directory:
        variables = {"inputs": inputs_for(scene, properties), **(scene.entry.get("variables") or {})}
        context = RunContext(namespace=scene.namespace, variables=variables, working_directory=directory)
        envelope = Envelope(task_type=type_, params=properties, context=context)
        result = await runtime.execute(envelope, family, scene.product.services)
        files = {path.relative_to(directory).as_posix(): path for path in Path(directory).rglob("*")}
        found = [result.error.message] if result.error else []
        wanted = scene.names.resolve(dict(scene.expected))
        for path, content in (wanted.get("workdir_content") or {}).items():
            text = files[path].read_text() if path in files else None
            found += differs(f"workdir_content {path}", content, text)
        if "workdir_entries_after" in wanted:
            entries = wanted["workdir_entries_after"]
            found += differs(
                "workdir_entries_after", entries, len(files) if isinstance(entries, int) else sorted(files)
            )
        return found


async def run(scene: Scene) -> View:
    """Put the task into a flow of its own and run it, its inputs untyped."""
    properties = prepared(scene)
    inputs = inputs_for(scene, properties)
    lay_down(scene, properties, inputs)
    variables = scene.entry.get("variables")
    document = {"id": FLOW, "namespace": scene.namespace, **({"variables": variables} if variables else {})}
    document["tasks"] = [{"id": TASK, "type": scene.entry["task_type"], **properties}]
    flow = await scene.product.put_flow(yaml.safe_dump(document, sort_keys=False, allow_unicode=True))
    started = await scene.product.start(flow.namespace, flow.id, inputs, raw=True)
    return await scene.product.idle(started)


def prepared(scene: Scene) -> dict[str, Any]:
    """Build the task's properties; described files lie where any execution may read."""
    properties: dict[str, Any] = {}
    for name, value in (scene.entry.get("properties") or {}).items():
        made = data.built(scene.names.resolve(value))
        if isinstance(made, data.FileData):
            place = f"kestra:///{scene.namespace.replace('.', '/')}/_files/{made.name}"
            made = scene.product.services.storage.put(place, made.content)
        properties[name] = made
    return properties


def inputs_for(scene: Scene, properties: Mapping[str, Any]) -> dict[str, Any]:
    """Give the entry's inputs, and make up those that its templates use and it does not say."""
    inputs = dict(data.built(scene.names.resolve(scene.entry.get("inputs") or {})))
    for name in INPUT.findall(str(properties)):
        inputs.setdefault(name, scene.namespace if name == "namespace" else f"my-{name}")
    return inputs


def lay_down(scene: Scene, properties: Mapping[str, Any], inputs: Mapping[str, Any]) -> None:
    """Lay down what the entry says was there before: that something was deleted means that it was there."""
    if precondition := scene.entry.get("precondition"):
        raise data.NotUnderstood(f"precondition {precondition!r}")
    if scene.expected.get("deleted") is True and "key" in properties:
        namespace, key = place_of(scene, properties, inputs)
        scene.product.services.kv.put(namespace, key, "value")


def place_of(scene: Scene, properties: Mapping[str, Any], inputs: Mapping[str, Any]) -> tuple[str, str]:
    """Give the namespace and key that a task of the key-value store is about."""
    namespace = str(properties.get("namespace") or scene.namespace)
    names = [expressions.render(text, {"inputs": inputs}) for text in (namespace, str(properties["key"]))]
    return names[0], names[1]


def of_state(scene: Scene, view: View) -> Iterator[str]:
    """Compare the final state."""
    if wanted := scene.entry.get("expected_state"):
        errors = [line["message"] for line in view.logs if line["level"] == "ERROR"]
        for line in differs("state", wanted, view.state):
            yield f"{line} (log: {errors[0]})" if errors else line


def of_errors(view: View, expected: Mapping[str, Any]) -> Iterator[str]:
    """Compare what the log says went wrong."""
    errors = [str(line["message"]) for line in view.logs if line["level"] == "ERROR"]
    if expected.get("error") and not errors:
        yield "error, but the log has none"
    if "error_equals" in expected and expected["error_equals"] not in errors:
        yield f"error_equals {shown(expected['error_equals'])}, got {shown(errors)}"
    if "error_contains" in expected and not any(expected["error_contains"] in error for error in errors):
        yield f"error_contains {shown(expected['error_contains'])}, got {shown(errors)}"
    for part, count in (expected.get("log_lines_containing") or {}).items():
        got = [line for line in view.logs if part in str(line["message"])]
        yield from differs(f"log_lines_containing {part}", count, len(got))
    if "labels_include" in expected:
        yield from executions.labels_include(view, expected["labels_include"])


LOOKED_AT = (
    "condition",
    "error",
    "error_equals",
    "error_contains",
    "log_lines_containing",
    "labels_include",
    "metrics",
)


def rest(scene: Scene) -> list[tuple[str, Any]]:
    """Give what is said of the task's outputs and of what it has left."""
    expected = scene.names.resolve(dict(scene.expected))
    return [(key, value) for key, value in expected.items() if key not in LOOKED_AT]


def of_outputs(scene: Scene, view: View, key: str, wanted: Any) -> Iterator[str]:
    """Compare one output, or one thing that the task has left."""
    outputs = view.at(0).get("outputs") or {}
    try:
        yield from differs(key, wanted, observed(scene, view, outputs, key, wanted))
    except Absent as error:
        yield f"{key} {shown(wanted)}, but {error}"


def observed(scene: Scene, view: View, outputs: Mapping[str, Any], key: str, wanted: Any) -> Any:
    """Give what is there for an expectation."""
    uris = [str(uri) for uri in outputs.get("uris") or ()]
    if key == "items":
        return items_of(view.read(str(outputs.get("uri"))).decode())
    if key == "storage_content":
        return view.read(str(outputs.get("uri"))).decode()
    if key == "uri_endswith":
        return wanted if str(outputs.get("uri")).endswith(wanted) else outputs.get("uri")
    if key == "uris_count":
        return len(uris)
    if key == "newlines_total":
        return sum(view.read(uri).count(b"\n") for uri in uris)
    if key == "concatenation_equals_input":
        return b"".join(map(view.read, uris)) == view.read(str(prepared(scene)["from"]))
    if key in ("kv_value", "expiration", "expiration_between_minutes_from_now", "stored_in"):
        return kept(scene, key, wanted)
    if key not in outputs:
        raise Absent(f"there is no such output among {sorted(outputs)}")
    return outputs[key]


def items_of(text: str) -> Any:
    """Read a file of Ion, a value a line."""
    return expressions.evaluate("{{ fromIon(text, allRows=true) }}", {"text": text})


def kept(scene: Scene, key: str, wanted: Any) -> Any:
    """Look up what a task has put into the key-value store."""
    properties = prepared(scene)
    namespace, name = place_of(scene, properties, inputs_for(scene, properties))
    entry = scene.product.services.kv.get(wanted if key == "stored_in" else namespace, name)
    if entry is None:
        raise Absent(f"the key {name} is not there")
    if key == "stored_in":
        return entry.namespace
    if key == "kv_value":
        return entry.value
    if entry.expires_at is None:
        return None
    if key == "expiration":
        return wanted if same(wanted, True) else clock.timestamp(entry.expires_at)
    low, high = (clock.now() + timedelta(minutes=minutes) for minutes in wanted)
    return wanted if low <= entry.expires_at <= high else clock.timestamp(entry.expires_at)
