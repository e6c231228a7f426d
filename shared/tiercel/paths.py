"""The one place that joins paths of different origin."""

from pathlib import Path

from tiercel.errors import TaskFailed


def safe_join(root: Path, *parts: str) -> Path:
    """Join `parts` below `root`, refusing what would leave it: `..`, absolute paths, symbolic links, NUL."""
    named = "/".join(parts)
    check_relative(named)
    base = root.resolve()
    target = base.joinpath(named).resolve()
    if not target.is_relative_to(base):
        raise TaskFailed(
            f"The path '{named}' leads outside its directory; use a path below it, without links out."
        )
    return target


def check_relative(path: str) -> None:
    """Refuse a path that is absolute, empty, or holds `..`, a backslash or a NUL.

    A backslash is refused everywhere because it separates directories where some readers run.
    """
    if not path or path.startswith("/") or "\\" in path or "\0" in path:
        raise TaskFailed(
            f"The path '{path}' cannot be used; write a relative path with `/` between its parts."
        )
    if ".." in path.split("/"):
        raise TaskFailed(
            f"Path must not contain '../': '{path}' leads out of its directory; use a path below it."
        )
