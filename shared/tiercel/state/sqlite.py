"""The state store on SQLite: the laptop's default."""

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from tiercel import clock
from tiercel.sqlite import Database, statements

SQL = statements(Path(__file__).with_suffix(".sql"))


class SqliteStateStore:
    """Keep states in one SQLite file. `now`: the clock, which tests may set."""

    def __init__(self, path: Path | None, now: Callable[[], datetime] = clock.now) -> None:
        self.database = Database(path, SQL["schema"])
        self.now = now

    def get(self, namespace: str, flow_id: str, name: str, sub_key: str = "") -> dict[str, Any] | None:
        """Give a state, or None."""
        rows = self.database.rows(SQL["get"], place(namespace, flow_id, name, sub_key))
        data: dict[str, Any] | None = json.loads(rows[0]["data_json"]) if rows else None
        return data

    def set(self, namespace: str, flow_id: str, name: str, data: dict[str, Any], sub_key: str = "") -> None:
        """Keep a state, replacing what was there."""
        row = {"data_json": json.dumps(data, ensure_ascii=False), "now": clock.timestamp(self.now())}
        self.database.change(SQL["set"], place(namespace, flow_id, name, sub_key) | row)

    def delete(self, namespace: str, flow_id: str, name: str, sub_key: str = "") -> bool:
        """Remove a state, and say whether there was one."""
        return self.database.change(SQL["delete"], place(namespace, flow_id, name, sub_key)) > 0

    def close(self) -> None:
        """Close the file."""
        self.database.close()


def place(namespace: str, flow_id: str, name: str, sub_key: str) -> dict[str, str]:
    """Name the primary key of a state."""
    return {"namespace": namespace, "flow_id": flow_id, "name": name, "sub_key": sub_key}
