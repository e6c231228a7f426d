"""How much of Kestra's catalog runs here: `tiercel plugins --coverage`."""

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from rich.table import Table

from tiercel.registry import Registry
from tiercel_orchestrator.cli import running, say

CATALOG = "catalog.json"
"""Generated from the repository's `catalog/`: the public types with kind, group and aliases."""


@dataclass
class Count:
    """How many of a kind of name run."""

    running: int = 0
    known: int = 0

    def add(self, runs: bool) -> None:
        """Count one name."""
        self.known += 1
        self.running += runs

    def __str__(self) -> str:
        return f"{self.running}/{self.known}" if self.known else ""


@dataclass
class Coverage:
    """What runs of a group of types: current ones, deprecated ones, and old names of either."""

    types: Count = field(default_factory=Count)
    deprecated: Count = field(default_factory=Count)
    aliases: Count = field(default_factory=Count)
    missing: list[str] = field(default_factory=list)

    def add(self, row: Mapping[str, Any], known: set[str]) -> None:
        """Count one type of the catalog with its aliases."""
        runs = row["type"] in known
        (self.deprecated if row.get("deprecated") else self.types).add(runs)
        for alias in row.get("aliases", ()):
            self.aliases.add(alias in known)
        if not runs:
            self.missing.append(row["type"])

    def json(self) -> dict[str, Any]:
        """Write the counts as JSON."""
        counts = {"types": self.types, "deprecated": self.deprecated, "aliases": self.aliases}
        shown = {name: {"running": one.running, "known": one.known} for name, one in counts.items()}
        return {**shown, "missing": self.missing}


def catalog() -> list[Mapping[str, Any]]:
    """Read the public types of Kestra's catalog."""
    text = files("tiercel_orchestrator.cli").joinpath(CATALOG).read_text(encoding="utf-8")
    rows: list[Mapping[str, Any]] = json.loads(text)
    return rows


def coverage(registry: Registry, rows: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Coverage], Coverage]:
    """Count what runs, by group and in all."""
    known, total = set(registry.types()), Coverage()
    groups: defaultdict[str, Coverage] = defaultdict(Coverage)
    for row in rows:
        groups[row["group"]].add(row, known)
        total.add(row, known)
    return dict(sorted(groups.items())), total


def show(registry: Registry, as_json: bool) -> None:
    """Print the coverage: the groups of which something runs, the rest in one line, and the whole."""
    groups, total = coverage(registry, catalog())
    if as_json:
        listed = {name: group.json() for name, group in groups.items()}
        running.print_json({"groups": listed, "total": total.json()})
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("group")
    for column in ("types", "deprecated", "aliases"):
        table.add_column(column, justify="right")
    begun = {name: group for name, group in groups.items() if group.types.running + group.deprecated.running}
    for name, group in [*begun.items(), ("in all", total)]:
        table.add_row(name, *map(str, (group.types, group.deprecated, group.aliases)))
    say.out.print(table)
    say.out.print(f"[dim]{len(groups) - len(begun)} groups of the catalog run nothing yet.[/]")
