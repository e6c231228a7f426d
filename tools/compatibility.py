"""Does each family run on every runtime that it says it does? `make compatibility` asks, each night.

A row is a family and a runtime: this checkout's family on this checkout's runtime, and on the oldest that it
accepts; and the family as it was released last on this checkout's runtime. Runtimes and releases are found by
their tags. Each row is laid out from what is committed, installed into an environment of its own, and held to
the family's contract tests.
"""

import os
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiercel.manifests import runtime_range
from tools.release import RUNTIME, Member, Unreleasable, git, numbers, within

HERE = "HEAD"
TESTS = ("test_plugins.py", "test_schemas.py", "test_examples.py")
ELSEWHERE = "not generated_is_current"
"""What asks about the checkout, and not about a family."""
UNDER_TEST = "TIERCEL_FAMILY_UNDER_TEST"


@dataclass(frozen=True)
class Row:
    """One pair: the family as of one commit, everything else that it runs with as of another."""

    family: str
    version: str
    commit: str
    runtime: str
    runtime_commit: str

    @property
    def title(self) -> str:
        """Name the row."""
        return f"{self.family} {self.version} on runtime {self.runtime}"


def rows(root: Path, families: list[str]) -> Iterator[Row]:
    """List the rows; `Unreleasable` says which release is missing."""
    current = version_of(root, RUNTIME, HERE)
    for family in families:
        version, accepted = version_of(root, family, HERE), range_of(root, family, HERE)
        if not within(current, accepted):
            raise Unreleasable(f"{family} accepts the runtime {accepted}, and here is {current}.")
        yield Row(family, version, HERE, current, HERE)
        oldest = floor(accepted)
        if numbers(oldest) != numbers(current):
            tag = next((one for one in tags(root, RUNTIME) if within(one[1], accepted)), None)
            if tag is None or numbers(tag[1]) != numbers(oldest):
                raise Unreleasable(
                    f"{family} accepts runtimes from {oldest}, and no tag runtime-v{oldest} has it; "
                    "raise what it accepts, or fetch the tags."
                )
            yield Row(family, version, HERE, tag[1], tag[0])
        released = tags(root, family)
        if released and within(current, range_of(root, family, released[-1][0])):
            yield Row(family, released[-1][1], released[-1][0], current, HERE)


def tags(root: Path, name: str) -> list[tuple[str, str]]:
    """List the tags of a member with their versions, the oldest first."""
    found = [(tag, tag.rpartition("-v")[2]) for tag in git(root, "tag", "--list", f"{name}-v*").split()]
    return sorted(found, key=lambda one: numbers(one[1]))


def floor(accepted: str) -> str:
    """Give the oldest version of a range such as `>=0.1,<0.2`."""
    bound = next((part.strip()[2:] for part in accepted.split(",") if part.strip().startswith(">=")), None)
    if bound is None:
        raise Unreleasable(f"'{accepted}' has no lower bound; write a range as `>=0.1,<0.2`.")
    return ".".join(map(str, numbers(bound)))


def version_of(root: Path, name: str, commit: str) -> str:
    """Read the version that a member has in a commit."""
    found: str = project(root, name, commit)["version"]
    return found


def range_of(root: Path, name: str, commit: str) -> str:
    """Read which runtimes a family accepts in a commit."""
    return runtime_range(project(root, name, commit)["dependencies"])


def project(root: Path, name: str, commit: str) -> dict[str, Any]:
    """Read what a member says of itself in a commit."""
    path = Member(root, name).directory.relative_to(root) / "pyproject.toml"
    found: dict[str, Any] = tomllib.loads(git(root, "show", f"{commit}:{path}"))["project"]
    return found


def lay_out(root: Path, row: Row, directory: Path) -> None:
    """Lay out the family, its tests and their tools as of one commit, and what it runs with of another."""
    unpack(root, row.commit, directory)
    others = [one for one in git(root, "ls-tree", "--name-only", row.runtime_commit, "functions/").split()]
    kept = f"functions/{row.family}"
    for place in [
        "shared",
        *sorted({*others, *(f"functions/{one.name}" for one in members(directory))} - {kept}),
    ]:
        subprocess.run(["rm", "-rf", str(directory / place)], check=True)
    unpack(root, row.runtime_commit, directory, "shared", *(one for one in others if one != kept))


def members(directory: Path) -> list[Path]:
    """List the projects below functions."""
    return [one.parent for one in sorted(directory.glob("functions/*/pyproject.toml"))]


def unpack(root: Path, commit: str, directory: Path, *places: str) -> None:
    """Write files of a commit into a directory."""
    archive = subprocess.run(["git", "archive", commit, *places], cwd=root, capture_output=True, check=True)
    subprocess.run(["tar", "-x", "-C", str(directory)], input=archive.stdout, check=True)


def installed(directory: Path) -> Path:
    """Install all that was laid out into an environment of its own; gives its Python."""
    uv, environment = str(Path(sys.executable).with_name("uv")), directory / ".venv"
    subprocess.run([uv, "venv", "--quiet", "--python", sys.executable, str(environment)], check=True)
    python = environment / "bin/python"
    command = [uv, "pip", "install", "--quiet", "--python", str(python), "--constraint", "requirements.lock"]
    command += [f"--editable={one}" for one in (directory / "shared", *members(directory))]
    command += ["--group", "dev"]
    ran = subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise Unreleasable(f"what it needs does not go together: {ran.stderr.strip()}")
    return python


def contract_of(python: Path, directory: Path, family: str, **environment: str) -> tuple[bool, str]:
    """Run the family's contract tests; gives whether they passed, and what they said."""
    names = [f"tests/contract/{name}" for name in TESTS]
    ran = subprocess.run(
        [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", *names, "-k", ELSEWHERE],
        cwd=directory,
        env={**os.environ, UNDER_TEST: family, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.returncode == 0, ran.stdout + ran.stderr


def main(names: list[str]) -> int:
    """Try all rows, or those of some families, and print what came of each."""
    root, failed = Path.cwd(), False
    try:
        for row in rows(root, names or [one.name for one in families(root)]):
            with tempfile.TemporaryDirectory() as name:
                lay_out(root, row, Path(name))
                passed, said = contract_of(installed(Path(name)), Path(name), row.family)
            failed |= not passed
            last = said.strip().rpartition("\n")[2]
            sys.stdout.write(f"{'ok  ' if passed else 'FAIL'} {row.title}: {last}\n{'' if passed else said}")
            sys.stdout.flush()
    except Unreleasable as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return int(failed)


def families(root: Path) -> list[Path]:
    """List the directories of the families."""
    return [one for one in members(root) if "tiercel.families" in (one / "pyproject.toml").read_text("utf-8")]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
