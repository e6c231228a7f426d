"""Families and their plugins: known from manifests, imported only when used."""

import importlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from tiercel.errors import TiercelError, UnknownPlugin

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

    from tiercel.plugin import BasePlugin

ENTRY_POINTS = "tiercel.families"
OWN_DISTRIBUTIONS = "tiercel-"


class BrokenFamily(TiercelError):
    """A family package cannot be used: it has no readable manifest, or its code does not fit it."""


class PluginEntry(NamedTuple):
    """What a manifest says of one plugin. `kind`: task, trigger, condition or taskrunner.

    `blocks`: its properties that hold tasks; `parameters` and `outputs`: JSON schemas.
    """

    type: str
    module: str
    class_name: str
    aliases: tuple[str, ...] = ()
    kind: str = "task"
    title: str = ""
    blocks: tuple[str, ...] = ()
    parameters: Mapping[str, Any] = {}
    outputs: Mapping[str, Any] = {}

    @classmethod
    def read(cls, row: Mapping[str, Any]) -> "PluginEntry":
        """Read one row of a manifest."""
        module, _, class_name = row["class"].partition(":")
        return cls(
            type=row["type"],
            module=module,
            class_name=class_name,
            aliases=tuple(row["aliases"]),
            kind=row["kind"],
            title=row["title"],
            blocks=tuple(row["blocks"]),
            parameters=row["parameters"],
            outputs=row["outputs"],
        )


class Family:
    """The plugins that deploy together: a package with a manifest, of which nothing is imported unused."""

    def __init__(self, package: str, manifest: Mapping[str, Any] | None = None) -> None:
        self.package = package
        if manifest is not None:
            self.__dict__["manifest"] = manifest

    @classmethod
    def of(cls, package: str) -> "Family":
        """Name the family of a package, which keeps its manifest beside its `__init__.py`."""
        return cls(package)

    @cached_property
    def manifest(self) -> Mapping[str, Any]:
        """Read the manifest."""
        path = self.directory / "manifest.json"
        try:
            manifest: Mapping[str, Any] = json.loads(path.read_text(encoding="utf-8"))
            manifest["family"], manifest["version"], manifest["prefixes"], manifest["plugins"]
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise BrokenFamily(
                f"The family package '{self.package}' has no usable manifest at {path} ({error}); "
                "write it with `make generate`, or `python -m tiercel.manifests DIRECTORY`."
            ) from error
        return manifest

    @property
    def directory(self) -> Path:
        """Give the directory of the package."""
        module = sys.modules.get(self.package) or importlib.import_module(self.package)
        return Path(module.__path__[0])

    @property
    def name(self) -> str:
        """Give the family's name, such as `sql`."""
        return str(self.manifest["family"])

    @property
    def version(self) -> str:
        """Give the family's own version."""
        return str(self.manifest["version"])

    @property
    def prefixes(self) -> tuple[str, ...]:
        """Give the prefixes of task types that the family serves."""
        return tuple(self.manifest["prefixes"])

    @cached_property
    def plugins(self) -> tuple[PluginEntry, ...]:
        """List the plugins in order of type."""
        return tuple(PluginEntry.read(row) for row in self.manifest["plugins"])

    @cached_property
    def by_type(self) -> Mapping[str, PluginEntry]:
        """Give the plugins by type, aliases included."""
        return {name: entry for entry in self.plugins for name in (entry.type, *entry.aliases)}

    def find(self, type_id: str) -> PluginEntry | None:
        """Find a plugin by type or alias."""
        return self.by_type.get(type_id)

    def plugin(self, type_id: str) -> PluginEntry:
        """Find a plugin by type or alias; `UnknownPlugin` names the nearest one."""
        return self.find(type_id) or unknown(type_id, self.by_type)

    def nearest(self, type_id: str) -> str | None:
        """Give the type that was probably meant."""
        return nearest(type_id, self.by_type)

    def load(self, entry: PluginEntry) -> "type[BasePlugin[Any, Any]]":
        """Import the class of a plugin."""
        return load(entry)


class Registry:
    """The families at hand; the longest prefix decides whose a task type is."""

    def __init__(self, families: Iterable[Family], broken: Mapping[str, str] | None = None) -> None:
        self.families: dict[str, Family] = {}
        self.broken = dict(broken or {})
        """Name of the family -> why it cannot be used."""
        self.owners: dict[str, Family] = {}
        for family in families:
            self.add(family)

    @classmethod
    def installed(cls) -> "Registry":
        """Find the installed families, third parties' included; broken ones are reported, not fatal."""
        from importlib.metadata import entry_points

        found: list[Family] = []
        broken: dict[str, str] = {}
        for point in sorted(entry_points(group=ENTRY_POINTS), key=precedence):
            try:
                found.append(checked(point.load(), point.value))
            except Exception as error:  # whatever a stranger's package raises while it is imported
                broken[point.name] = f"{point.value}: {error}"
        return cls(found, broken)

    def add(self, family: Family) -> None:
        """Take a family in, unless another one already owns one of its prefixes."""
        if namesake := self.families.get(family.name):
            reason = f"the name '{family.name}' belongs to {namesake.package}; give it a name of its own."
            self.broken[family.package] = f"{family.package}: {reason}"
            return
        for prefix in family.prefixes:
            if owner := self.owners.get(prefix):
                reason = (
                    f"the prefix '{prefix}' belongs to family '{owner.name}'; give it prefixes of its own."
                )
                self.broken[family.name] = f"{family.package}: {reason}"
                return
        self.families[family.name] = family
        self.owners |= dict.fromkeys(family.prefixes, family)

    def family_of(self, type_id: str) -> Family | None:
        """Give the family that owns a task type by the longest prefix, even without a plugin for it."""
        return next((self.owners[prefix] for prefix in prefixes_of(type_id) if prefix in self.owners), None)

    def find(self, type_id: str) -> PluginEntry | None:
        """Find a plugin by type or alias."""
        family = self.family_of(type_id)
        return family.find(type_id) if family else None

    def plugin(self, type_id: str) -> PluginEntry:
        """Find a plugin by type or alias; `UnknownPlugin` names the nearest one."""
        return self.find(type_id) or unknown(type_id, self.types())

    def schema_of(self, type_id: str) -> PluginEntry | None:
        """Describe a type for the flow's validator: its `kind` and its `parameters`."""
        return self.find(type_id)

    def plugins(self) -> Iterator[PluginEntry]:
        """List all plugins, family by family."""
        for family in self.families.values():
            yield from family.plugins

    def types(self) -> Iterator[str]:
        """List all type ids, aliases included."""
        for family in self.families.values():
            yield from family.by_type

    def nearest(self, type_id: str) -> str | None:
        """Give the type that was probably meant."""
        return nearest(type_id, self.types())

    def load(self, entry: PluginEntry) -> "type[BasePlugin[Any, Any]]":
        """Import the class of a plugin."""
        return load(entry)


def precedence(point: "EntryPoint") -> tuple[bool, str]:
    """Put our own families before a stranger's: what comes first keeps its prefixes."""
    distribution = point.dist.name if point.dist else ""
    return not distribution.lower().startswith(OWN_DISTRIBUTIONS), point.name


def checked(found: object, value: str) -> Family:
    """Make sure that an entry point led to a family with a manifest."""
    if not isinstance(found, Family):
        raise BrokenFamily(
            f"the entry point {value} is {type(found).__name__}; point it at a `tiercel.registry.Family`."
        )
    found.manifest  # noqa: B018 - read now, so that a bad one is reported here
    return found


def load(entry: PluginEntry) -> "type[BasePlugin[Any, Any]]":
    """Import the class of a plugin."""
    try:
        plugin: type[BasePlugin[Any, Any]] = getattr(importlib.import_module(entry.module), entry.class_name)
    except (ImportError, AttributeError) as error:
        raise BrokenFamily(
            f"The plugin {entry.type} cannot be imported from {entry.module}:{entry.class_name} ({error}); "
            "install what its family needs, or write the manifest anew with `make generate`."
        ) from error
    return plugin


def prefixes_of(type_id: str) -> Iterator[str]:
    """Give the prefixes of a type that end at a dot, the longest first."""
    while type_id:
        yield type_id
        type_id = type_id.rpartition(".")[0]


def nearest(type_id: str, known: Iterable[str]) -> str | None:
    """Give the known type that was probably meant: the most alike, or one with the same class name."""
    import difflib

    types = list(known)
    close = difflib.get_close_matches(type_id, types, n=1, cutoff=0.8)
    if close:
        return close[0]
    name = type_id.rpartition(".")[2].lower()
    return next((one for one in types if one.rpartition(".")[2].lower() == name), None)


def unknown(type_id: str, known: Iterable[str]) -> PluginEntry:
    """Raise `UnknownPlugin`, naming what was probably meant."""
    raise UnknownPlugin(unknown_text(type_id, known))


def unknown_text(type_id: str, known: Iterable[str]) -> str:
    """Say that a type has no plugin, and what was probably meant."""
    suggestion = nearest(type_id, known)
    hint = f"did you mean '{suggestion}'?" if suggestion else "`tiercel plugins` lists what is installed."
    return f"No plugin of type '{type_id}' is installed here; {hint}"


def route_table(families: Iterable[Family]) -> list[dict[str, str]]:
    """Give prefix, path and family of each route, the longest prefix first, as they are tried."""
    routes = [
        {"prefix": prefix, "path": f"/v1/tasks/{prefix.replace('.', '/')}", "family": family.name}
        for family in families
        for prefix in family.prefixes
    ]
    return sorted(routes, key=lambda route: (-len(route["prefix"]), route["prefix"]))
