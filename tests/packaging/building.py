"""Build distributions and install them into environments of their own, without a network."""

import importlib.metadata
import os
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
MEMBERS = {path.parent.name: path.parent for path in sorted(ROOT.glob("functions/*/pyproject.toml"))}
MEMBERS["runtime"] = ROOT / "shared"
FAMILIES = sorted(set(MEMBERS) - {"runtime", "orchestrator"})
CALLERS = ("TIERCEL_", "PYTEST_", "PYTHON", "PIP_", "COLUMNS", "VIRTUAL_ENV")
OFFLINE = {"PIP_NO_INDEX": "1", "PIP_NO_CACHE_DIR": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
# pip reads "no" of an option that begins with "no": this switches the isolation of builds off
OFFLINE["PIP_NO_BUILD_ISOLATION"] = "0"


def project(name: str) -> Mapping[str, Any]:
    """Read the pyproject.toml of a member."""
    return tomllib.loads((MEMBERS[name] / "pyproject.toml").read_text(encoding="utf-8"))


def build(directory: Path, destination: Path) -> Path:
    """Build the wheel of a project with the backend that all projects here name, and give its path."""
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    command += ["--directory", str(destination)]
    done = subprocess.run(command, cwd=directory, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    (wheel,) = destination.glob("*.whl")
    return wheel


def distribution(wheel: Path) -> importlib.metadata.Distribution:
    """Read the metadata of a wheel."""
    name = "-".join(wheel.name.split("-")[:2])
    return importlib.metadata.PathDistribution(zipfile.Path(wheel, f"{name}.dist-info/"))


def contents(wheel: Path) -> set[str]:
    """List the files of a wheel's package."""
    with zipfile.ZipFile(wheel) as opened:
        return {name for name in opened.namelist() if ".dist-info/" not in name}


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def report(self) -> str:
        """Tell all of it, for the message of a failed assertion."""
        return f"{self.out}{self.err}exit code {self.code}"


@dataclass(frozen=True, slots=True)
class Environment:
    """A virtual environment which borrows third parties' packages from the one that runs the tests."""

    directory: Path

    @classmethod
    def create(cls, directory: Path) -> "Environment":
        """Make one."""
        command = [sys.executable, "-m", "venv", "--without-pip", str(directory)]
        subprocess.run(command, check=True, timeout=60)
        (site,) = directory.glob("lib/python*/site-packages")
        borrowed = next(path for path in sys.path if path.endswith("site-packages"))
        # addsitedir, unlike a plain line, reads the .pth files there too; what is installed here comes first
        (site / "borrowed.pth").write_text(f"import site; site.addsitedir({borrowed!r})\n", encoding="utf-8")
        return cls(directory)

    def run(self, command: str, cwd: Path) -> Ran:
        """Run a line of shell in which this environment is active."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(CALLERS)}
        environment |= OFFLINE | {"PATH": f"{self.directory / 'bin'}{os.pathsep}{os.environ['PATH']}"}
        done = subprocess.run(
            ["sh", "-ec", command],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def install(self, *what: Path) -> None:
        """Install wheels; what they need is among them or there already."""
        done = self.run(f"python -m pip install --quiet {' '.join(map(str, what))}", self.directory)
        assert done.code == 0, done.report
