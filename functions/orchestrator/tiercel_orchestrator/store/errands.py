"""What task runs elsewhere have an orchestrator do: rows that they leave by SQL, and read answers from."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias

from tiercel_orchestrator.store import codec
from tiercel_orchestrator.store.tables import Database

Verb: TypeAlias = Literal["purge", "resume", "switch_trigger"]


@dataclass(frozen=True, slots=True)
class Errand:
    """Something to do; `asked`: with what, by name."""

    id: str
    verb: Verb
    asked: dict[str, Any]


class Errands:
    """The errands of one database; to be used from the store's thread."""

    def __init__(self, database: Database) -> None:
        self.database = database

    def take(self, now: datetime, until: datetime, limit: int) -> list[Errand]:
        """Take what task runs that are worked on ask for; nobody else is given it before `until`."""
        moments = {"now": codec.micros(now), "until": codec.micros(until)}
        rows = self.database.all("take_errands", limit=limit, **moments)
        return [Errand(errand_id, verb, json.loads(asked)) for errand_id, verb, asked in rows]

    def answer(self, errand_id: str, answer: dict[str, Any]) -> None:
        """Keep what came of an errand."""
        self.database.run("answer_errand", id=errand_id, answer=codec.dump(answer), refusal=None)

    def refuse(self, errand_id: str, reason: str) -> None:
        """Keep why an errand was not done."""
        self.database.run("answer_errand", id=errand_id, answer=None, refusal=codec.plain(reason))
