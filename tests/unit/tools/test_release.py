"""A family is released by itself, in a clone that a test may change."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.unit.tools.cloning import git
from tools.release import Unreleasable, numbers, within


def released(clone: Path, *arguments: str) -> tuple[int, str]:
    """Run the tool in the clone; gives its code and what it said."""
    command = [sys.executable, "-m", "tools.release", *arguments]
    # the clone's own packages, and not those of this checkout, which are installed here
    packages = [clone, clone / "shared", *(clone / "functions").iterdir()]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, packages))}
    ran = subprocess.run(command, cwd=clone, env=environment, capture_output=True, text=True, check=False)
    return ran.returncode, ran.stdout + ran.stderr


def unreleased(clone: Path, text: str) -> None:
    """Write what is new into the changelog, and commit it."""
    changelog = clone / "functions/sql/CHANGELOG.md"
    head, _, rest = changelog.read_text(encoding="utf-8").partition("\n## ")
    changelog.write_text(f"{head}\n## Unreleased\n\n{text}\n\n## {rest}", encoding="utf-8")
    git(clone, "commit", "--quiet", "--all", "--message", "Sql: something new")


def test_a_release_bumps_heads_the_changelog_generates_commits_and_tags(clone: Path) -> None:
    unreleased(clone, "- Something new.")
    code, said = released(clone, "sql", "0.2.0")
    assert code == 0, said
    assert git(clone, "tag", "--points-at", "HEAD").split() == ["sql-v0.2.0"]
    assert git(clone, "status", "--porcelain") == ""
    assert git(clone, "log", "-1", "--format=%s").strip() == "Release: sql 0.2.0"
    changed = set(git(clone, "diff", "--name-only", "HEAD~1").split())
    assert {"functions/sql/pyproject.toml", "functions/sql/CHANGELOG.md", "template.yaml"} <= changed
    assert not [name for name in changed if name.startswith(("functions/core", "shared/"))]
    changelog = (clone / "functions/sql/CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## 0\.2\.0 - \d{4}-\d\d-\d\d\n\n- Something new\.", changelog, re.MULTILINE)
    assert '"version": "0.2.0"' in (clone / "functions/sql/tiercel_sql/manifest.json").read_text("utf-8")
    assert released(clone, "--check", "sql-v0.2.0")[0] == 0
    assert released(clone, "--check", "sql-v0.2.1") == (
        2,
        "sql-v0.2.1 is not the version in pyproject.toml, 0.2.0.\n",
    )
    assert "exists already" in released(clone, "sql", "0.2.0")[1]


def test_what_cannot_be_released_is_said_and_nothing_is_changed(clone: Path) -> None:
    unreleased(clone, "")
    before = git(clone, "rev-parse", "HEAD")
    for arguments, said in (
        (("sql", "0.2.0"), "says nothing of this release"),
        (("sql", "0.0.9"), "is at 0.1.0"),
        (("sql", "2"), "three numbers"),
        (("nothing", "0.2.0"), "no family 'nothing'"),
        (("--check", "v1"), "looks like sql-v0.2.0"),
        ((), "make release FAMILY=sql VERSION=0.2.0"),
    ):
        code, answer = released(clone, *arguments)
        assert (code, said in answer) == (2, True), answer
    (clone / "README.md").write_text("changed", encoding="utf-8")
    assert "not committed" in released(clone, "sql", "0.2.0")[1]
    git(clone, "checkout", "README.md")
    assert (git(clone, "rev-parse", "HEAD"), git(clone, "status", "--porcelain")) == (before, "")


def test_a_family_that_does_not_accept_the_runtime_here_is_not_released(clone: Path) -> None:
    unreleased(clone, "- Something new.")
    project = clone / "functions/sql/pyproject.toml"
    project.write_text(project.read_text("utf-8").replace(">=0.1,<0.2", ">=0.1.1,<0.2"), encoding="utf-8")
    git(clone, "commit", "--quiet", "--all", "--message", "Sql: needs a newer runtime")
    code, said = released(clone, "sql", "0.2.0")
    assert (code, "accepts the runtime >=0.1.1,<0.2, and here is 0.1.0" in said) == (2, True), said
    assert git(clone, "tag") == git(clone, "status", "--porcelain") == ""
    git(clone, "tag", "sql-v0.1.0")
    assert "accepts the runtime" in released(clone, "--check", "sql-v0.1.0")[1]


def test_the_runtime_is_released_like_a_family(clone: Path) -> None:
    code, said = released(clone, "runtime", "0.1.1")
    assert code == 0, said
    assert git(clone, "tag", "--points-at", "HEAD").split() == ["runtime-v0.1.1"]
    assert 'version = "0.1.1"' in (clone / "shared/pyproject.toml").read_text(encoding="utf-8")
    assert released(clone, "--check", "runtime-v0.1.1")[0] == 0


@pytest.mark.parametrize(
    ("version", "accepted", "expected"),
    [("0.1.0", ">=0.1,<0.2", True), ("0.2.0", ">=0.1,<0.2", False), ("0.1.0", ">=0.1.1,<0.2", False)],
)
def test_the_runtime_is_held_to_the_range(version: str, accepted: str, expected: bool) -> None:
    assert within(version, accepted) is expected


def test_versions_are_compared_as_numbers_and_an_odd_range_is_refused() -> None:
    assert numbers("0.10.0") > numbers("0.9.1") and numbers("0.1") == numbers("0.1.0")
    with pytest.raises(Unreleasable, match="bounds no runtime"):
        within("0.1.0", "~=0.1")
