"""safe_join: nothing gets out."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiercel.errors import TaskFailed
from tiercel.paths import safe_join

ROOT = Path("/srv/work")
PARTS = st.lists(
    st.sampled_from(["a", "..", ".", "", "/", "\\", "\0", "b.txt", "~", "%2e%2e", "..."]), max_size=6
)


@given(PARTS)
def test_whatever_is_joined_stays_below_its_root(parts: list[str]) -> None:
    try:
        joined = safe_join(ROOT, "/".join(parts))
    except TaskFailed:
        return
    assert joined.is_relative_to(ROOT)


@pytest.mark.parametrize("path", ["../x", "a/../../x", "/etc/passwd", "a\\..\\x", "a\0b", "", ".."])
def test_what_climbs_is_refused_with_a_remedy(path: str) -> None:
    with pytest.raises(TaskFailed, match=r"use a path below it|write a relative path"):
        safe_join(ROOT, path)


def test_a_link_out_is_refused_and_a_link_within_is_not(tmp_path: Path) -> None:
    root = tmp_path / "root"
    (root / "inner").mkdir(parents=True)
    (root / "out").symlink_to(tmp_path)
    (root / "in").symlink_to(root / "inner")
    with pytest.raises(TaskFailed, match="leads outside"):
        safe_join(root, "out", "file")
    assert safe_join(root, "in", "file") == root / "inner" / "file"
