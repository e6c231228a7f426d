"""Who holds a lease: each engine locks a file of its own, and the lock goes with the process.

Engines of other homes may share a store: their files are out of sight, so only time tells of their end.
"""

import contextlib
import fcntl
import os
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple, TextIO

HOME_FILE = "home"


class Known(NamedTuple):
    """What is known of the owners of leases; of those that are in neither list, nothing is."""

    gone: list[str]
    alive: list[str]


class Owner:
    """One engine's identity, `<home>.<engine>`, alive as long as its file is locked."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        directory.mkdir(parents=True, exist_ok=True)
        self.home = home_of(directory)
        self.name = f"{self.home}.{uuid.uuid4().hex}"
        self._file: TextIO = self._path(self.name).open("w")
        self._file.write(str(os.getpid()))
        self._file.flush()
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def known(self, owners: Iterable[str]) -> Known:
        """Sort the owners of this home into those that are gone and those that live."""
        known = Known([], [])
        for owner in owners:
            if owner.startswith(f"{self.home}."):
                gone = owner != self.name and self._is_gone(owner)
                (known.gone if gone else known.alive).append(owner)
        return known

    def _is_gone(self, owner: str) -> bool:
        path = self._path(owner)
        try:
            with path.open() as file:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            return True
        except BlockingIOError:
            return False
        return True

    def close(self) -> None:
        """Give up the identity."""
        self._path(self.name).unlink(missing_ok=True)
        self._file.close()

    def _path(self, owner: str) -> Path:
        return self.directory / f"{owner}.lock"


def home_of(directory: Path) -> str:
    """Give the name of a home, which its first engine makes up.

    Not the machine's name and the path: in containers both are often the same.
    """
    file, own = directory / HOME_FILE, directory / f"{HOME_FILE}.{uuid.uuid4().hex}"
    if not file.exists():
        own.write_text(uuid.uuid4().hex[:12])
        with contextlib.suppress(FileExistsError):  # another engine was first
            file.hardlink_to(own)
        own.unlink()
    return file.read_text()
