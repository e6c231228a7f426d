"""The shared dialect: Postgres, everything in a schema of its own, and nothing kept in the session."""

import re
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache
from typing import Any

from tiercel_orchestrator.store import codec
from tiercel_orchestrator.store.codec import Columns, Row
from tiercel_orchestrator.store.errands import Errands
from tiercel_orchestrator.store.memory import Memory
from tiercel_orchestrator.store.port import ClaimRequest
from tiercel_orchestrator.store.queries import named_queries
from tiercel_orchestrator.store.session import Rows, Session, Statement
from tiercel_orchestrator.store.store import SqlStore
from tiercel_orchestrator.store.tables import Checks, Closed, Loaded, Saving, Stale, Wanted

RUN_ID, EXECUTION_ID, PARENT_ID, COLUMNS = 1, 2, 4, 21
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
        self._known = self.session.connected

    def connected_anew(self) -> bool:
        """Say whether another server may answer than when this was asked last."""
        before, self._known = self._known, self.session.connected
        return before != self._known

    @contextmanager
    def writing(self) -> Iterator["PostgresTransaction"]:
        """Make everything inside one transaction."""
        with self.session.transaction():
            yield PostgresTransaction(self)

    def statement(self, query: str, *rows: Columns) -> Statement:
        """Give a named query with its parameters, one mapping for each time that it is to run."""
        text, names = numbered(self.queries[query])
        return Statement(text, [[row[name] for name in names] for row in rows])

    def run(self, query: str, **parameters: Any) -> int:
        """Run a named query; gives how many rows it changed."""
        statement = self.statement(query, parameters)
        return self.session.run(statement.text, statement.rows[0])

    def all(self, query: str, **parameters: Any) -> list[Row]:
        """Give all rows of a named query."""
        return self.session.together([self.statement(query, parameters)])[0]

    def one(self, query: str, **parameters: Any) -> Row | None:
        """Give the first row of a named query, if there is one."""
        rows = self.all(query, **parameters)
        return rows[0] if rows else None

    def close(self) -> None:
        """Let go of the connection."""
        self.session.close()


class PostgresTransaction:
    """A transaction that others run beside: whatever it changes, it has locked before it read it.

    Of an execution it holds a guard, together with others, or alone where it changes the execution itself or
    needs to know all of it. Below a guard that is shared it locks the runs that it expects to change: those
    that are reported, and their parents. Locks are taken deepest first, so that nobody waits in a circle.

    What is remembered is neither locked nor read: the statement that writes it checks that it is unchanged.
    """

    def __init__(self, database: PostgresDatabase) -> None:
        self.database = database
        self.from_memory = False

    def run(self, query: str, **parameters: Any) -> int:
        """Run a named query; gives how many rows it changed."""
        self._read()
        return self.database.run(query, **parameters)

    def all(self, query: str, **parameters: Any) -> list[Row]:
        """Give all rows of a named query."""
        self._read()
        return self.database.all(query, **parameters)

    def one(self, query: str, **parameters: Any) -> Row | None:
        """Give the first row of a named query, if there is one."""
        self._read()
        return self.database.one(query, **parameters)

    def _read(self) -> None:
        if self.from_memory:
            raise Stale(changed=False)

    def open(
        self, wanted: Wanted, claim: ClaimRequest | None, now: datetime, memory: Memory | None = None
    ) -> Loaded:
        """Recall all that is wanted, or lock what is to be changed and read it, in one round trip."""
        if memory is not None and self.database.connected_anew():
            memory.forget_all()
        if memory is not None and wanted.runs and (claim is None or memory.quiet(claim, now)):
            recalled = memory.recall(wanted)
            if recalled.whole:
                self.from_memory = True
                return Loaded(recalled=recalled)
        statement = self.database.statement
        kinds = (wanted.executions, wanted.runs, wanted.live, wanted.whole, wanted.locks)
        asked = []
        if any(kinds):
            names = ("executions", "runs", "live", "whole", "locks")
            asked = [statement("take_runs", {name: [*ids] for name, ids in zip(names, kinds, strict=True)})]
            asked.append(self._executions(wanted))
        if claim:
            limits = {"limit": claim.limit, "own_limit": claim.own_limit}
            asked.append(statement("due", {"now": codec.micros(now), "root": claim.root_id, **limits}))
        found = self.database.session.together(asked)
        due = found.pop() if claim else []
        runs, executions = found or ([], [])
        executions += [row[COLUMNS:] for row in due]
        locked = _locked(wanted, runs) | {row[RUN_ID] for row in due}
        return Loaded(runs, executions, [row[:COLUMNS] for row in due], locked, set(wanted.executions))

    def _executions(self, wanted: Wanted) -> Statement:
        of = codec.dump([*wanted.runs, *wanted.live, *wanted.whole])
        return self.database.statement("executions_of", {"ids": codec.dump([*wanted.executions]), "runs": of})

    def more(self, wanted: Wanted) -> Loaded:
        """Read what turned out to be needed, without keeping others from changing it."""
        self._read()
        statement = self.database.statement
        kinds = (("touched", wanted.runs), ("live_runs", wanted.live), ("whole_runs", wanted.whole))
        asked = [statement(query, {"ids": codec.dump([*ids])}) for query, ids in kinds if ids]
        *found, executions = self.database.session.together([*asked, self._executions(wanted)])
        return Loaded([row for rows in found for row in rows], executions)

    def guard(self, execution_ids: Collection[str]) -> bool:
        """Be alone with executions of which the guard is held already, if nobody else holds it now."""
        rows = self.all("guard_alone", executions=codec.dump([*execution_ids]))
        return all(row[0] for row in rows)

    def plans(self, keys: Iterable[tuple[str, int]]) -> list[Row]:
        """Read plans: run id, attempt, text."""
        return self.all("plans", keys=codec.dump(list(keys)))

    def lock_flow(self, namespace: str, flow_id: str) -> None:
        """Keep other transactions that do so with the same flow waiting until this one ends."""
        self.all("lock_flow", namespace=namespace, flow_id=flow_id)

    def close(self, saving: Saving, claim: ClaimRequest | None, tasks_too: bool, checks: Checks) -> Closed:
        """Write everything and commit; with a claim, say when something is due next; one round trip."""
        unit: dict[str, Any] = {kind: ids or None for kind, ids in saving.ids().items()}
        unit |= {kind: codec.dump(rows) if rows else None for kind, rows in saving.rows().items()}
        unit |= {
            "claims": claim is not None,
            "root": claim.root_id if claim else None,
            "tasks_too": tasks_too,
        }
        if self.from_memory:
            return self._write_unchanged(unit, checks)
        if not (claim or any(unit[kind] for kind in (*saving.ids(), *saving.rows()))):
            return Closed(None, 0)
        rows = self.database.session.together([self.database.statement("write_unit", unit)], commit=True)[0]
        return _closed(rows[0])

    def _write_unchanged(self, unit: dict[str, Any], checks: Checks) -> Closed:
        """Write if what was recalled is unchanged: one statement, which is the whole transaction."""
        unit |= {
            "alone": [*checks.alone],
            "shared": [*checks.shared],
            "locks": [*checks.locks],
            "known_runs": [*checks.runs],
            "run_versions": [*checks.runs.values()],
            "known_executions": [*checks.executions],
            "execution_versions": [*checks.executions.values()],
        }
        rows = self.database.session.alone(self.database.statement("write_unchanged", unit))
        if not rows:
            raise Stale(changed=True)
        return _closed(rows[0])


def _closed(row: Row) -> Closed:
    version, due = row
    return Closed(None if due is None else codec.moment(due), int(version))


def _locked(wanted: Wanted, runs: Rows) -> set[str]:
    """Say which of the runs that `take_runs` has given it has locked."""
    reported = {row[RUN_ID]: row for row in runs if row[RUN_ID] in wanted.runs}
    named = {*reported, *(row[PARENT_ID] for row in reported.values())} | wanted.locks
    of = {row[EXECUTION_ID] for row in runs if row[RUN_ID] in wanted.live | wanted.whole}
    return {row[RUN_ID] for row in runs if row[RUN_ID] in named or row[EXECUTION_ID] in of} | wanted.locks


class PostgresStore(SqlStore):
    """Executions in Postgres; to be used from one thread at a time."""

    def __init__(self, url: str) -> None:
        super().__init__(PostgresDatabase(url))
        self.errands = Errands(self.database)
