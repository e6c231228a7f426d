"""Files of a WorkingDirectory that are kept from one execution to the next (its `cache`)."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tiercel import archives, clock
from tiercel.envelope import RunContext
from tiercel.errors import TiercelError
from tiercel.flows.durations import parse_duration
from tiercel.paths import check_relative
from tiercel.storage import UNCHECKED, Storage, uris
from tiercel_orchestrator.kernel.ids import derive

ARCHIVE, DATE = "cache.zip", "cache.date"


def restore(wanted: Mapping[str, Any], directory: Path, context: RunContext, storage: Storage) -> None:
    """Lay out what was kept, if it is younger than the ttl; what cannot be read counts as not there."""
    with tempfile.TemporaryDirectory() as aside:
        archive = _fresh(wanted, Path(aside), context, storage)
        if archive is not None:
            archives.unpack(archive, directory)


def keep(wanted: Mapping[str, Any], directory: Path, context: RunContext, storage: Storage) -> None:
    """Keep the files that the patterns name, unless they are kept already as they are."""
    patterns = [str(pattern) for pattern in wanted.get("patterns") or ()]
    for pattern in patterns:
        check_relative(pattern)
    files = {path for pattern in patterns for path in directory.glob(pattern) if path.is_file()}
    if not files:
        return
    with tempfile.TemporaryDirectory() as aside:
        packed = Path(aside) / "new.zip"
        archives.pack(directory, packed, files)
        known = _fresh(wanted, Path(aside), context, storage)
        if known is not None and known.read_bytes() == packed.read_bytes():
            return
        storage.put(_uri(context, ARCHIVE), packed)
        storage.put(_uri(context, DATE), clock.timestamp().encode())


def _fresh(wanted: Mapping[str, Any], aside: Path, context: RunContext, storage: Storage) -> Path | None:
    """Fetch the archive, if there is one that is young enough."""
    try:
        if not storage.exists(UNCHECKED, _uri(context, ARCHIVE)):
            return None
        kept_at = clock.parse_timestamp(storage.read(UNCHECKED, _uri(context, DATE)).decode())
        ttl = wanted.get("ttl")
        if ttl and kept_at + parse_duration(str(ttl)) < clock.now():
            return None
        return storage.download(UNCHECKED, _uri(context, ARCHIVE), aside)
    except (TiercelError, ValueError):
        return None


def _uri(context: RunContext, name: str) -> str:
    """Name a file of the cache: one per flow and task, and per value of an each around it."""
    place = [uris.namespace_path(context.namespace), context.flow_id, context.task_id, "cache"]
    if context.value is not None:
        place.append(derive(context.value))
    return uris.uri_of(uris.key_below(*place, name))
