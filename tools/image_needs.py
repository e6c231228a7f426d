"""Print what a family needs beyond the runtime, a line each: `python image_needs.py pyproject.toml`."""

import sys
import tomllib
from pathlib import Path

OWN = "tiercel-"


def needs(project: str) -> list[str]:
    """Read the dependencies that are not ours."""
    found: list[str] = tomllib.loads(project)["project"].get("dependencies", [])
    return [one for one in found if not one.startswith(OWN)]


if __name__ == "__main__":
    sys.stdout.write("".join(f"{one}\n" for one in needs(Path(sys.argv[1]).read_text(encoding="utf-8"))))
