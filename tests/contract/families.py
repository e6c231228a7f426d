"""The families of this checkout, read from their code and not from their manifests, which may be stale."""

import importlib
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from tiercel.manifests import manifest_of, plugins_of
from tiercel.plugin import BasePlugin
from tiercel.registry import Family, Registry

ROOT = Path(__file__).parents[2]
Plugin: TypeAlias = type[BasePlugin[Any, Any]]


def directories() -> list[Path]:
    """Give the directory of each family."""
    projects = sorted(ROOT.glob("functions/*/pyproject.toml"))
    return [
        project.parent for project in projects if "tiercel.families" in project.read_text(encoding="utf-8")
    ]


def package_of(directory: Path) -> str:
    """Name the package of a family."""
    return f"tiercel_{directory.name}"


def prefixes_of(directory: Path) -> list[str]:
    """Give the prefixes that a family declares."""
    project: Mapping[str, Any] = tomllib.loads((directory / "pyproject.toml").read_text(encoding="utf-8"))
    prefixes: list[str] = project["tool"]["tiercel"]["prefixes"]
    return prefixes


def of_families(pattern: str) -> list[Path]:
    """List files of the families that are tested."""
    return sorted(path for one in UNDER_TEST for path in one.glob(pattern))


DIRECTORIES = directories()
ONE = os.environ.get("TIERCEL_FAMILY_UNDER_TEST")
UNDER_TEST = [one for one in DIRECTORIES if ONE in (None, one.name)]
"""Those whose plugins and examples are tested: all of them, or the one that tools/compatibility.py tries."""
PLUGINS: list[tuple[str, Plugin]] = sorted(
    (
        (package_of(one), plugin)
        for one in UNDER_TEST
        for plugin in plugins_of(importlib.import_module(package_of(one)))
    ),
    key=lambda pair: pair[1].task_types[0],
)
EXAMPLES = of_families("examples/*.yaml")
DASHBOARDS = of_families("examples/dashboards/*.yaml")
SHOWN = sorted(ROOT.glob("functions/*/examples/**/*.yaml"))
"""All examples: one family's may show a plugin of another."""
TEMPLATES = of_families("examples/templates/*.yaml")


def registry() -> Registry:
    """Make a registry of the families as their code has them."""
    return Registry(Family(package_of(one), manifest_of(one)[1]) for one in DIRECTORIES)
