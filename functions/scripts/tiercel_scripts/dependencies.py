"""Packages for a Python script: installed for one task by uv or pip, out of their caches if possible."""

import os
import platform
import shutil
import sys
from pathlib import Path

from tiercel import processes
from tiercel.context import ExecutionContext
from tiercel.errors import InvalidParameters, TaskFailed

INDEX_VARIABLES = (
    "UV_INDEX_URL",
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "PIP_INDEX_URL",
    "PIP_EXTRA_INDEX_URL",
    "PIP_CERT",
)
DIRECTORY = ".python-packages"


def check_version(wanted: str | None) -> None:
    """Refuse another version of Python than the one that runs us."""
    if wanted and not f"{platform.python_version()}.".startswith(f"{wanted.removeprefix('python')}."):
        raise InvalidParameters(
            f"`pythonVersion` {wanted} is not at hand: here runs Python {platform.python_version()}."
        )


async def install(packages: list[str], manager: str, context: ExecutionContext) -> dict[str, str]:
    """Install packages for this task and give the variables that make Python find them."""
    target = context.directory / DIRECTORY
    lines: list[str] = []
    ended = await processes.run(
        [*installer(manager), "--quiet", "--target", str(target), "--", *packages],
        cwd=context.directory,
        env={
            "UV_SYSTEM_CERTS": "1",  # a company's own certificates are those of the system
            **{name: os.environ[name] for name in INDEX_VARIABLES if name in os.environ},
        },
        on_stdout=lines.append,
        on_stderr=lines.append,
    )
    if ended.code != 0:
        said = " ".join(line.strip() for line in lines[-5:] if line.strip())
        raise TaskFailed(
            f"The packages {', '.join(packages)} were not installed: {said}. Correct `dependencies`."
        )
    return {"PYTHONPATH": str(target)}


def installer(manager: str) -> list[str]:
    """Name the installer: uv where it is at hand and wanted, pip otherwise."""
    uv = shutil.which("uv", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', '')}")
    if manager == "UV" and uv:
        return [uv, "pip", "install", "--python", sys.executable]
    return [sys.executable, "-m", "pip", "install"]
