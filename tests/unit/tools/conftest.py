"""A clone of the checkout that a test may change."""

from pathlib import Path

import pytest

from tests.docs.checkout import ROOT, files
from tests.unit.tools.cloning import git


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Give a checkout of its own, with the files as they are now, all committed."""
    for name in files():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes((ROOT / name).read_bytes())
    git(tmp_path, "init", "--quiet", "--initial-branch", "main")
    git(tmp_path, "config", "user.name", "Nobody")
    git(tmp_path, "config", "user.email", "nobody@example.com")
    git(tmp_path, "add", "--all", "--force")
    git(tmp_path, "commit", "--quiet", "--message", "Begin")
    return tmp_path
