"""Programs that check what the clouds are told: those of the environment, or the system's."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import servers


def tool(name: str) -> str:
    """Find a program, or skip the test with its name."""
    own = Path(sys.executable).parent / name
    found = str(own) if own.exists() else shutil.which(name)
    if found is None:
        servers.note(name, "missing", "run `make setup`")
        pytest.skip(f"{name} is missing; `make setup` installs it")
    said = subprocess.run([found, "--version"], capture_output=True, text=True, check=False)
    servers.note(name, "real", said.stdout.strip())
    return found
