"""Directories as archives: packed into a ZIP file, and laid out again."""

import shutil
import zipfile
from collections.abc import Iterable
from pathlib import Path

from tiercel.errors import TaskFailed
from tiercel.paths import safe_join

PERMISSIONS = 0o777
FIRST_DATE = (1980, 1, 1, 0, 0, 0)
"""What ZIP takes for the beginning of time; times are not kept, so that equal files give equal archives."""


def pack(directory: Path, target: Path, files: Iterable[Path] | None = None) -> None:
    """Write the files of a directory to a ZIP file, by default all of them; links are followed to files."""
    chosen = (path for path in directory.rglob("*")) if files is None else files
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for path in sorted(chosen):
            name = path.relative_to(directory).as_posix()
            if path.is_dir() and not path.is_symlink():
                archive.writestr(_entry(f"{name}/", path), b"")
            elif path.is_file():
                with (
                    archive.open(_entry(name, path), "w", force_zip64=True) as sink,
                    path.open("rb") as source,
                ):
                    shutil.copyfileobj(source, sink)


def unpack(source: Path, directory: Path) -> None:
    """Lay out a ZIP file in a directory; what would leave it is refused."""
    try:
        with zipfile.ZipFile(source) as archive:
            for entry in archive.infolist():
                _lay_out(archive, entry, directory)
    except zipfile.BadZipFile as error:
        raise TaskFailed(f"The archive {source.name} of a working directory is damaged: {error}.") from error


def _lay_out(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, directory: Path) -> None:
    target = safe_join(directory, entry.filename.rstrip("/"))
    if entry.is_dir():
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    with archive.open(entry) as content, target.open("wb") as sink:
        shutil.copyfileobj(content, sink)
    if mode := (entry.external_attr >> 16) & PERMISSIONS:
        target.chmod(mode)


def _entry(name: str, path: Path) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, FIRST_DATE)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = (path.stat().st_mode & 0xFFFF) << 16
    return entry
