"""CONTRIBUTING.md, followed to the letter in a copy of the checkout."""

import json
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.docs.checkout import ROOT, Checkout, Ran
from tests.docs.markdown import blocks, section

TYPE = "io.kestra.plugin.core.words.Count"
MANIFEST = "functions/core/tiercel_core/manifest.json"
PACKAGES = (
    "tiercel",
    "tiercel_core",
    "tiercel_sql",
    "tiercel_scripts",
    "tiercel_cloud",
    "tiercel_orchestrator",
)


@dataclass(frozen=True, slots=True)
class Followed:
    """What came of following the text: the copy, and what each command answered."""

    checkout: Checkout
    commands: list[Ran]

    def ran(self, beginning: str) -> Ran:
        """Give the one command that begins like this."""
        (found,) = [ran for ran in self.commands if ran.command.startswith(beginning)]
        return found


@pytest.fixture(scope="module")
def followed(tmp_path_factory: pytest.TempPathFactory) -> Followed:
    """Write each file and run each command in the order in which they stand."""
    checkout = Checkout(tmp_path_factory.mktemp("checkout"))
    text = section((ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8"), "Your first plugin in ten minutes")
    commands: list[Ran] = []
    for block in blocks(text):
        if block.title:
            path = checkout.directory / block.title
            assert not path.exists(), f"{block.title} is there already; show a plugin that is new"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.language == "sh":
            commands += map(checkout.run, block.text.splitlines())
    return Followed(checkout, commands)


def test_the_copy_is_what_is_imported(followed: Followed) -> None:
    files = "; ".join(f"print({package}.__file__)" for package in PACKAGES)
    answer = followed.checkout.run(f".venv/bin/python -c 'import {', '.join(PACKAGES)}; {files}'")
    imported = [Path(line) for line in answer.out.splitlines()]
    assert len(imported) == len(PACKAGES), answer.report
    assert all(path.is_relative_to(followed.checkout.directory) for path in imported), answer.report


def test_every_command_succeeds(followed: Followed) -> None:
    assert followed.commands
    assert [ran.report for ran in followed.commands if ran.code] == []


def test_the_manifest_names_the_new_plugin(followed: Followed) -> None:
    assert f"wrote: {MANIFEST}" in followed.ran("make generate").out
    manifest = json.loads((followed.checkout.directory / MANIFEST).read_text(encoding="utf-8"))
    (entry,) = [entry for entry in manifest["plugins"] if entry["type"] == TYPE]
    assert set(entry["parameters"]["properties"]) == {"text", "atLeast"}
    assert TYPE not in (ROOT / MANIFEST).read_text(encoding="utf-8")


def test_the_flow_succeeds(followed: Followed) -> None:
    ran = followed.ran(".venv/bin/tiercel run")
    assert "SUCCESS in" in ran.out, ran.report
    assert "count: 4 words" in ran.out, ran.report


def test_the_command_line_describes_the_plugin(followed: Followed) -> None:
    ran = followed.ran(".venv/bin/tiercel plugins")
    assert all(said in ran.out for said in (TYPE, "Count the words of a text.", "atLeast")), ran.report


def test_its_own_tests_and_the_contract_pass(followed: Followed) -> None:
    ran = followed.ran(".venv/bin/pytest")
    assert ran.code == 0, ran.report
    passed = [line for line in ran.out.splitlines() if " PASSED" in line]
    for contract in (
        "too_few_words_fail",
        "conforms",
        "has_an_example",
        "example_validates",
        "example_runs",
        "predicts_the_file",
    ):
        assert any(contract in line for line in passed), ran.report


def test_what_was_generated_is_current(followed: Followed) -> None:
    ran = followed.checkout.run(".venv/bin/python -m tools.generate --check")
    assert ran.code == 0, ran.report
