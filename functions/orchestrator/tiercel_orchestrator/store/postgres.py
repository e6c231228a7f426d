"""The shared dialect: Postgres, everything in a schema of its own, and nothing kept in the session."""

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any

from tiercel_orchestrator.store import codec
from tiercel_orchestrator.store.codec import Columns, Row
from tiercel_orchestrator.store.port import ClaimRequest
from tiercel_orchestrator.store.queries import named_queries
from tiercel_orchestrator.store.session import Session
from tiercel_orchestrator.store.store import SqlStore
from tiercel_orchestrator.store.tables import Loaded, Saving, Wanted

EXECUTION_ID = 2
_PARAMETER = re.compile(r"(?<!:):([a-z_]+)")


@lru_cache(maxsize=256)
def numbered(query: str) -> tuple[str, tuple[str, ...]]:
    """Give a query with numbers for names, and the names in their order."""
    text = "\n".join(line for line in query.splitlines() if not line.startswith("--"))
    names = tuple(dict.fromkeys(_PARAMETER.findall(text)))
    return _PARAMETER.sub(lambda found: f"${names.index(found[1]) + 1}", text), names


class PostgresDatabase:
    """One connection with named queries; to be used from one thread at a time."""

    def __init__(self, url: str) -> None:
        self.queries = named_queries("postgres")
        self.session = Session(url)

    @contextmanager
    def writing(self) -> Iterator["PostgresTransaction"]:
        """Make everything inside one transaction."""
        with self.session.transaction():
            yield PostgresTransaction(self)

    def run(self, query: str, **parameters: Any) -> int:
        """Run a named query; gives how many rows it changed."""
        text, names = numbered(self.queries[query])
        status = self.session.execute(text, *(parameters[name] for name in names))
        return int(status.split()[-1])

    def all(self, query: str, **parameters: Any) -> list[Row]:
        """Give all rows of a named query."""
        text, names = numbered(self.queries[query])
        return self.session.fetch(text, *(parameters[name] for name in names))

    def one(self, query: str, **parameters: Any) -> Row | None:
        """Give the first row of a named query, if there is one."""
        rows = self.all(query, **parameters)
        return rows[0] if rows else None

    def many(self, query: str, rows: Sequence[Columns]) -> None:
        """Run a named query once for each row, all of them sent together."""
        if rows:
            text, names = numbered(self.queries[query])
            self.session.many(text, [[row[name] for name in names] for row in rows])

    def close(self) -> None:
        """Let go of the connection."""
        self.session.close()


class PostgresTransaction:
    """A transaction that others run beside: who changes an execution has locked it before it read it."""

    def __init__(self, database: PostgresDatabase) -> None:
        self.run = database.run
        self.all = database.all
        self.one = database.one
        self.many = database.many

    def open(self, wanted: Wanted, claim: ClaimRequest | None, now: datetime) -> Loaded:
        """Lock the executions that are to be changed, read all that is wanted, and the rows that are due."""
        executions = wanted.executions | wanted.locks
        keys = {"executions": codec.dump([*executions]), "runs": codec.dump([*wanted.runs])}
        locked = {row[0] for row in self.all("lock", **keys)} if executions or wanted.runs else set()
        loaded = self.more(wanted)
        if claim is None:
            return Loaded(loaded.runs, loaded.executions, locked=locked)
        limits = {"limit": claim.limit, "own_limit": claim.own_limit}
        due = self.all("due", now=codec.micros(now), root=claim.root_id, **limits)
        locked |= {row[EXECUTION_ID] for row in due}
        return Loaded(loaded.runs, loaded.executions, due, locked)

    def more(self, wanted: Wanted) -> Loaded:
        """Read what turned out to be needed, without keeping others from changing it."""
        runs = self.all("touched", ids=codec.dump([*wanted.runs])) if wanted.runs else []
        for query, ids in (("live_runs", wanted.live), ("whole_runs", wanted.whole)):
            runs += self.all(query, ids=codec.dump([*ids])) if ids else []
        ids = wanted.executions | {row[EXECUTION_ID] for row in runs}
        return Loaded(runs, self.all("executions_by_id", ids=codec.dump([*ids])) if ids else [])

    def plans(self, keys: Iterable[tuple[str, int]]) -> list[Row]:
        """Read plans: run id, attempt, text."""
        return self.all("plans", keys=codec.dump(list(keys)))

    def lock_flow(self, namespace: str, flow_id: str) -> None:
        """Keep other transactions that do so with the same flow waiting until this one ends."""
        self.all("lock_flow", namespace=namespace, flow_id=flow_id)

    def close(self, saving: Saving, claim: ClaimRequest | None, tasks_too: bool) -> datetime | None:
        """Write everything; with a claim, say when something is due next."""
        for query, rows in saving.steps():
            self.many(query, rows)
        row = self.one("next_due", root=claim.root_id, tasks_too=tasks_too) if claim else None
        return None if row is None or row[0] is None else codec.moment(row[0])


class PostgresStore(SqlStore):
    """Executions in Postgres; to be used from one thread at a time."""

    def __init__(self, url: str) -> None:
        super().__init__(PostgresDatabase(url))
