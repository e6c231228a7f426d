"""The corpus, if it is at hand: no count may fall below the committed one."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
FLOOR: dict[str, int] = json.loads((Path(__file__).parent / "conformance" / "floor.json").read_text())


@pytest.fixture(scope="session")
def corpora() -> dict[str, Any]:
    """Run the corpus once, in a process of its own: what a bad entry leaves behind ends with it."""
    directory = os.environ.get("CONFORMANCE_DIR")
    if not directory:
        pytest.skip("the corpus is not at hand: set CONFORMANCE_DIR to its folder")
    command = [sys.executable, "-m", "tests.conformance", directory, "--json"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=900, check=False)
    assert ended.returncode in (0, 1), ended.stderr
    counts: dict[str, Any] = json.loads(ended.stdout)["corpora"]
    return counts


@pytest.mark.xdist_group("conformance")
@pytest.mark.parametrize("corpus", sorted(FLOOR))
def test_no_fewer_entries_pass_than_before(corpus: str, corpora: dict[str, Any]) -> None:
    assert corpora[corpus]["passed"] >= FLOOR[corpus]
