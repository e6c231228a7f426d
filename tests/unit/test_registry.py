"""Families and the registry: longest prefix, laziness, broken families."""

import json
import subprocess
import sys
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from tiercel.errors import UnknownPlugin
from tiercel.registry import BrokenFamily, Family, Registry, route_table

PROJECT = """
[project]
name = "tiercel-toy"
version = "1.2.3"
dependencies = ["tiercel-runtime[http]>=0.1,<0.2"]
[project.entry-points."tiercel.families"]
toy = "{package}:FAMILY"
[tool.tiercel]
prefixes = ["com.example.toy"]
"""
PLUGIN = '''
from pydantic import Field
from tiercel.plugin import BaseParams, BasePlugin, success

class GreetParams(BaseParams):
    name: str = Field(description="Whom to greet.")

class Greet(BasePlugin[GreetParams]):
    """Greet somebody."""

    task_types = ("com.example.toy.Greet", "com.example.toy.Hello")

    async def run(self, params, context):
        return success({"said": f"hello {params.name}"})
'''


def family(name: str, *prefixes: str, types: tuple[str, ...] = ()) -> Family:
    """Make a family from a manifest alone."""
    plugins = [
        {
            "type": type_id,
            "aliases": [],
            "kind": "task",
            "class": "nowhere:Nothing",
            "title": "",
            "blocks": [],
            "parameters": {},
            "outputs": {},
        }
        for type_id in types
    ]
    return Family(
        f"tiercel_{name}", {"family": name, "version": "1", "prefixes": prefixes, "plugins": plugins}
    )


def write_toy(directory: Path, package: str) -> Path:
    """Write a third party's family, as its author would."""
    (directory / package).mkdir(parents=True)
    (directory / "pyproject.toml").write_text(PROJECT.format(package=package))
    (directory / package / "__init__.py").write_text(
        "from tiercel.registry import Family\n\nFAMILY = Family.of(__name__)\n"
    )
    (directory / package / "greetings.py").write_text(PLUGIN)
    return directory


def test_the_longest_prefix_owns_a_type() -> None:
    registry = Registry([family("a", "io.kestra.plugin"), family("b", "io.kestra.plugin.gcp.bigquery")])
    owners = {
        type_id: found.name if (found := registry.family_of(type_id)) else None
        for type_id in (
            "io.kestra.plugin.gcp.bigquery.Query",
            "io.kestra.plugin.gcp.gcs.List",
            "io.kestra.plugin.gcp.bigqueryish.Query",
            "io.kestra.plugins.X",
        )
    }
    assert list(owners.values()) == ["b", "a", "a", None]


def test_a_second_owner_of_a_prefix_is_reported_and_left_out() -> None:
    registry = Registry([family("a", "x.y"), family("b", "x.y")])
    assert list(registry.families) == ["a"]
    assert "the prefix 'x.y' belongs to family 'a'" in registry.broken["b"]


def test_an_unknown_type_names_the_nearest_one() -> None:
    registry = Registry([family("a", "x", types=("x.log.Log", "x.kv.Set"))])
    assert registry.nearest("x.logs.Log") == "x.log.Log"
    assert registry.nearest("other.place.Set") == "x.kv.Set"
    assert registry.nearest("zzz") is None
    with pytest.raises(UnknownPlugin, match=r"did you mean 'x\.log\.Log'\?"):
        registry.plugin("x.log.Lag")


def test_routes_are_tried_from_the_longest_prefix_down() -> None:
    table = route_table([family("a", "io.a"), family("b", "io.a.long", "io.b")])
    assert [(route["path"], route["family"]) for route in table] == [
        ("/v1/tasks/io/a/long", "b"),
        ("/v1/tasks/io/a", "a"),
        ("/v1/tasks/io/b", "b"),
    ]


def test_a_package_without_a_manifest_says_how_to_write_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_toy(tmp_path, "toy_bare")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(BrokenFamily, match="make generate"):
        _ = Family.of("toy_bare").version


def test_broken_families_are_reported_and_the_others_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "toy_broken.py").write_text("raise RuntimeError('no luck today')")
    (tmp_path / "toy_other.py").write_text("FAMILY = 3")
    monkeypatch.syspath_prepend(tmp_path)
    points = [
        EntryPoint("broken", "toy_broken:FAMILY", "tiercel.families"),
        EntryPoint("other", "toy_other:FAMILY", "tiercel.families"),
        EntryPoint("core", "tiercel_core:FAMILY", "tiercel.families"),
    ]
    monkeypatch.setattr("importlib.metadata.entry_points", lambda group: points)
    registry = Registry.installed()
    assert list(registry.families) == ["core"]
    assert "no luck today" in registry.broken["broken"]
    assert "Family" in registry.broken["other"]


def test_a_third_partys_family_is_written_found_and_run_in_a_process_of_its_own(tmp_path: Path) -> None:
    directory = write_toy(tmp_path, "toy_family")
    info = directory / "tiercel_toy-1.2.3.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: tiercel-toy\nVersion: 1.2.3\n")
    (info / "entry_points.txt").write_text("[tiercel.families]\ntoy = toy_family:FAMILY\n")
    environment = {"PYTHONPATH": str(directory), "PATH": "/usr/bin:/bin"}
    subprocess.run(
        [sys.executable, "-m", "tiercel.manifests", str(directory)],
        env=environment,
        check=True,
        capture_output=True,
    )
    code = """
import json, sys
from tiercel.registry import Registry
registry = Registry.installed()
entry = registry.plugin("com.example.toy.Hello")
lazy = "toy_family.greetings" not in sys.modules
from tiercel.testing import run_plugin
data = run_plugin(registry.load(entry), {"name": "you"}).data
print(json.dumps([registry.families["toy"].version, entry.type, lazy, data]))
"""
    answer = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    assert json.loads(answer.stdout) == ["1.2.3", "com.example.toy.Greet", True, {"said": "hello you"}]


def test_importing_a_family_imports_no_plugin_and_no_web_framework() -> None:
    code = """
import sys
import tiercel_core.app, tiercel_sql.app, tiercel_scripts.app, tiercel_cloud.app
import tiercel.runtime
heavy = ("fastapi", "starlette", "httpx", "obstore", "boto3", "duckdb", "sqlite3", "mangum")
heavy += ("tiercel_core.log", "tiercel_sql.duckdb", "tiercel_scripts.shell")
print([name for name in heavy if name in sys.modules])
"""
    answer = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert answer.stdout.strip() == "[]"
