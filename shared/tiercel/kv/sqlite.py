"""The key-value store on SQLite, the laptop's default; each call is one statement, so no update is lost."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiercel import clock
from tiercel.kv import KeyValue, expiry, json_text, kind_of, named, new_name, refusal, sought
from tiercel.sqlite import Database, statements

if TYPE_CHECKING:
    import sqlite3

SQL = statements(Path(__file__).with_suffix(".sql"))


class SqliteKeyValueStore:
    """Keep keys in one SQLite file. `now`: the clock, which tests may set."""

    def __init__(self, path: Path | None, now: Callable[[], datetime] = clock.now) -> None:
        self.database = Database(path, SQL["schema"], {("pipeline_kv_store", "revision"): SQL["revision"]})
        self.now = now

    def get(self, namespace: str, key: str, *, inherited: bool = False) -> KeyValue | None:
        """Give an entry, or None; with `inherited`, the nearest above where the namespace has none."""
        values = {
            "namespaces": json.dumps(sought(namespace, inherited)),
            "key": named(key),
            "now": self.moment(),
        }
        rows = self.database.rows(SQL["get"], values)
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
        revision: int | None = None,
    ) -> KeyValue:
        """Keep a value; `KeyExists` or `KeyChanged` where it may not be written."""
        expires_at = expiry(self.now(), ttl)
        row = {
            "namespace": namespace,
            "key": new_name(key),
            "value_json": json_text(value, f"the key '{key}'"),
            "kind": kind or kind_of(value),
            "description": description,
            "expires_at": clock.timestamp(expires_at) if expires_at else None,
            "overwrite": overwrite,
            "revision": revision,
            "now": self.moment(),
        }
        written = self.database.rows(SQL["put"], row)
        if not written:
            raise refusal(namespace, key, revision)
        return entry_of(written[0])

    def delete(self, namespace: str, key: str) -> bool:
        """Remove an entry, and say whether there was one."""
        values = {"namespace": namespace, "key": named(key), "now": self.moment()}
        return self.database.change(SQL["delete"], values) > 0

    def keys(self, namespace: str, prefix: str = "") -> list[str]:
        """Give the keys of a namespace that begin with `prefix`, in order."""
        return [entry.key for entry in self.entries(namespace, prefix)]

    def entries(self, namespace: str, prefix: str = "") -> list[KeyValue]:
        """Give the entries of a namespace whose keys begin with `prefix`, in order of key."""
        values = {"namespace": namespace, "prefix": named(prefix), "now": self.moment()}
        return [entry_of(row) for row in self.database.rows(SQL["entries"], values)]

    def namespaces(self) -> list[str]:
        """Give the namespaces that hold keys, expired ones too, in order."""
        return [row["namespace"] for row in self.database.rows(SQL["namespaces"], {})]

    def purge(
        self, namespaces: Sequence[str] | None = None, pattern: str = "*", *, expired_only: bool = True
    ) -> int:
        """Remove entries for good, of some namespaces or of all, and say how many there were."""
        values = {
            "namespaces": None if namespaces is None else json.dumps(list(namespaces)),
            "pattern": pattern.replace("[", "[[]"),  # brackets are letters here, and a class to SQLite
            "expired_only": expired_only,
            "now": self.moment(),
        }
        return self.database.change(SQL["purge"], values)

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
        revision=row["revision"],
    )
