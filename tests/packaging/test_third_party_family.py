"""Families of strangers: one made as CONTRIBUTING.md says works; one that misbehaves harms nobody else."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.markdown import blocks, section
from tests.packaging.building import ROOT, Environment, Ran, build

TYPE = "com.acme.Hello"
CORE = "io.kestra.plugin.core"
FLOW_OF_CORE = f"""
id: still-here
namespace: tests
tasks:
  - id: say
    type: {CORE}.log.Log
    message: core is still here
"""


@dataclass(frozen=True, slots=True)
class Installed:
    """An environment with the product and with strangers' families, and what their commands answered."""

    environment: Environment
    directory: Path
    answers: Mapping[str, Ran]

    def tiercel(self, arguments: str) -> Ran:
        """Run the command line of the environment."""
        return self.environment.run(f"tiercel {arguments}", self.directory)


def shown() -> str:
    """Give the instructions for a family of one's own."""
    return section((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), "A family of your own")


def write_family(directory: Path, name: str = "acme", prefix: str = "com.acme") -> Path:
    """Write the family that the instructions show, under another name or prefix if wanted."""
    for block in blocks(shown()):
        if block.title:
            path, text = (
                part.replace("com.acme", prefix).replace("acme", name) for part in (block.title, block.text)
            )
            (directory / path).parent.mkdir(parents=True, exist_ok=True)
            (directory / path).write_text(text, encoding="utf-8")
    return directory / f"{name}-tiercel"


def follow(environment: Environment, directory: Path) -> dict[str, Ran]:
    """Run the commands of the instructions, each in the directory where the ones before it lead."""
    answers = {}
    (script,) = [block.text for block in blocks(shown()) if block.language == "sh"]
    for command in script.splitlines():
        if command.startswith("cd "):
            directory /= command.removeprefix("cd ")
        else:
            answers[command] = environment.run(command, directory)
    return answers


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory, wheels: Mapping[str, Path]) -> Installed:
    """Install the product from its wheels, strangers that misbehave, and last the one of the instructions."""
    directory = tmp_path_factory.mktemp("strangers")
    environment = Environment.create(directory / "environment")
    raises = write_family(directory, "raises", "com.raises")
    (raises / "raises_tiercel/__init__.py").write_text('raise RuntimeError("the licence has run out")\n')
    greedy = [write_family(directory, name, CORE) for name in ("brash", "greedy")]
    namesake = write_family(directory, "namesake", "com.namesake")
    project = namesake / "pyproject.toml"
    project.write_text(project.read_text().replace('namesake = "', 'core = "'))
    for one in (*greedy, namesake):
        answer = environment.run("python -m tiercel.manifests .", one)
        assert answer.code == 0, answer.report
    strangers = [build(one, directory / "wheels" / one.name) for one in (raises, *greedy, namesake)]
    environment.install(*wheels.values(), *strangers)
    write_family(directory)
    return Installed(environment, directory, follow(environment, directory))


def test_the_environment_runs_what_was_built(installed: Installed) -> None:
    packages = ("tiercel", "tiercel_core", "tiercel_orchestrator")
    program = f"import {', '.join(packages)}; print({', '.join(f'{name}.__file__' for name in packages)})"
    answer = installed.environment.run(f"python -c '{program}'", installed.directory)
    imported = answer.out.split()
    assert len(imported) == len(packages), answer.report
    assert all(Path(file).is_relative_to(installed.environment.directory) for file in imported)


def test_the_instructions_work_as_written(installed: Installed) -> None:
    assert len(installed.answers) == 4
    assert [answer.report for answer in installed.answers.values() if answer.code] == []


def test_a_strangers_plugin_is_described(installed: Installed) -> None:
    answer = installed.answers[f"tiercel plugins {TYPE}"]
    assert all(said in answer.out for said in (TYPE, "family acme", "Greet somebody.", "Who is greeted."))


def test_a_strangers_plugin_runs_in_a_flow(installed: Installed) -> None:
    answer = installed.answers["tiercel run hello.yaml"]
    assert "SUCCESS in" in answer.out, answer.report
    assert "greeting Hello world" in answer.out


def test_a_family_that_raises_is_told_on_stderr(installed: Installed) -> None:
    answer = installed.tiercel("plugins")
    assert answer.code == 0, answer.report
    assert "family raises cannot be used: raises_tiercel:FAMILY: the licence has run out" in answer.err
    assert TYPE in answer.out


# one comes before `core` in the alphabet, one after it
@pytest.mark.parametrize("name", ["brash", "greedy"])
def test_a_family_that_claims_a_prefix_of_cores_is_refused_with_a_sentence(
    installed: Installed, name: str
) -> None:
    told = [
        line for line in installed.tiercel("plugins").err.splitlines() if line.startswith(f"family {name} ")
    ]
    assert told == [
        f"family {name} cannot be used: {name}_tiercel: the prefix '{CORE}' belongs to family 'core'; "
        "give it prefixes of its own."
    ]


def test_a_family_with_the_name_of_another_is_refused_with_a_sentence(installed: Installed) -> None:
    told = [line for line in installed.tiercel("plugins").err.splitlines() if "namesake_tiercel" in line]
    assert len(told) == 1
    assert "the name 'core' belongs to tiercel_core" in told[0]


def test_strangers_that_misbehave_take_nothing_from_core(installed: Installed) -> None:
    (installed.directory / "core.yaml").write_text(FLOW_OF_CORE, encoding="utf-8")
    answer = installed.tiercel("run core.yaml")
    assert answer.code == 0, answer.report
    assert "core is still here" in answer.out
