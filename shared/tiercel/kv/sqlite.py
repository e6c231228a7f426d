"""The key-value store on SQLite, the laptop's default; each call is one statement, so no update is lost."""

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiercel import clock
from tiercel.errors import TaskFailed
from tiercel.kv import KeyValue, kind_of
from tiercel.sqlite import Database, statements

if TYPE_CHECKING:
    import sqlite3

SQL = statements(Path(__file__).with_suffix(".sql"))


class SqliteKeyValueStore:
    """Keep keys in one SQLite file. `now`: the clock, which tests may set."""

    def __init__(self, path: Path | None, now: Callable[[], datetime] = clock.now) -> None:
        self.database = Database(path, SQL["schema"])
        self.now = now

    def get(self, namespace: str, key: str) -> KeyValue | None:
        """Give an entry, or None."""
        rows = self.database.rows(SQL["get"], {"namespace": namespace, "key": key, "now": self.moment()})
        return entry_of(rows[0]) if rows else None

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
        row = {
            "namespace": namespace,
            "key": key,
            "value_json": json.dumps(value, ensure_ascii=False),
            "kind": kind or kind_of(value),
            "description": description,
            "expires_at": clock.timestamp(self.now() + ttl) if ttl else None,
            "overwrite": overwrite,
            "now": self.moment(),
        }
        written = self.database.rows(SQL["put"], row)
        if not written:
            raise TaskFailed(
                f"The key '{key}' already exists in namespace '{namespace}' and `overwrite` is false; "
                "set `overwrite: true`, choose another key, or delete this one first."
            )
        return entry_of(written[0])

    def delete(self, namespace: str, key: str) -> bool:
        """Remove an entry, and say whether there was one."""
        values = {"namespace": namespace, "key": key, "now": self.moment()}
        return self.database.change(SQL["delete"], values) > 0

    def keys(self, namespace: str, prefix: str = "") -> list[str]:
        """Give the keys of a namespace that begin with `prefix`, in order."""
        return [entry.key for entry in self.entries(namespace, prefix)]

    def entries(self, namespace: str, prefix: str = "") -> list[KeyValue]:
        """Give the entries of a namespace whose keys begin with `prefix`, in order of key."""
        values = {"namespace": namespace, "prefix": prefix, "now": self.moment()}
        return [entry_of(row) for row in self.database.rows(SQL["entries"], values)]

    def purge(self, namespace: str | None = None) -> int:
        """Remove expired entries, of one namespace or of all, and say how many there were."""
        return self.database.change(SQL["purge"], {"namespace": namespace, "now": self.moment()})

    def moment(self) -> str:
        """Give the present moment as the table writes it, so that text compares as time does."""
        return clock.timestamp(self.now())

    def close(self) -> None:
        """Close the file."""
        self.database.close()


def entry_of(row: "sqlite3.Row") -> KeyValue:
    """Read one row."""
    return KeyValue(
        namespace=row["namespace"],
        key=row["key"],
        value=json.loads(row["value_json"]),
        kind=row["kind"],
        created_at=clock.parse_timestamp(row["created_at"]),
        updated_at=clock.parse_timestamp(row["updated_at"]),
        expires_at=clock.parse_timestamp(row["expires_at"]) if row["expires_at"] else None,
        description=row["description"],
    )
