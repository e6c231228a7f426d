"""The state store in Postgres, directly or over Supabase's REST interface."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from tiercel import clock
from tiercel.kv import json_text
from tiercel.postgres import Functions
from tiercel.state import Place, State


class PostgresStateStore:
    """Keep states in Postgres. `now`: the clock, which tests may set."""

    def __init__(self, functions: Functions, now: Callable[[], datetime] = clock.now) -> None:
        self.functions = functions
        self.now = now

    def under(self, token: str | None) -> "PostgresStateStore":
        """Give the store as the task run sees it that a token was minted for."""
        return PostgresStateStore(self.functions.under(token), self.now)

    def get(self, place: Place) -> State | None:
        """Give a state, or None."""
        rows = self.functions.call("pipeline_state_get", "data_json,revision", **place._asdict())
        return State(json.loads(rows[0]["data_json"]), rows[0]["revision"]) if rows else None

    def put(self, place: Place, data: Mapping[str, Any], revision: int) -> bool:
        """Keep a state on top of a revision, 0 where there is none, and say whether that was still so."""
        text = json_text(data, f"the state '{place.name}'")
        arguments = {**place._asdict(), "data_json": text, "revision": revision, "now": self.now()}
        return bool(self.functions.call("pipeline_state_put", "revision", **arguments))

    def delete(self, place: Place) -> bool:
        """Remove a state, and say whether there was one."""
        return bool(self.functions.call("pipeline_state_delete", **place._asdict())[0]["removed"])

    def close(self) -> None:
        """Let go of connections."""
        self.functions.close()
