"""Working directories that tasks share across machines: archives in internal storage, one for each step.

Every task lays out what the one before it left, and leaves an archive of its own: one that is run twice
begins twice with the same files.
"""

import tempfile
from pathlib import Path

from tiercel import archives
from tiercel.envelope import RunContext, SharedDirectory
from tiercel.errors import TaskFailed
from tiercel.storage import Storage


def lay_out(shared: SharedDirectory, directory: Path, run: RunContext, storage: Storage) -> None:
    """Lay out the newest archive that is there; `TaskFailed` where there is none."""
    for uri in shared.fetch:
        if storage.exists(run, uri):
            with tempfile.TemporaryDirectory() as aside:
                archives.unpack(storage.download(run, uri, Path(aside)), directory)
            return
    raise TaskFailed(
        "The files of this task's WorkingDirectory are not in the internal storage of its family; "
        "give the family and the orchestrator the same TIERCEL_STORAGE_URL."
    )


def leave(shared: SharedDirectory, directory: Path, run: RunContext, storage: Storage) -> None:
    """Store the directory as it is now."""
    with tempfile.TemporaryDirectory() as aside:
        packed = Path(aside) / "directory.zip"
        archives.pack(directory, packed)
        storage.write(run, shared.store, packed)
