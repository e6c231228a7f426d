"""The installed plugins, listed or one of them described."""

from collections import defaultdict
from typing import Any

from rich.table import Table

from tiercel.registry import PluginEntry, Registry
from tiercel_orchestrator.cli import running, say


def show(registry: Registry, type_id: str | None, as_json: bool) -> None:
    """List all plugins, or describe one; `UnknownPlugin` names the nearest type."""
    for name, reason in registry.broken.items():
        say.err.print(f"family {name} cannot be used: {reason}", markup=False)
    if type_id is not None:
        entry = registry.plugin(type_id)
        running.print_json(_described(registry, entry)) if as_json else _describe(registry, entry)
    elif as_json:
        running.print_json([_described(registry, entry) for entry in registry.plugins()])
    else:
        _list(registry)


def _described(registry: Registry, entry: PluginEntry) -> dict[str, Any]:
    family = registry.family_of(entry.type)
    return {
        "type": entry.type,
        "aliases": list(entry.aliases),
        "kind": entry.kind,
        "title": entry.title,
        "family": family.name if family else None,
        "parameters": entry.parameters,
        "outputs": entry.outputs,
    }


def _list(registry: Registry) -> None:
    groups: defaultdict[str, list[PluginEntry]] = defaultdict(list)
    for name, family in registry.families.items():
        groups[f"{name} {family.version}"] = list(family.plugins)
    for name, entries in groups.items():
        say.out.print(f"[bold]{name}[/]  [dim]{len(entries)} plugins[/]")
        table = Table(box=None, pad_edge=False, show_header=False)
        for entry in entries:
            table.add_row(
                f"  {entry.type}", f"[dim]{entry.kind if entry.kind != 'task' else ''}[/]", entry.title
            )
        say.out.print(table)


def _describe(registry: Registry, entry: PluginEntry) -> None:
    family = registry.family_of(entry.type)
    say.out.print(f"[bold]{entry.type}[/]  [dim]family {family.name if family else '?'}[/]")
    say.out.print(entry.title, markup=False)
    if entry.aliases:
        say.out.print(f"[dim]also: {', '.join(entry.aliases)}[/]")
    _properties("properties", entry.parameters)
    _properties("outputs", entry.outputs)


def _properties(heading: str, schema: Any) -> None:
    properties = schema.get("properties") or {}
    if not properties:
        return
    table = Table(box=None, pad_edge=False, title=heading, title_justify="left", header_style="dim")
    for column in ("name", "type", "required", "default", "description"):
        table.add_column(column)
    required = schema.get("required", [])
    for name, one in properties.items():
        default = one.get("default")
        table.add_row(
            name,
            type_name(one, schema),
            "yes" if name in required else "",
            "" if default is None else str(default),
            one.get("description", ""),
        )
    say.out.print(table)


def type_name(schema: Any, root: Any) -> str:
    """Name the type of a property in a word or two."""
    if "$ref" in schema:
        return type_name(root.get("$defs", {}).get(schema["$ref"].rpartition("/")[2], {}), root)
    if "enum" in schema:
        return " | ".join(str(value) for value in schema["enum"])
    if "anyOf" in schema:
        return " | ".join(
            dict.fromkeys(type_name(one, root) for one in schema["anyOf"] if one.get("type") != "null")
        )
    if schema.get("x-task"):
        return "task"
    if schema.get("type") == "array":
        return f"list of {type_name(schema.get('items', {}), root)}"
    if schema.get("format") == "password":
        return "secret"
    return str(schema.get("format") or schema.get("type") or "any")
