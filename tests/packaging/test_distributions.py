"""Each distribution holds what it needs, and brings only what is its own."""

import importlib.metadata
import json
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.docs.checkout import files
from tests.packaging.building import FAMILIES, MEMBERS, ROOT, contents, distribution, project

OWN = {"boto3": {"cloud"}, "duckdb": {"sql"}}
"""A heavy driver -> the families that may bring it."""

each_member = pytest.mark.parametrize("member", sorted(MEMBERS))
each_family = pytest.mark.parametrize("family", FAMILIES)
Wheels = Mapping[str, Path]


def package_of(member: str) -> str:
    """Name the package of a member."""
    return "tiercel" if member == "runtime" else f"tiercel_{member}"


def brought(wheels: Wheels, name: str, extras: frozenset[str] = frozenset()) -> set[str]:
    """Name all that is installed along with a distribution of this repository."""
    ours = {f"tiercel-{member}": wheel for member, wheel in wheels.items()}
    seen: set[tuple[str, str]] = set()
    waiting = [(name, extra) for extra in ("", *extras)]
    while waiting:
        one, extra = waiting.pop()
        if (one, extra) in seen:
            continue
        seen.add((one, extra))
        found = distribution(ours[one]) if one in ours else importlib.metadata.distribution(one)
        for need in map(Requirement, found.requires or ()):
            if need.marker is None or need.marker.evaluate({"extra": extra}):
                waiting += [(canonicalize_name(need.name), more) for more in ("", *need.extras)]
    return {one for one, _ in seen}


@each_member
def test_a_wheel_holds_every_file_of_its_package(member: str, wheels: Wheels) -> None:
    directory = MEMBERS[member].relative_to(ROOT)
    package = directory / package_of(member)
    expected = {str(name.relative_to(directory)) for name in files() if name.is_relative_to(package)}
    assert contents(wheels[member]) == expected
    assert f"{package_of(member)}/py.typed" in expected


@each_family
def test_a_familys_wheel_holds_its_manifest_and_its_entry_point(family: str, wheels: Wheels) -> None:
    assert f"tiercel_{family}/manifest.json" in contents(wheels[family])
    (point,) = distribution(wheels[family]).entry_points.select(group="tiercel.families")
    assert (point.name, point.value) == (family, f"tiercel_{family}:FAMILY")


def test_the_orchestrators_wheel_holds_its_sql_and_its_command(wheels: Wheels) -> None:
    package = MEMBERS["orchestrator"]
    wanted = {str(file.relative_to(package)) for file in package.rglob("*.sql")}
    assert wanted
    assert wanted <= set(contents(wheels["orchestrator"]))
    (command,) = distribution(wheels["orchestrator"]).entry_points.select(group="console_scripts")
    assert command.name == "tiercel"


@each_family
def test_a_family_brings_no_other_family_and_no_others_driver(family: str, wheels: Wheels) -> None:
    found = brought(wheels, f"tiercel-{family}")
    assert {"tiercel-runtime", "pydantic", "fastapi"} <= found
    assert {name for name in found if name.startswith("tiercel-")} == {f"tiercel-{family}", "tiercel-runtime"}
    assert {driver for driver in OWN if driver in found} == {
        driver for driver, owners in OWN.items() if family in owners
    }


@pytest.mark.parametrize("member", ["runtime", "orchestrator"])
def test_runtime_and_orchestrator_bring_no_driver_and_no_family(member: str, wheels: Wheels) -> None:
    found = brought(wheels, f"tiercel-{member}", frozenset({"expressions", "http"}))
    assert found.isdisjoint(OWN)
    assert {name for name in found if name.startswith("tiercel-")} == {f"tiercel-{member}", "tiercel-runtime"}


@each_family
def test_project_manifest_and_wheel_have_one_version(family: str, wheels: Wheels) -> None:
    path = MEMBERS[family] / f"tiercel_{family}/manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    versions = {
        project(family)["project"]["version"],
        manifest["version"],
        distribution(wheels[family]).version,
    }
    assert len(versions) == 1


@each_family
def test_the_changelog_tells_of_the_version(family: str) -> None:
    version = re.escape(project(family)["project"]["version"])
    changelog = (MEMBERS[family] / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## {version}( - .+)?$", changelog, re.MULTILINE)


@pytest.mark.parametrize("member", [*FAMILIES, "orchestrator"])
def test_the_range_of_the_runtime_admits_the_one_here_and_no_next_one(member: str) -> None:
    needs = map(Requirement, project(member)["project"]["dependencies"])
    (accepted,) = [need.specifier for need in needs if need.name == "tiercel-runtime"]
    here = project("runtime")["project"]["version"]
    major, minor, *_ = map(int, here.split("."))
    assert accepted.contains(here)
    assert not accepted.contains(f"{major}.{minor + 1}.0")
    if member in FAMILIES:
        manifest = json.loads(
            (MEMBERS[member] / f"tiercel_{member}/manifest.json").read_text(encoding="utf-8")
        )
        assert SpecifierSet(manifest["runtime"]) == accepted
