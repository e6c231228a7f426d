"""The command line as a user types it: a process of its own, in a directory of its own."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

COMMAND = Path(sys.executable).parent / "tiercel"
TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Ran:
    """What a command answered."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Read stdout as one JSON document."""
        return json.loads(self.out)


@dataclass(frozen=True, slots=True)
class Cli:
    """A directory to run commands in."""

    directory: Path
    settings: Mapping[str, str] = field(default_factory=dict)

    def with_settings(self, **settings: str) -> "Cli":
        """Give the same directory with settings in the environment of its commands."""
        return Cli(self.directory, settings)

    @property
    def command(self) -> list[str]:
        """Give the command without its arguments."""
        return [str(COMMAND)]

    def write(self, name: str, text: str) -> Path:
        """Write a file there."""
        path = self.directory / name
        path.write_text(text, encoding="utf-8")
        return path

    def run(self, *arguments: str) -> Ran:
        """Run a command to its end."""
        done = subprocess.run(
            [COMMAND, *arguments],
            cwd=self.directory,
            capture_output=True,
            text=True,
            timeout=TIMEOUT_SECONDS,
            env=self.environment,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def start(self, *arguments: str) -> "subprocess.Popen[str]":
        """Start a command and let it run."""
        return subprocess.Popen(
            [COMMAND, *arguments],
            cwd=self.directory,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.environment,
        )

    @property
    def environment(self) -> dict[str, str]:
        """Give the environment of the commands: no terminal, no settings of the caller's, but ours."""
        others = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TIERCEL_", "SUPABASE_"))
        }
        return {**others, **self.settings}
