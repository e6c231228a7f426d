"""The committed catalog is what its source gives, where the source is at hand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.contract.catalog import CATALOG, types
from tests.contract.families import ROOT

SOURCE = Path(os.environ.get("KESTRA_FACTS") or ROOT.parent / "shared/kestra")
BYTES_AT_MOST = 1_500_000


def test_the_catalog_is_complete_and_small_enough_to_review() -> None:
    assert len(types()) > 1_400
    assert sum(path.stat().st_size for path in CATALOG.rglob("*.jsonl")) <= BYTES_AT_MOST


@pytest.mark.skipif(not SOURCE.is_dir(), reason=f"the catalog's source is not at {SOURCE}; set KESTRA_FACTS")
def test_the_catalog_is_current() -> None:
    answer = subprocess.run(
        [sys.executable, "tools/catalog.py", str(SOURCE), "--check"],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
