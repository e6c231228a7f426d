"""Write a family's manifest from its code: `python -m tiercel.manifests DIRECTORY` for your own."""

import importlib
import inspect
import json
import pkgutil
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from tiercel.errors import TiercelError
from tiercel.plugin import BasePlugin, JsonObject

TASK_KEY = "x-task"
"""Marks in a parameter schema where whole tasks stand."""


def manifest_of(directory: Path) -> tuple[Path, JsonObject]:
    """Give the path and the content of the manifest of the family in a directory with a pyproject.toml."""
    project = tomllib.loads((directory / "pyproject.toml").read_text(encoding="utf-8"))
    try:
        (name, target), *_ = project["project"]["entry-points"]["tiercel.families"].items()
        prefixes = project["tool"]["tiercel"]["prefixes"]
    except (KeyError, ValueError) as error:
        raise TiercelError(
            f"{directory}/pyproject.toml declares no family: it needs an entry point in the group "
            "`tiercel.families` and `prefixes` below [tool.tiercel]."
        ) from error
    package = importlib.import_module(target.partition(":")[0])
    entries = sorted(map(describe, plugins_of(package)), key=lambda entry: str(entry["type"]))
    refuse_doubles(entries)
    return Path(package.__path__[0]) / "manifest.json", {
        "family": name,
        "version": project["project"]["version"],
        "runtime": runtime_range(project["project"]["dependencies"]),
        "prefixes": prefixes,
        "plugins": entries,
    }


def runtime_range(dependencies: list[str]) -> str:
    """Give the versions of the shared runtime that a family accepts."""
    runtime = next((need for need in dependencies if need.startswith("tiercel-runtime")), "")
    return re.sub(r"^[\w-]+(\[[^]]*\])?\s*", "", runtime)


def plugins_of(package: ModuleType) -> Iterator[type[BasePlugin[Any, Any]]]:
    """Import every module of a family and give the plugins that they define."""
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if found.name.rpartition(".")[2] in ("app", "__main__"):
            continue
        module = importlib.import_module(found.name)
        for _, plugin in inspect.getmembers(module, inspect.isclass):
            # a class made by a factory belongs to the module that names it, and to no other that imports it
            if issubclass(plugin, BasePlugin) and plugin.task_types and plugin.__module__ == module.__name__:
                yield plugin


def describe(plugin: type[BasePlugin[Any, Any]]) -> JsonObject:
    """Give the manifest's row of a plugin."""
    parameters = plain_schema(plugin.parameter_schema())
    properties = parameters.get("properties", {})
    return {
        "type": plugin.task_types[0],
        "aliases": list(plugin.task_types[1:]),
        "kind": plugin.kind,
        "class": f"{plugin.__module__}:{plugin.__name__}",
        "title": (inspect.getdoc(plugin) or "").partition("\n")[0],
        "blocks": [name for name, schema in properties.items() if holds_tasks(schema, parameters)],
        "parameters": parameters,
        "outputs": plain_schema(plugin.output_schema()),
    }


def plain_schema(schema: JsonObject) -> JsonObject:
    """Leave out the titles that pydantic makes from names, and the docstrings of models."""
    maps = ("properties", "$defs")
    plain: JsonObject = {}
    for key, value in schema.items():
        if key in maps and isinstance(value, dict):
            plain[key] = {name: plain_schema(item) for name, item in value.items()}
        elif key == "title" or (key == "description" and "properties" in schema):
            continue
        elif key in ("default", "examples", "enum", "const"):
            plain[key] = value
        elif isinstance(value, dict):
            plain[key] = plain_schema(value)
        elif isinstance(value, list):
            plain[key] = [plain_schema(item) if isinstance(item, dict) else item for item in value]
        else:
            plain[key] = value
    return plain


def holds_tasks(schema: Any, root: JsonObject, seen: tuple[str, ...] = ()) -> bool:
    """Say whether tasks stand somewhere below a schema."""
    if isinstance(schema, list):
        return any(holds_tasks(item, root, seen) for item in schema)
    if not isinstance(schema, dict):
        return False
    name = str(schema.get("$ref", "")).rpartition("/")[2]
    if name and name not in seen and holds_tasks(root["$defs"][name], root, (*seen, name)):
        return True
    return TASK_KEY in schema or any(holds_tasks(value, root, seen) for value in schema.values())


def refuse_doubles(entries: list[JsonObject]) -> None:
    """Fail where two classes claim one type."""
    owners: dict[str, str] = {}
    for entry in entries:
        for name in (entry["type"], *entry["aliases"]):
            if name in owners:
                raise TiercelError(
                    f"{owners[name]} and {entry['class']} both claim the type {name}; drop it from one."
                )
            owners[name] = entry["class"]


def text_of(content: Any) -> str:
    """Write generated JSON the one way that makes equal content equal text."""
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        path, manifest = manifest_of(Path(argument))
        path.write_text(text_of(manifest), encoding="utf-8")
        sys.stdout.write(f"{path}\n")
