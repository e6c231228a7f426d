"""Every type of the catalog belongs to one family."""

import tomllib
from collections import Counter

from tests.contract.catalog import CATALOG, types
from tests.contract.families import DIRECTORIES, PLUGINS, package_of, prefixes_of
from tiercel.registry import prefixes_of as candidates_of

BELOW = "io.kestra.plugin."


def owners() -> dict[str, str]:
    """Give the family of each prefix: those that are declared, and those that are planned."""
    planned = tomllib.loads((CATALOG / "families.toml").read_text(encoding="utf-8"))
    found = {
        name if name.startswith("io.kestra.") else BELOW + name: family
        for family, names in planned.items()
        for name in names
    }
    return found | {prefix: directory.name for directory in DIRECTORIES for prefix in prefixes_of(directory)}


def owner_of(type_id: str, prefixes: dict[str, str]) -> str | None:
    """Give the family with the longest prefix of a type."""
    return next((prefixes[one] for one in candidates_of(type_id) if one in prefixes), None)


def test_every_type_and_alias_belongs_to_a_family() -> None:
    prefixes = owners()
    names = [name for type_id, facts in types().items() for name in (type_id, *facts.get("aliases", ()))]
    assert len(names) > 1_600
    assert [name for name in names if owner_of(name, prefixes) is None] == []


def test_no_prefix_is_claimed_twice() -> None:
    planned = tomllib.loads((CATALOG / "families.toml").read_text(encoding="utf-8"))
    named = [
        BELOW + name for names in planned.values() for name in names if not name.startswith("io.kestra.")
    ]
    declared = [prefix for directory in DIRECTORIES for prefix in prefixes_of(directory)]
    assert [prefix for prefix, count in Counter(named + declared).items() if count > 1] == []


def test_every_planned_prefix_has_a_type() -> None:
    names = [name for type_id, facts in types().items() for name in (type_id, *facts.get("aliases", ()))]
    assert [prefix for prefix in owners() if not any(name.startswith(f"{prefix}.") for name in names)] == []


def test_a_family_declares_the_prefixes_of_its_plugins() -> None:
    declared = {prefix: package_of(one) for one in DIRECTORIES for prefix in prefixes_of(one)}
    strays = [
        name
        for package, plugin in PLUGINS
        for name in plugin.task_types
        if owner_of(name, declared) != package
    ]
    assert strays == []
