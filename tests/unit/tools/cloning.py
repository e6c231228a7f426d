"""Git, for tests that change a clone."""

import subprocess
from pathlib import Path


def git(directory: Path, *arguments: str) -> str:
    ran = subprocess.run(["git", *arguments], cwd=directory, capture_output=True, text=True, check=True)
    return ran.stdout
