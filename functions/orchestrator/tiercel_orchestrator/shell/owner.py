"""Who holds a lease: each engine locks a file of its own, and the lock goes with the process."""

import fcntl
import os
import uuid
from collections.abc import Iterable
from pathlib import Path
from typing import TextIO


class Owner:
    """One engine's identity, alive as long as its file is locked."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.name = uuid.uuid4().hex
        directory.mkdir(parents=True, exist_ok=True)
        self._file: TextIO = self._path(self.name).open("w")
        self._file.write(str(os.getpid()))
        self._file.flush()
        fcntl.flock(self._file, fcntl.LOCK_EX)

    def gone(self, owners: Iterable[str]) -> list[str]:
        """Name those of the owners that are no longer alive on this machine."""
        return [owner for owner in owners if owner != self.name and self._is_gone(owner)]

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
