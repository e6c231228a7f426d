"""Keep answers small: a value over 256 KB goes to internal storage and travels as a reference."""

import hashlib
from typing import Any

from pydantic_core import to_json

from tiercel.envelope import RunContext
from tiercel.plugin import JsonObject
from tiercel.storage import Storage

LIMIT_BYTES = 256 * 1024
OUTPUTS = ".outputs"
"""Directory of a task run's big values, beside the files that it stores itself."""


def offload(data: JsonObject, run: RunContext, storage: Storage) -> JsonObject:
    """Replace outputs by references, the largest first, until what is left is within the limit."""
    sizes = {name: len(to_json(value)) for name, value in data.items()}
    kept = dict(data)
    for name in sorted(sizes, key=lambda one: -sizes[one]):
        if sum(sizes.values()) <= LIMIT_BYTES:
            break
        kept[name] = stored(data[name], f"{name}.json", run, storage)
        sizes[name] = len(to_json(kept[name]))
    return kept


def stored(value: Any, name: str, run: RunContext, storage: Storage) -> JsonObject:
    """Write a value to internal storage and give the reference to it."""
    content = to_json(value)
    uri = storage.upload(run, content, f"{OUTPUTS}/{run.attempt}/{name}")
    return {"$ref": uri, "size": len(content), "sha256": hashlib.sha256(content).hexdigest()}
