"""The documents agree with the product, and the files with the rules of the house."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
import typer.main

from tests.docs.checkout import ROOT, files
from tests.docs.markdown import Block, anchors, blocks, code, links
from tiercel.flows.reading import problems_of
from tiercel.registry import Registry
from tiercel_orchestrator.cli.app import app

LINES_AT_MOST = 500
GENERATED = re.compile(r"^# generated\b", re.IGNORECASE)
REGISTRIES = (
    "pypi" + ".org",
    "files.pythonhosted" + ".org",
    "registry.npmjs" + ".org",
    "registry.yarnpkg" + ".com",
    "deb.debian" + ".org",
    "repo.maven.apache" + ".org",
    "repo1.maven" + ".org",
)
MAKE_VERB = re.compile(r"\bmake ([a-z][a-z-]*)")
DOCUMENTS = [name for name in files() if name.suffix == ".md"]
GUIDES = [
    name for name in DOCUMENTS if name.name in ("README.md", "CONTRIBUTING.md") or name.parts[0] == "docs"
]


def read(name: Path) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def flows_of(name: Path) -> list[Block]:
    """Give the flows that a document shows; those with a path are files, and test_contributing runs them."""
    return [block for block in blocks(read(name)) if block.is_flow and block.title is None]


FLOWS = [pytest.param(block.text, id=f"{name}:{block.line}") for name in GUIDES for block in flows_of(name)]


@pytest.mark.parametrize("flow", FLOWS)
def test_every_flow_in_the_documents_validates(flow: str) -> None:
    assert problems_of(flow, Registry.installed()) == []


def test_the_flow_of_the_readme_runs(tmp_path: Path) -> None:
    shown = flows_of(Path("README.md"))
    assert shown, "README.md shows no flow"
    for number, block in enumerate(shown):
        file = tmp_path / f"flow{number}.yaml"
        file.write_text(block.text, encoding="utf-8")
        tiercel = Path(sys.executable).with_name("tiercel")
        command = [str(tiercel), "run", str(file), "--json", "--home", str(tmp_path / "home")]
        ran = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False)
        assert ran.returncode == 0, ran.stdout + ran.stderr
        assert json.loads(ran.stdout)["state"]["current"] == "SUCCESS"


def test_make_help_lists_every_verb_that_the_documents_name() -> None:
    named = {
        verb
        for name in ("README.md", "CONTRIBUTING.md", "docs/deploy.md")
        for verb in MAKE_VERB.findall(code(read(Path(name))))
    }
    helped = subprocess.run(
        ["make", "help"], cwd=ROOT, capture_output=True, text=True, timeout=60, check=True
    )
    assert "help" in named
    assert named - set(MAKE_VERB.findall(helped.stdout)) == set()


def test_the_readme_or_the_docs_name_every_verb_of_the_command_line() -> None:
    told = "\n".join(code(read(name)) for name in GUIDES if name.name != "CONTRIBUTING.md")
    command = typer.main.get_command(app)
    verbs = [name for name, verb in getattr(command, "commands", {}).items() if not verb.hidden]
    assert "run" in verbs
    assert [verb for verb in verbs if not re.search(rf"(?:\btiercel |^){verb}\b", told, re.MULTILINE)] == []


@pytest.mark.parametrize("name", DOCUMENTS, ids=str)
def test_links_lead_somewhere(name: Path) -> None:
    broken = []
    for link in links(read(name)):
        if re.match(r"[a-z]+:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (ROOT / name).parent / path if path else ROOT / name
        if not target.exists() or (anchor and anchor not in anchors(target.read_text(encoding="utf-8"))):
            broken.append(link)
    assert broken == []


def test_no_python_file_is_too_long_to_read() -> None:
    long = {}
    for name in files():
        lines = read(name).splitlines() if name.suffix == ".py" else []
        if len(lines) > LINES_AT_MOST and not GENERATED.match(lines[0]):
            long[str(name)] = len(lines)
    assert long == {}


def test_no_file_names_a_package_registry() -> None:
    named = re.compile("|".join(map(re.escape, REGISTRIES)).encode())
    assert [str(name) for name in files() if named.search((ROOT / name).read_bytes())] == []
