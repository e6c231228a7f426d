"""Which runtimes a family is tried on, and what is laid out for it."""

import os
import sys
from pathlib import Path

import pytest

from tests.unit.tools.cloning import git
from tools.compatibility import HERE, Row, contract_of, floor, lay_out, rows
from tools.release import Unreleasable

CODE = Path("functions/sql/tiercel_sql/queries.py")


def changed(clone: Path, place: Path | str, old: str, new: str) -> None:
    """Change a file and commit it."""
    path = clone / place
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    git(clone, "add", "--all", "--force")
    git(clone, "commit", "--quiet", "--message", "Change")


def version(clone: Path, place: str, old: str, new: str) -> None:
    """Give a member another version."""
    changed(clone, f"{place}/pyproject.toml", f'version = "{old}"', f'version = "{new}"')


def packages(directory: Path) -> str:
    """Say where a laid-out checkout has its packages."""
    return os.pathsep.join(map(str, [directory, directory / "shared", *(directory / "functions").iterdir()]))


def test_a_family_is_tried_on_the_runtime_here_and_on_the_oldest_it_accepts_and_as_it_was_released(
    clone: Path,
) -> None:
    assert list(rows(clone, ["sql"])) == [Row("sql", "0.1.0", HERE, "0.1.0", HERE)]
    git(clone, "tag", "runtime-v0.1.0")
    git(clone, "tag", "sql-v0.1.0")
    version(clone, "shared", "0.1.0", "0.1.10")
    version(clone, "functions/sql", "0.1.0", "0.2.0")
    assert list(rows(clone, ["sql"])) == [
        Row("sql", "0.2.0", HERE, "0.1.10", HERE),
        Row("sql", "0.2.0", HERE, "0.1.0", "runtime-v0.1.0"),
        Row("sql", "0.1.0", "sql-v0.1.0", "0.1.10", HERE),
    ]
    # raised, what is accepted begins with a release that there is none of
    changed(clone, "functions/sql/pyproject.toml", ">=0.1,<0.2", ">=0.1.5,<0.2")
    with pytest.raises(Unreleasable, match=r"no tag runtime-v0\.1\.5 has it"):
        list(rows(clone, ["sql"]))
    version(clone, "shared", "0.1.10", "0.2.0")
    with pytest.raises(Unreleasable, match=r"accepts the runtime >=0\.1\.5,<0\.2, and here is 0\.2\.0"):
        list(rows(clone, ["sql"]))


def test_a_range_without_an_end_below_is_refused() -> None:
    assert floor(">=0.1,<0.2") == "0.1.0"
    with pytest.raises(Unreleasable, match="no lower bound"):
        floor("<0.2")


def test_what_a_family_needs_of_a_newer_runtime_is_missed_on_the_oldest(clone: Path, tmp_path: Path) -> None:
    git(clone, "tag", "runtime-v0.1.0")
    changed(clone, "shared/tiercel/novelty.py", "", "NEW = True\n")
    version(clone, "shared", "0.1.0", "0.1.1")
    needs = "from tiercel.novelty import NEW as NEW\n"
    changed(clone, CODE, "from typing", f"{needs}from typing")
    here, oldest = rows(clone, ["sql"])
    outcomes = []
    for row in (here, oldest):
        directory = tmp_path / f"laid-out-{row.runtime}"
        directory.mkdir()
        lay_out(clone, row, directory)
        assert needs in (directory / CODE).read_text(encoding="utf-8")
        assert (directory / "functions/core/tiercel_core/app.py").exists()
        outcomes.append(contract_of(Path(sys.executable), directory, "sql", PYTHONPATH=packages(directory)))
    assert outcomes[0][0], outcomes[0][1]
    assert not outcomes[1][0] and "tiercel.novelty" in outcomes[1][1]
