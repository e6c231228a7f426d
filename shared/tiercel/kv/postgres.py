"""The key-value store in Postgres, directly or over Supabase's REST interface; each call is one function."""

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from tiercel import clock
from tiercel.kv import KeyValue, expiry, json_text, kind_of, named, new_name, refusal, sought
from tiercel.postgres import Functions, Row, moment

COLUMNS = "namespace,key,value_json,kind,description,expires_at,created_at,updated_at,revision"
"""All but the jsonb, which is the same value once more."""


class PostgresKeyValueStore:
    """Keep keys in Postgres. `now`: the clock, which tests may set."""

    def __init__(self, functions: Functions, now: Callable[[], datetime] = clock.now) -> None:
        self.functions = functions
        self.now = now

    def under(self, token: str | None) -> "PostgresKeyValueStore":
        """Give the store as the task run sees it that a token was minted for."""
        return PostgresKeyValueStore(self.functions.under(token), self.now)

    def get(self, namespace: str, key: str, *, inherited: bool = False) -> KeyValue | None:
        """Give an entry, or None; with `inherited`, the nearest above where the namespace has none."""
        namespaces = sought(namespace, inherited)
        rows = self.functions.call(
            "pipeline_kv_get", COLUMNS, namespaces=namespaces, key=named(key), now=self.now()
        )
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
        now = self.now()
        expiry(now, ttl)
        rows = self.functions.call(
            "pipeline_kv_put",
            COLUMNS,
            namespace=namespace,
            key=new_name(key),
            value_json=json_text(value, f"the key '{key}'"),
            kind=kind or kind_of(value),
            description=description,
            ttl=ttl,
            overwrite=overwrite,
            revision=revision,
            now=now,
        )
        if not rows:
            raise refusal(namespace, key, revision)
        return entry_of(rows[0])

    def delete(self, namespace: str, key: str) -> bool:
        """Remove an entry, and say whether there was one."""
        rows = self.functions.call("pipeline_kv_delete", namespace=namespace, key=named(key), now=self.now())
        return bool(rows[0]["removed"])

    def keys(self, namespace: str, prefix: str = "") -> list[str]:
        """Give the keys of a namespace that begin with `prefix`, in order."""
        arguments = {"namespace": namespace, "prefix": named(prefix), "now": self.now()}
        return [row["key"] for row in self.functions.listed("pipeline_kv_entries", "key", **arguments)]

    def entries(self, namespace: str, prefix: str = "") -> list[KeyValue]:
        """Give the entries of a namespace whose keys begin with `prefix`, in order of key."""
        arguments = {"namespace": namespace, "prefix": named(prefix), "now": self.now()}
        return [entry_of(row) for row in self.functions.listed("pipeline_kv_entries", COLUMNS, **arguments)]

    def namespaces(self) -> list[str]:
        """Give the namespaces that hold keys, expired ones too, in order."""
        return [row["namespace"] for row in self.functions.listed("pipeline_kv_namespaces")]

    def purge(
        self, namespaces: Sequence[str] | None = None, pattern: str = "*", *, expired_only: bool = True
    ) -> int:
        """Remove entries for good, of some namespaces or of all, and say how many there were."""
        rows = self.functions.call(
            "pipeline_kv_purge",
            namespaces=None if namespaces is None else list(namespaces),
            like=like_of(pattern),
            expired_only=expired_only,
            now=self.now(),
        )
        return int(rows[0]["removed"])

    def close(self) -> None:
        """Let go of connections."""
        self.functions.close()


def like_of(pattern: str) -> str:
    """Write a pattern of `*` and `?` as SQL's `like` has it."""
    escaped = pattern.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return escaped.replace("*", "%").replace("?", "_")


def entry_of(row: Row) -> KeyValue:
    """Read one row."""
    return KeyValue(
        namespace=row["namespace"],
        key=row["key"],
        value=json.loads(row["value_json"]),
        kind=row["kind"],
        created_at=moment(row["created_at"]),
        updated_at=moment(row["updated_at"]),
        expires_at=moment(row["expires_at"]) if row["expires_at"] else None,
        description=row["description"],
        revision=row["revision"],
    )
