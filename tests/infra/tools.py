"""Programs that check what the clouds are told: this project's own, or the system's."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import servers


def tool(name: str) -> str:
    """Find a program, or skip the test with its name."""
    own = Path(sys.executable).parents[1] / "infra/bin" / name
    found = str(own) if own.exists() else shutil.which(name)
    if found is None:
        servers.note(name, "missing", "run `make lint-infra`")
        pytest.skip(f"{name} is missing; `make lint-infra` sets it up")
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    servers.note(name, "real", said.stdout.strip())
    return found
