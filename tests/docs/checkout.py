"""The checkout as it stands, and copies of it that a test may change."""

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
CALLERS = ("TIERCEL_", "PYTEST_", "PYTHON", "MAKE", "MFLAGS", "COLUMNS", "VIRTUAL_ENV")
"""Settings of whoever runs the tests, which a reader's shell does not have."""
SHIM = '#!/bin/sh\nexec "{program}" "$@"\n'
NO_SET_UP = "#!/bin/sh\necho 'the set-up is current: nothing may be installed' >&2\nexit 1\n"


def files() -> list[Path]:
    """List the files of the checkout, tracked or new, relative to its root."""
    # any user may run the tests: git must not mind whose the checkout is
    command = [
        "git",
        "-c",
        "safe.directory=*",
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    listed = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    return [Path(name) for name in sorted(set(listed.split("\0"))) if name and (ROOT / name).is_file()]


@dataclass(frozen=True, slots=True)
class Ran:
    """A command, and what it answered."""

    command: str
    code: int
    out: str
    err: str

    @property
    def report(self) -> str:
        """Tell all of it, for the message of a failed assertion."""
        return f"$ {self.command}\n{self.out}{self.err}exit code {self.code}"


class Checkout:
    """A copy of the checkout, set up: its `.venv` leads to this interpreter, which imports the copy."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        for name in files():
            (directory / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, directory / name)
        programs = directory / ".venv/bin"
        programs.mkdir(parents=True)
        for program in ("python", "tiercel", "pytest"):
            text = SHIM.format(program=Path(sys.executable).with_name(program))
            write_program(programs / program, text)
        write_program(programs / "uv", NO_SET_UP)
        for stamp in (".demo", ".dev"):
            (directory / ".venv" / stamp).touch()

    @property
    def sources(self) -> list[Path]:
        """List the directories that packages are imported from."""
        projects = sorted(self.directory.glob("functions/*/pyproject.toml"))
        return [self.directory / "shared", *(project.parent for project in projects)]

    def run(self, command: str) -> Ran:
        """Run a line of shell as a reader of the documents would, in the root of the copy."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(CALLERS)}
        environment["PYTHONPATH"] = os.pathsep.join(map(str, self.sources))
        environment["PYTEST_ADDOPTS"] = "--verbose"
        done = subprocess.run(
            ["sh", "-ec", command],
            cwd=self.directory,
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return Ran(command, done.returncode, done.stdout, done.stderr)


def write_program(path: Path, text: str) -> None:
    """Write a file that can be executed."""
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)
