"""What has ended, removed with all its rows: in transactions of bounded size, and never what runs again."""

import json
from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

from tiercel import clock
from tiercel.clock import parse_timestamp, timestamp
from tiercel.operations import ExecutionQuery, FoundExecution
from tiercel_orchestrator.store import codec
from tiercel_orchestrator.store.port import Pruning, Removed, StoreUnavailable, Tree
from tiercel_orchestrator.store.tables import Conflict, Database, Transaction, Wanted

TREES_AT_ONCE = 100
EXECUTIONS_AT_ONCE = 200
ROWS_AT_ONCE = 5_000
"""How many rows of a table a transaction removes at most: others wait no longer than that takes."""
TRIES = 20


class Removing:
    """Removal from the database of any dialect."""

    database: Database

    def prunable(self, wanted: Pruning) -> Iterator[list[Tree]]:
        """Give trees that may go, the oldest first, in batches; what goes may be removed in between."""
        before = timestamp(wanted.before) if wanted.before else None
        kept: dict[tuple[str, str], int] = {}
        filters = {"namespace": wanted.namespace, "flow_id": wanted.flow_id, "before": before}
        after = 0
        while rows := self.database.all("old_executions", after=after, limit=TREES_AT_ONCE, **filters):
            after = rows[-1][0]
            old = [row[1] for row in rows if not self._is_kept(row, wanted.keep, kept)]
            found = self.database.all("finished_trees", ids=codec.dump(old), before=before) if old else ()
            if found:
                yield [Tree(*row) for row in found]

    def _is_kept(self, row: codec.Row, keep: int | None, kept: dict[tuple[str, str], int]) -> bool:
        """Say whether an execution is among its flow's newest; `kept`: where these begin, as far as known."""
        if keep is None:
            return False
        position, _, namespace, flow_id = row
        if (namespace, flow_id) not in kept:
            oldest = self.database.one("oldest_kept", namespace=namespace, flow_id=flow_id, keep=keep)
            kept[namespace, flow_id] = int(oldest[0]) if oldest else 0
        return int(position) >= kept[namespace, flow_id]

    def strip(self, ids: Collection[str], *, trees: bool, keep_logs: bool) -> list[Removed]:
        """Remove all rows that belong to executions, but not these; give those that were stripped."""
        parts = [_Part(*row) for row in self.database.all("trees", ids=codec.dump([*ids]), trees=trees)]
        busy = _unended(self.database, [part.id for part in parts])
        alive = {part.tree for part in parts if part.id in busy}
        wanted = [Removed(part.id, part.namespace, part.flow_id) for part in parts if part.tree not in alive]
        stripped: list[Removed] = []
        for first in range(0, len(wanted), EXECUTIONS_AT_ONCE):
            stripped += self._strip(wanted[first : first + EXECUTIONS_AT_ONCE], keep_logs)
        return stripped

    def _strip(self, wanted: Sequence[Removed], keep_logs: bool) -> Sequence[Removed]:
        conflicts, more = 0, True
        while more:
            try:
                wanted, more = self._strip_some(wanted, keep_logs)
            except Conflict as conflict:
                conflicts += 1
                if conflicts == TRIES:
                    raise StoreUnavailable(f"The store was busy {TRIES} times: {conflict}.") from conflict
        return wanted

    def _strip_some(self, wanted: Sequence[Removed], keep_logs: bool) -> tuple[list[Removed], bool]:
        """Remove as many rows as one transaction may; give whose, and say whether there are more."""
        ids = [one.id for one in wanted]
        with self.database.writing() as transaction:
            # alone with them: nobody begins one again meanwhile
            transaction.open(Wanted(executions={*ids}), None, clock.now())
            busy = _unended(transaction, ids)
            ended = [one for one in wanted if one.id not in busy]
            named = codec.dump([one.id for one in ended])
            return ended, any(
                transaction.run(query, ids=named, limit=ROWS_AT_ONCE) == ROWS_AT_ONCE
                for query in _queries(keep_logs)
            )

    def find_executions(
        self, wanted: ExecutionQuery, after: int, limit: int
    ) -> list[tuple[int, FoundExecution]]:
        """Give executions from a position on, the oldest first, with their positions."""
        rows = self.database.all(
            "find_executions",
            namespace=wanted.namespace,
            below=f"{wanted.namespace}." if wanted.namespace and wanted.below else None,
            flow_id=wanted.flow_id,
            states=None if wanted.states is None else codec.dump([*wanted.states]),
            after=after,
            limit=limit,
        )
        return [
            (
                row[0],
                FoundExecution(row[1], row[2], row[3], row[4], parse_timestamp(json.loads(row[5])[0][1])),
            )
            for row in rows
        ]

    def purge_rows(self, kind: Literal["logs", "metrics"], execution_id: str) -> int:
        """Delete the log or the metrics of an execution; give how many rows there were."""
        return self.database.run(f"purge_{kind}_of", execution_id=execution_id)

    def drop(self, ids: Collection[str]) -> int:
        """Remove executions that were stripped; give how many."""
        return self.database.run("remove_executions", ids=codec.dump([*ids]))

    def remove_strays(self, before: datetime) -> None:
        """Remove what belongs to no execution: log lines that were kept, and requests that were refused."""
        while self.database.run("remove_stray_logs", before=timestamp(before), limit=ROWS_AT_ONCE):
            pass
        self.database.run("remove_refused_requests", asked_before=codec.micros(before))


def _queries(keep_logs: bool) -> Sequence[str]:
    logs = () if keep_logs else ("remove_logs",)
    return (*logs, "remove_metrics", "remove_events", "remove_plans", "remove_task_runs")


class _Part(NamedTuple):
    id: str
    tree: str
    namespace: str
    flow_id: str


def _unended(database: Database | Transaction, ids: Sequence[str]) -> set[str]:
    return {row[0] for row in database.all("unended", ids=codec.dump(ids))}
