"""The one Dockerfile: what it takes from this checkout is there, and hadolint has nothing to say."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.families import DIRECTORIES
from tests.infra.tools import tool
from tools.image_needs import needs

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "Dockerfile").read_text(encoding="utf-8")

IMAGES = [*DIRECTORIES, ROOT / "functions/orchestrator"]


def test_hadolint_finds_nothing() -> None:
    ran = subprocess.run([tool("hadolint"), str(ROOT / "Dockerfile")], capture_output=True, text=True)
    assert (ran.returncode, ran.stdout) == (0, "")


@pytest.mark.parametrize("directory", IMAGES, ids=lambda one: one.name)
def test_everything_that_is_copied_is_in_the_checkout(directory: Path) -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", TEXT, re.MULTILINE)
    assert copied
    for name in " ".join(copied).replace("${FAMILY}", directory.name).split():
        assert (ROOT / name).exists(), name


@pytest.mark.parametrize("directory", IMAGES, ids=lambda one: one.name)
def test_a_family_asks_for_its_own_needs_and_the_lock_has_them(directory: Path) -> None:
    found = needs((directory / "pyproject.toml").read_text(encoding="utf-8"))
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    for need in found:
        assert not need.startswith("tiercel")
        assert re.search(rf"^{re.split('[^A-Za-z0-9-]', need)[0]}==", lock, re.MULTILINE), need


def test_the_needs_are_printed_a_line_each() -> None:
    command = [sys.executable, "tools/image_needs.py", "functions/cloud/pyproject.toml"]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert ran.stdout.splitlines() == needs((ROOT / "functions/cloud/pyproject.toml").read_text("utf-8"))


def test_the_server_runs_as_nobody_and_the_template_builds_the_lambda_target() -> None:
    server = TEXT[TEXT.index("AS server") :]
    user = re.search(r"^USER (\d+):", server, re.MULTILINE)
    assert user and int(user[1]) > 0
    assert "DockerBuildTarget: lambda" in (ROOT / "template.yaml").read_text(encoding="utf-8")
