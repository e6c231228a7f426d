"""The store: batches of events as units of work, over the database of any dialect."""

import json
import logging
from collections.abc import Callable, Collection, Iterable, Sequence
from copy import deepcopy
from datetime import datetime, timedelta
from typing import TypeVar

from tiercel.clock import timestamp
from tiercel_orchestrator.kernel.rows import Execution, TaskRun
from tiercel_orchestrator.store import codec
from tiercel_orchestrator.store.applying import EXTENTS, Applying
from tiercel_orchestrator.store.claiming import Claiming
from tiercel_orchestrator.store.errands import Errands
from tiercel_orchestrator.store.memory import Memory
from tiercel_orchestrator.store.port import (
    Change,
    ChangeMemory,
    ClaimRequest,
    Decide,
    Finished,
    Handed,
    Removed,
    Report,
    Requested,
    StoreUnavailable,
)
from tiercel_orchestrator.store.reading import Reading
from tiercel_orchestrator.store.removing import TRIES, Removing
from tiercel_orchestrator.store.saving import Writing
from tiercel_orchestrator.store.tables import Closed, Conflict, Database, Stale, Wanted, WantsMore
from tiercel_orchestrator.store.unit import POSITION, Unit

T = TypeVar("T")
logger = logging.getLogger("tiercel.store")


class SqlStore(Reading, Removing):
    """Executions in a database; to be used from one thread at a time."""

    def __init__(self, database: Database) -> None:
        super().__init__(database)
        self.memory = Memory()
        self.errands: Errands | None = None

    def claim(self, request: ClaimRequest, now: datetime) -> Finished:
        return self._commit(lambda unit: [], Wanted(), now, request)

    def finish(
        self, reports: Sequence[Report], decide: Decide, now: datetime, claim: ClaimRequest | None = None
    ) -> Finished:
        try:
            return self._commit(_taking(reports, decide, now), _wanted(reports), now, claim)
        except StoreUnavailable:
            raise
        except Exception:
            self.memory.forget_all()  # be it at fault: what is read is tried before anything is parked
            if not reports:
                raise
            return self._finish_one_by_one(reports, decide, now, claim)

    def apply(self, execution: Execution, decide: Decide, now: datetime) -> list[Change]:
        def create(unit: Unit) -> list[Change]:
            applying = Applying(unit, decide, now)
            applying.create(deepcopy(execution))  # tried again, it is to be as it was
            return applying.changes

        wanted = Wanted(executions={execution.id})
        if execution.parent_run_id:
            wanted.runs.add(execution.parent_run_id)
        return list(self._commit(create, wanted, now).changes)

    def copy(
        self, execution: Execution, runs: Sequence[TaskRun], decide: Decide, now: datetime
    ) -> list[Change]:
        def copy(unit: Unit) -> list[Change]:
            applying = Applying(unit, decide, now)
            applying.copy(execution, runs)
            return applying.changes

        return list(self._commit(copy, Wanted(executions={execution.id}), now).changes)

    def extend(self, owner: str, now: datetime, lease: timedelta) -> None:
        self.database.run("extend_leases", owner=owner, lease_until=codec.micros(now + lease))

    def hand_over(self, handed: Sequence[Handed], owner: str) -> None:
        held = [{"id": one.run_id, "lease": one.lease, "until": codec.micros(one.until)} for one in handed]
        self.memory.forget([one.run_id for one in handed])
        self.database.run("hand_over", held=codec.dump(held), owner=owner)

    def arm(self, at: datetime, now: datetime) -> bool:
        return bool(self.database.run("arm", at=str(codec.micros(at)), now=str(codec.micros(now))))

    def strip(self, ids: Collection[str], *, trees: bool, keep_logs: bool) -> list[Removed]:
        self.memory.forget_all()
        return super().strip(ids, trees=trees, keep_logs=keep_logs)

    def sweep(self, now: datetime, gone: Iterable[str], alive: Iterable[str] = ()) -> int:
        known = {"gone": codec.dump(list(gone)), "alive": codec.dump(list(alive))}
        self.memory.forget_all()
        return self.database.run("release_expired", now=codec.micros(now), **known)

    def give_back(self, owner: str, keep: Iterable[str], now: datetime) -> int:
        self.memory.forget_all()
        return self.database.run("give_back", owner=owner, keep=codec.dump(list(keep)), now=codec.micros(now))

    def next_due(self, root_id: str | None = None, *, tasks_too: bool = True) -> datetime | None:
        row = self.database.one("next_due", root=root_id, tasks_too=tasks_too)
        return None if row is None or row[0] is None else codec.moment(row[0])

    def put_flow(self, namespace: str, flow_id: str, source: str, now: datetime) -> int:
        with self.database.writing() as transaction:
            transaction.lock_flow(namespace, flow_id)
            latest = transaction.one("latest_flow", namespace=namespace, id=flow_id)
            if latest and latest[1] == source:
                return int(latest[0])
            row = {"namespace": namespace, "id": flow_id, "source": source, "created_at": timestamp(now)}
            revision = int(latest[0]) + 1 if latest else 1
            transaction.run("insert_flow", revision=revision, **row)
        return revision

    def ask(self, request: Requested) -> None:
        self.database.run("insert_request", **codec.request_to_columns(request))

    def refuse(self, execution_id: str, reason: str) -> None:
        self.database.run("refuse_request", id=execution_id, refusal=codec.plain(reason))

    def put_template(self, namespace: str, template_id: str, source: str, now: datetime) -> None:
        row = {"namespace": namespace, "id": template_id, "source": source, "created_at": timestamp(now)}
        self.database.run("insert_template", **row)

    def change_trigger(self, namespace: str, flow_id: str, trigger_id: str, change: ChangeMemory[T]) -> T:
        key = {"namespace": namespace, "flow_id": flow_id, "id": trigger_id}
        with self.database.writing() as transaction:
            transaction.lock_flow(namespace, flow_id)
            row = transaction.one("trigger_state", **key)
            memory, given = change(json.loads(row[0]) if row else None)
            transaction.run("keep_trigger_state", state=codec.dump(dict(memory)), **key)
        return given

    def switch_trigger(self, namespace: str, flow_id: str, trigger_id: str, *, enabled: bool) -> None:
        key = {"namespace": namespace, "flow_id": flow_id, "id": trigger_id}
        self.database.run("switch_trigger", disabled=not enabled, **key)

    def close(self) -> None:
        self.database.close()

    # -- transactions

    def _commit(
        self,
        work: Callable[[Unit], Sequence[Change]],
        wanted: Wanted,
        now: datetime,
        claim: ClaimRequest | None = None,
    ) -> Finished:
        """Do work in one transaction, again while it turns out to need more or others come in between."""
        conflicts = 0
        memory: Memory | None = self.memory
        while True:
            try:
                return self._try(work, wanted, now, claim, memory)
            except WantsMore:
                continue  # each time more is wanted than before
            except Stale:
                memory = None
            except Conflict as conflict:
                memory = None
                conflicts += 1
                if conflicts == TRIES:
                    raise StoreUnavailable(f"The store was busy {TRIES} times: {conflict}.") from conflict

    def _try(
        self,
        work: Callable[[Unit], Sequence[Change]],
        wanted: Wanted,
        now: datetime,
        claim: ClaimRequest | None,
        memory: Memory | None,
    ) -> Finished:
        self.memory.turn()
        with self.database.writing() as transaction:
            loaded = transaction.open(wanted, claim, now, memory)
            unit = Unit(transaction, wanted, loaded, self.plans)
            changes = [*work(unit)]
            claimed = Claiming(unit, claim, loaded.due, now).take() if claim else Finished(())
            runs, executions = unit.unlocked()
            if runs or (executions and not transaction.guard(executions)):
                wanted.locks |= runs
                wanted.executions |= executions
                raise WantsMore
            tasks = sum(claim.run.request is None for claim in claimed.claims)
            writing = Writing(unit)
            tasks_too = claim is not None and tasks < claim.limit
            try:
                closed = transaction.close(writing.saving(), claim, tasks_too, unit.checks())
            except Stale:
                self.memory.leave_alone(unit.executions)
                raise
        for key, named in writing.fresh.items():
            self.plans.keep(key, named)
        self._remember(unit, writing, closed)
        self.memory.note_due(claim, closed.due, tasks_too=tasks_too)
        return Finished([*changes, *claimed.changes], claimed.claims, closed.due)

    def _remember(self, unit: Unit, writing: Writing, closed: Closed) -> None:
        """Remember what was written: as it is now, nobody changes these rows any more."""
        positions = unit.positions | {one: int(row[POSITION]) for one, row in unit.rows.items()}
        if closed.first is not None:
            positions |= {run_id: closed.first + place for place, run_id in enumerate(unit.created)}
        if closed.version is None:
            parked = {*unit.saving.parked}
            executions = [*unit.executions.values()]
            runs = [run for run in unit.runs.values() if run.id not in parked]
        else:
            executions = [*unit.created_executions.values(), *unit.changed_executions.values()]
            runs = [*unit.created.values(), *unit.changed.values()]
        self.memory.forget([*unit.gone, *unit.saving.parked])
        if unit.saving.below:  # more may be gone than was read
            self.memory.forget_runs_of(unit.executions)
        self.memory.note(runs, executions, closed.version, positions, unit.named | writing.fresh)

    def _finish_one_by_one(
        self, reports: Sequence[Report], decide: Decide, now: datetime, claim: ClaimRequest | None
    ) -> Finished:
        """Take in each report by itself: a bug of ours that one meets stops its task run alone."""
        changes: list[Change] = []
        for report in reports:
            try:
                done = self._commit(_taking([report], decide, now), _wanted([report]), now)
                changes += done.changes
            except StoreUnavailable:
                raise
            except Exception as error:
                logger.exception("%s could not be taken in", report.event)
                self._park(report.event.run_id, decide, error, now)
        claimed = self._commit(lambda unit: [], Wanted(), now, claim)
        return Finished([*changes, *claimed.changes], claimed.claims, claimed.next_due)

    def _park(self, run_id: str, decide: Decide, error: Exception, now: datetime) -> None:
        def park(unit: Unit) -> list[Change]:
            Applying(unit, decide, now).park(run_id, error)
            return []

        self._commit(park, Wanted(runs={run_id}), now)


def _taking(reports: Sequence[Report], decide: Decide, now: datetime) -> Callable[[Unit], list[Change]]:
    def take_in(unit: Unit) -> list[Change]:
        applying = Applying(unit, decide, now)
        for report in reports:
            applying.report(report)
        return applying.changes

    return take_in


def _wanted(reports: Sequence[Report]) -> Wanted:
    """Say what these reports touch as far as it is known beforehand."""
    wanted = Wanted(runs={report.event.run_id for report in reports})
    for report in reports:
        wanted.add(report.event.run_id, EXTENTS.get(type(report.event), "lineage"))
    return wanted
