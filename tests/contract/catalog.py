"""The committed catalog, and how a plugin's schema compares with it."""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from tests.contract.families import ROOT, Plugin
from tiercel.plugin import STATIC_KEY

Schema = Mapping[str, Any]
CATALOG = ROOT / "catalog"


@cache
def types() -> dict[str, Schema]:
    """Give the facts of all types, by type id."""
    return {
        row["type"]: row for path in sorted((CATALOG / "types").glob("*.jsonl")) for row in rows(path.name)
    }


@cache
def classes() -> dict[str, Schema]:
    """Give the facts of the classes that properties refer to, by class name."""
    lines = (CATALOG / "classes.jsonl").read_text(encoding="utf-8").splitlines()
    return {row["class"]: row for row in map(json.loads, lines)}


def rows(name: str) -> Iterator[Schema]:
    """Read one file of types."""
    yield from map(json.loads, (CATALOG / "types" / name).read_text(encoding="utf-8").splitlines())


def differences(plugin: Plugin, facts: Schema) -> dict[str, str]:
    """Say in what a plugin is not as the catalog has it: name of a property or output -> what differs."""
    parameters, outputs = plugin.parameter_schema(), plugin.output_schema()
    found = names_differ(parameters.get("properties", {}), facts["properties"], "property")
    found |= names_differ(outputs.get("properties", {}), facts["outputs"], "output")
    required = set(parameters.get("required", ()))
    for fact in facts["properties"]:
        schema = parameters.get("properties", {}).get(fact["name"])
        if schema is not None:
            reasons = list(
                property_differs(schema, fact, parameters.get("$defs", {}), fact["name"] in required)
            )
            if reasons:
                found[fact["name"]] = "; ".join(reasons)
    for fact in facts["outputs"]:
        schema = outputs.get("properties", {}).get(fact["name"])
        nested = list(nested_differs(schema, fact, outputs.get("$defs", {}))) if schema is not None else []
        if nested:
            found[fact["name"]] = "; ".join(nested)
    return found


def names_differ(properties: Schema, facts: list[Schema], what: str) -> dict[str, str]:
    """Say which names only one side has."""
    known = {fact["name"] for fact in facts}
    found = {name: f"the catalog has no such {what}" for name in properties if name not in known}
    return found | {name: f"the plugin has no such {what}" for name in known if name not in properties}


def property_differs(schema: Schema, fact: Schema, models: Schema, required: bool) -> Iterator[str]:
    """Say in what a property is not as the catalog has it."""
    if required != bool(fact.get("required")):
        yield f"required is {required}"
    if not fact.get("computed") and schema.get("default") != fact.get("default"):
        yield f"default is {schema.get('default')!r} and not {fact.get('default')!r}"
    choices = list(flat(schema, models))
    enums = [set(choice["enum"]) for choice in choices if "enum" in choice]
    if fact.get("enum") and enums != [set(fact["enum"])]:
        yield f"enum is {enums} and not {fact['enum']}"
    kinds, wanted = {kind_of(choice) for choice in choices}, kinds_wanted(fact)
    if "any" not in kinds | wanted and kinds != wanted:
        yield f"takes {sorted(kinds)} and not {sorted(wanted)}"
    if STATIC_KEY in schema and not fact.get("static"):
        yield "is not rendered"
    if fact.get("static") and STATIC_KEY not in schema and not decided_within(schema, choices):
        yield "is rendered"
    yield from nested_differs(schema, fact, models)


def nested_differs(schema: Schema, fact: Schema, models: Schema) -> Iterator[str]:
    """Say in what a nested model has other names than the class of the catalog."""
    reference = fact.get("ref") or fact.get("items", {}).get("ref") or fact.get("values", {}).get("ref")
    facts = classes().get(reference or "")
    for choice in flat(schema, models, deep=True):
        if facts and facts["properties"] and "properties" in choice:
            for name, reason in names_differ(choice["properties"], facts["properties"], "property").items():
                yield f"in {name}, {reason}"


def flat(schema: Schema, models: Schema, deep: bool = False) -> Iterator[Schema]:
    """Give the members of a union, references followed; `deep`: what lists and maps hold, instead."""
    if "$ref" in schema:
        yield from flat(models[schema["$ref"].rpartition("/")[2]], models, deep)
    elif "anyOf" in schema:
        for choice in schema["anyOf"]:
            yield from flat(choice, models, deep)
    elif deep and isinstance(schema.get("items"), Mapping):
        yield from flat(schema["items"], models, deep)
    elif deep and isinstance(schema.get("additionalProperties"), Mapping):
        yield from flat(schema["additionalProperties"], models, deep)
    elif schema.get("type") != "null":
        yield schema


def kind_of(choice: Schema) -> str:
    """Name the kind of a schema as the catalog does."""
    if "x-task" in choice or "x-condition" in choice:
        return "object"
    if choice.get("format") == "duration":
        return "duration"
    return str(choice.get("type", "any"))


def kinds_wanted(fact: Schema) -> set[str]:
    """Give the kinds that the catalog names; an enum is text."""
    return {"string" if kind == "enum" else kind for kind in fact.get("anyOf", [fact["type"]])}


def decided_within(schema: Schema, choices: list[Schema]) -> bool:
    """Tell whether a property holds models or conditions, whose own properties say what is rendered."""
    text = json.dumps([schema, *choices])
    return '"$ref"' in text or '"x-condition"' in text or any("properties" in choice for choice in choices)
