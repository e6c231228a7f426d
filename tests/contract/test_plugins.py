"""Every plugin stands where its type says, and says in a sentence what it does."""

import inspect
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.families import DIRECTORIES, PLUGINS, ROOT, Plugin, package_of
from tiercel.testing import check_plugin

DRIVERS = ("boto3", "botocore", "duckdb", "fastapi", "jinja2", "obstore", "pydantic", "pytz", "yaml")
IMPERATIVE = re.compile(r"^[A-Z][a-z]+ .*\.$", re.DOTALL)
each_plugin = pytest.mark.parametrize(
    ("package", "plugin"),
    [pytest.param(package, plugin, id=plugin.task_types[0]) for package, plugin in PLUGINS],
)


@each_plugin
def test_the_type_predicts_the_file_and_the_class(package: str, plugin: Plugin) -> None:
    *segments, name = plugin.task_types[0].removeprefix("io.kestra.plugin.").split(".")
    places = [f"{package}.{'.'.join(segments)}", f"{package}.{'.'.join(segments[1:])}"]
    assert plugin.__name__ == name.rpartition("$")[2]
    assert any(plugin.__module__ == place or plugin.__module__.startswith(f"{place}.") for place in places)


@each_plugin
def test_the_docstring_is_one_sentence(package: str, plugin: Plugin) -> None:
    assert IMPERATIVE.match((inspect.getdoc(plugin) or "").partition("\n\n")[0])


@each_plugin
def test_the_plugin_conforms(package: str, plugin: Plugin) -> None:
    assert check_plugin(plugin) == []


@each_plugin
def test_the_plugin_does_something_of_its_own(package: str, plugin: Plugin) -> None:
    works = any("run" in vars(base) for base in plugin.__mro__[:-2] if base.__module__.startswith("tiercel_"))
    assert works


def test_no_two_plugins_claim_a_type() -> None:
    claimed = [name for _, plugin in PLUGINS for name in plugin.task_types]
    assert sorted(claimed) == sorted(set(claimed))


@pytest.mark.parametrize("directory", DIRECTORIES, ids=lambda directory: directory.name)
def test_importing_a_family_imports_no_driver(directory: Path) -> None:
    package = package_of(directory)
    program = f"import sys, {package}; {package}.FAMILY; print(*sys.modules)"
    answer = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, cwd=ROOT
    )
    loaded = set(answer.stdout.split())
    assert loaded.isdisjoint(DRIVERS)
    assert not [name for name in loaded if name.startswith(f"{package}.")]


def test_what_is_generated_is_current() -> None:
    answer = subprocess.run(
        [sys.executable, "-m", "tools.generate", "--check"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
