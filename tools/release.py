"""Release a family, or the runtime: `make release FAMILY=sql VERSION=0.2.0`; `--check TAG`: the workflow."""

import datetime
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiercel.manifests import runtime_range

UNRELEASED = re.compile(r"^## (?:\[?Unreleased\]?|\S+ - unreleased) *$", re.IGNORECASE | re.MULTILINE)
VERSION = re.compile(r"^\d+\.\d+\.\d+$")
RUNTIME = "runtime"
"""What all families share; it is released like one of them."""
TAG = re.compile(r"^([a-z][a-z0-9-]*)-v(\d+\.\d+\.\d+)$")


class Unreleasable(Exception):
    """The release cannot be made; the text says what to change."""


@dataclass(frozen=True)
class Member:
    """A family of a checkout, or the runtime, as its files have it."""

    root: Path
    name: str

    @property
    def directory(self) -> Path:
        """Give its directory."""
        return self.root / ("shared" if self.name == RUNTIME else f"functions/{self.name}")

    @property
    def project(self) -> dict[str, Any]:
        """Read the family's pyproject.toml."""
        path = self.directory / "pyproject.toml"
        if not path.exists():
            raise Unreleasable(f"There is no family '{self.name}': {path.relative_to(self.root)} is missing.")
        found: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8"))["project"]
        return found

    @property
    def changelog(self) -> Path:
        """Give the family's changelog."""
        return self.directory / "CHANGELOG.md"

    def check_runtime(self) -> None:
        """Refuse a family that does not accept the runtime beside it, which its image would hold."""
        if self.name == RUNTIME:
            return
        runtime = Member(self.root, RUNTIME).project["version"]
        accepted = runtime_range(self.project["dependencies"])
        if not within(runtime, accepted):
            raise Unreleasable(
                f"{self.name} accepts the runtime {accepted}, and here is {runtime}; correct its dependency."
            )


def within(version: str, accepted: str) -> bool:
    """Say whether a version is in a range such as `>=0.1,<0.2`."""
    for part in accepted.split(","):
        found = re.match(r"^(>=|<)([\d.]+)$", part.strip())
        if found is None:
            raise Unreleasable(f"'{part}' bounds no runtime; write a range as `>=0.1,<0.2`.")
        if (numbers(version) >= numbers(found[2])) != (found[1] == ">="):
            return False
    return True


def numbers(version: str) -> tuple[int, ...]:
    """Read a version so that it can be compared: 0.1 is 0.1.0."""
    parts = [int(part) for part in version.split(".")]
    return tuple(parts + [0] * (3 - len(parts)))


def release(root: Path, name: str, version: str, today: str) -> str:
    """Set the version, head the changelog, generate, commit and tag; gives the tag."""
    member, tag = Member(root, name), f"{name}-v{version}"
    current = str(member.project["version"])
    if not VERSION.match(version):
        raise Unreleasable(f"'{version}' is no version; write three numbers, for example 0.2.0.")
    if git(root, "tag", "--list", tag):
        raise Unreleasable(f"The tag {tag} exists already; choose a higher version.")
    if numbers(version) < numbers(current):
        raise Unreleasable(f"{name} is at {current}; choose a version that is not lower than that.")
    if git(root, "status", "--porcelain"):
        raise Unreleasable("The checkout has changes that are not committed; commit them, or put them aside.")
    member.check_runtime()
    text = member.changelog.read_text(encoding="utf-8")
    member.changelog.write_text(headed(text, member, version, today), encoding="utf-8")
    project = member.directory / "pyproject.toml"
    bumped = project.read_text("utf-8").replace(f'\nversion = "{current}"\n', f'\nversion = "{version}"\n', 1)
    project.write_text(bumped, encoding="utf-8")
    subprocess.run([sys.executable, "-m", "tools.generate"], cwd=root, check=True, stdout=subprocess.DEVNULL)
    git(root, "add", "--all")
    git(root, "commit", "--quiet", "--message", f"Release: {name} {version}")
    git(root, "tag", "--annotate", tag, "--message", f"{name} {version}")
    return tag


def headed(text: str, member: Member, version: str, today: str) -> str:
    """Give a changelog whose part that was not released has the version and the day as its heading."""
    found = UNRELEASED.search(text)
    if found is None:
        raise Unreleasable(
            f"The changelog of {member.name} has no part that is unreleased; "
            "write what a user notices under `## Unreleased`."
        )
    body = text[found.end() :].partition("\n## ")[0]
    if not re.search(r"^- \S", body, re.MULTILINE):
        raise Unreleasable(
            f"The changelog of {member.name} says nothing of this release; write what changed."
        )
    return f"{text[: found.start()]}## {version} - {today}{text[found.end() :]}"


def check(root: Path, tag: str) -> None:
    """Refuse a tag that is not what the family's files say: its version and its changelog's first heading."""
    found = TAG.match(tag)
    if found is None:
        raise Unreleasable(f"'{tag}' is no tag of a family; it looks like sql-v0.2.0.")
    member, version = Member(root, found[1]), found[2]
    if member.project["version"] != version:
        raise Unreleasable(f"{tag} is not the version in pyproject.toml, {member.project['version']}.")
    member.check_runtime()
    heading = re.search(r"^## (.+)$", member.changelog.read_text(encoding="utf-8"), re.MULTILINE)
    if heading is None or not re.match(rf"{re.escape(version)} - \d{{4}}-\d\d-\d\d$", heading[1]):
        raise Unreleasable(f"The changelog of {member.name} does not begin with `## {version} - ` and a day.")


def git(root: Path, *arguments: str) -> str:
    """Run git."""
    ran = subprocess.run(["git", *arguments], cwd=root, capture_output=True, text=True, check=False)
    if ran.returncode != 0:
        raise Unreleasable(f"git {arguments[0]} failed: {ran.stderr.strip()}")
    return ran.stdout.strip()


def main(arguments: list[str]) -> int:
    """Release, or check a tag."""
    root = Path.cwd()
    try:
        match arguments:
            case ["--check", tag]:
                check(root, tag)
                sys.stdout.write(f"{tag} is what the files say.\n")
            case [name, version]:
                tag = release(root, name, version, datetime.datetime.now(datetime.UTC).date().isoformat())
                sys.stdout.write(f"{tag} is committed and tagged; push it: git push origin HEAD {tag}\n")
            case _:
                raise Unreleasable("Name a family and a version: make release FAMILY=sql VERSION=0.2.0")
    except Unreleasable as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
