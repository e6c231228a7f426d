"""The key-value store, which outlives executions: values by namespace and key."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol

from tiercel.errors import TaskFailed
from tiercel.namespaces import lineage


class KeyValue(NamedTuple):
    """One entry. `value`: a JSON value; `kind`: STRING, NUMBER, BOOLEAN, DATETIME, DATE, DURATION or JSON.

    `revision`: how often the entry was written since it came to be, from 1.
    """

    namespace: str
    key: str
    value: Any
    kind: str
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = None
    description: str | None = None
    revision: int = 1


class KeyValueStore(Protocol):
    """Where keys live; an expired key is absent from every answer. Each call is atomic."""

    def get(self, namespace: str, key: str, *, inherited: bool = False) -> KeyValue | None:
        """Give an entry, or None; with `inherited`, the nearest above where the namespace has none."""
        ...

    def put(
        self,
        namespace: str,
        key: str,
        value: Any,
        *,
        kind: str | None = None,
        ttl: timedelta | None = None,
        overwrite: bool = True,
        description: str | None = None,
        revision: int | None = None,
    ) -> KeyValue:
        """Keep a value; `KeyExists` where the key may not be overwritten.

        `revision`: write only on top of this revision, 0 for a key that is not there; else `KeyChanged`.
        """
        ...

    def delete(self, namespace: str, key: str) -> bool:
        """Remove an entry, and say whether there was one."""
        ...

    def keys(self, namespace: str, prefix: str = "") -> list[str]:
        """Give the keys of a namespace that begin with `prefix`, in order."""
        ...

    def entries(self, namespace: str, prefix: str = "") -> list[KeyValue]:
        """Give the entries of a namespace whose keys begin with `prefix`, in order of key."""
        ...

    def namespaces(self) -> list[str]:
        """Give the namespaces that hold keys, expired ones too, in order."""
        ...

    def purge(
        self, namespaces: Sequence[str] | None = None, pattern: str = "*", *, expired_only: bool = True
    ) -> int:
        """Remove entries for good, of some namespaces or of all, and say how many there were.

        `pattern`: which keys, with `*` for any text and `?` for one letter.
        """
        ...


class KeyExists(TaskFailed):
    """The key is there, and its writer asked not to replace it."""

    def __init__(self, namespace: str, key: str) -> None:
        super().__init__(
            f"The key '{key}' already exists in namespace '{namespace}' and `overwrite` is false; "
            "set `overwrite: true`, choose another key, or delete this one first."
        )


class KeyChanged(TaskFailed):
    """Somebody else wrote the key after its writer read it."""

    def __init__(self, namespace: str, key: str, revision: int) -> None:
        super().__init__(
            f"The key '{key}' in namespace '{namespace}' is no longer at revision {revision}; "
            "read it again, and write on top of what is there now."
        )


def refusal(namespace: str, key: str, revision: int | None) -> TaskFailed:
    """Word why a key was not written."""
    return KeyExists(namespace, key) if revision is None else KeyChanged(namespace, key, revision)


def named(key: str) -> str:
    """Give a key, unless a store could not write it, or nobody read it."""
    if not key.isprintable():
        raise TaskFailed(
            f"The key {key!r} has letters that cannot be shown; use letters, digits, `.`, `_`, `-`."
        )
    return key


def new_name(key: str) -> str:
    """Give a key that something is to be kept under."""
    if not key:
        raise TaskFailed("The key is empty; give it a name of letters, digits, `.`, `_`, `-`.")
    return named(key)


def expiry(now: datetime, ttl: timedelta | None) -> datetime | None:
    """Say when an entry with a time to live expires; None for one that lives for ever."""
    if ttl is None:
        return None
    try:
        return now + ttl
    except OverflowError as error:
        raise TaskFailed(f"The `ttl` of {ttl.days} days is too long; leave it out.") from error


def sought(namespace: str, inherited: bool) -> list[str]:
    """List the namespaces to look into, the nearest first."""
    return lineage(namespace) if inherited else [namespace]


def kind_of(value: Any) -> str:
    """Say which kind a value is of, where its writer did not."""
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int | float):
        return "NUMBER"
    return "STRING" if isinstance(value, str) else "JSON"


def json_text(value: Any, what: str) -> str:
    """Write a value as JSON, so that it is read back exactly; `what` names it where it is none."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
    except (TypeError, ValueError, RecursionError) as error:  # UnicodeEncodeError is a ValueError
        raise TaskFailed(
            f"The value of {what} cannot be kept ({error}); "
            "a value is text, a finite number, a boolean, a list or a map."
        ) from error
    return text
