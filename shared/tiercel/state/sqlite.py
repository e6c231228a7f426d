"""The state store on SQLite: the laptop's default."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from tiercel import clock
from tiercel.kv import json_text
from tiercel.sqlite import Database, statements
from tiercel.state import Place, State

SQL = statements(Path(__file__).with_suffix(".sql"))


class SqliteStateStore:
    """Keep states in one SQLite file. `now`: the clock, which tests may set."""

    def __init__(self, path: Path | None, now: Callable[[], datetime] = clock.now) -> None:
        self.database = Database(
            path, SQL["schema"], {("pipeline_execution_state", "revision"): SQL["revision"]}
        )
        self.now = now

    def get(self, place: Place) -> State | None:
        """Give a state, or None."""
        rows = self.database.rows(SQL["get"], place._asdict())
        return State(json.loads(rows[0]["data_json"]), rows[0]["revision"]) if rows else None

    def put(self, place: Place, data: Mapping[str, Any], revision: int) -> bool:
        """Keep a state on top of a revision, 0 where there is none, and say whether that was still so."""
        row = {
            **place._asdict(),
            "data_json": json_text(data, f"the state '{place.name}'"),
            "now": clock.timestamp(self.now()),
            "revision": revision,
        }
        return self.database.change(SQL["replace" if revision else "create"], row) > 0

    def delete(self, place: Place) -> bool:
        """Remove a state, and say whether there was one."""
        return self.database.change(SQL["delete"], place._asdict()) > 0

    def close(self) -> None:
        """Close the file."""
        self.database.close()
