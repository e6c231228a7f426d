"""The key-value store, which outlives executions: values by namespace and key."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol


@dataclass(frozen=True, slots=True)
class KeyValue:
    """One entry. `value`: a JSON value; `kind`: STRING, NUMBER, BOOLEAN, DATETIME, DATE, DURATION or JSON."""

    namespace: str
    key: str
    value: Any
    kind: str
    created_at: datetime
    updated_at: datetime
    expires_at: datetime | None = None
    description: str | None = None


class KeyValueStore(Protocol):
    """Where keys live; an expired key is absent from every answer."""

    def get(self, namespace: str, key: str) -> KeyValue | None:
        """Give an entry, or None."""
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
    ) -> KeyValue:
        """Keep a value; `TaskFailed` where the key exists and may not be overwritten."""
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

    def purge(self, namespace: str | None = None) -> int:
        """Remove expired entries, of one namespace or of all, and say how many there were."""
        ...


def kind_of(value: Any) -> str:
    """Say which kind a value is of, where its writer did not."""
    if isinstance(value, bool):
        return "BOOLEAN"
    if isinstance(value, int | float):
        return "NUMBER"
    return "STRING" if isinstance(value, str) else "JSON"
