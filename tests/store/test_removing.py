"""Removal of what has ended: whole trees with all their rows, and nothing that lives."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import pytest

from tests.store.test_store import NOW, Deciding, a_flow, claim, end
from tests.unit.kernel.driver import flowable, task
from tiercel.envelope import Metric
from tiercel.flows.models import Flow
from tiercel.plugin import LogLine
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.ids import root_run_id
from tiercel_orchestrator.kernel.rows import Execution
from tiercel_orchestrator.store import removing
from tiercel_orchestrator.store.port import Pruning, Report, StoreUnavailable
from tiercel_orchestrator.store.postgres import PostgresStore
from tiercel_orchestrator.store.store import SqlStore
from tiercel_orchestrator.store.tables import Conflict, Database, Transaction

TABLES = ("executions", "task_runs", "plans", "logs", "metrics", "events")
LATER = NOW + timedelta(days=1)
MANY = 40


def rows(store: SqlStore) -> dict[str, int]:
    """Count the rows of all tables."""
    prefix = "tiercel." if isinstance(store, PostgresStore) else ""
    counts = {}
    for table in TABLES:
        store.database.queries["count"] = f"select count(*) from {prefix}{table}"  # type: ignore[attr-defined]
        (row,) = store.database.all("count")
        counts[table] = int(row[0])
    return counts


def created(
    store: SqlStore,
    execution_id: str,
    root_id: str | None = None,
    flow: Flow | None = None,
    flow_id: str = "f",
) -> Deciding:
    """Begin with an execution that has a log line, a metric and several task runs to come."""
    flow = flow or a_flow(flowable("p", "Parallel", task("a"), task("b")))
    deciding = Deciding(flow)
    store.apply(Execution(execution_id, "n", flow_id, 1, root_id or execution_id), deciding, NOW)
    return deciding


def ended(store: SqlStore, execution_id: str, now: datetime = NOW, **rest: str) -> None:
    """Let an execution begin and end."""
    deciding = created(store, execution_id, **rest)  # type: ignore[arg-type]
    deciding.now = now
    said = [LogLine("2026-01-01T00:00:00.000Z", "INFO", "hello")]
    while claims := claim(store, now, root=rest.get("root_id", execution_id)):
        reports = [Report(end(run).event, said, [Metric(name="m", value=1)]) for run in claims]
        store.finish(reports, deciding, now)
    found = store.execution(execution_id)
    assert found is not None
    assert found.state == states.SUCCESS


def may_go(store: SqlStore, **wanted: object) -> list[str]:
    batches = store.prunable(Pruning(**wanted))  # type: ignore[arg-type]
    return [tree.root_id for trees in batches for tree in trees]


def remove(store: SqlStore, *ids: str, trees: bool = True, keep_logs: bool = False) -> int:
    return store.drop([one.id for one in store.strip(ids, trees=trees, keep_logs=keep_logs)])


def test_what_ended_before_a_moment_may_go_the_oldest_first(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(store, "c")
    ended(store, "a")
    ended(store, "b", LATER)
    created(store, "running")
    assert may_go(store, before=LATER) == ["c", "a"]
    assert may_go(store, before=LATER + timedelta(seconds=1)) == ["c", "a", "b"]
    assert may_go(store, before=NOW) == []
    monkeypatch.setattr(removing, "TREES_AT_ONCE", 1)
    assert may_go(store, before=LATER) == ["c", "a"]
    assert len(list(store.prunable(Pruning(LATER)))) == 2


def test_the_newest_of_each_flow_may_be_kept(store: SqlStore) -> None:
    for number in range(4):
        ended(store, f"f{number}")
        ended(store, f"g{number}", flow_id="g")
    ended(store, "child", root_id="f3")
    assert may_go(store, keep=3) == ["f0", "g0"]
    assert may_go(store, keep=1, flow_id="g") == ["g0", "g1", "g2"]
    assert may_go(store, keep=1, before=NOW) == []
    assert may_go(store, keep=9) == []
    assert may_go(store, keep=1, namespace="elsewhere") == []


def test_a_tree_goes_when_all_in_it_has_ended_and_then_as_a_whole(store: SqlStore) -> None:
    ended(store, "root")
    deciding = created(store, "child", root_id="root")
    assert may_go(store) == []
    assert remove(store, "root") == 0
    while claims := claim(store, LATER):
        deciding.now = LATER
        store.finish([end(run) for run in claims], deciding, LATER)
    assert may_go(store, before=LATER) == []
    assert list(store.prunable(Pruning())) == [[("root", 2)]]
    assert remove(store, "root") == 2
    assert set(rows(store).values()) == {0}


def test_a_removal_takes_all_rows_of_its_executions_and_no_others(store: SqlStore) -> None:
    ended(store, "other")
    before = rows(store)
    assert all(before.values())
    ended(store, "gone")
    assert rows(store) == {table: 2 * count for table, count in before.items()}
    assert remove(store, "gone") == 1
    assert rows(store) == before
    assert store.execution("gone") is None
    assert store.logs("other")


def test_a_removal_may_leave_the_logs_which_go_by_their_age(store: SqlStore) -> None:
    ended(store, "gone")
    remove(store, "gone", trees=False, keep_logs=True)
    assert len(store.logs("gone")) == 2
    store.remove_strays(datetime.fromisoformat("2026-01-01T00:00:00+00:00"))
    assert len(store.logs("gone")) == 2
    ended(store, "stays")
    store.remove_strays(LATER)
    assert store.logs("gone") == []
    assert len(store.logs("stays")) == 2


def test_one_execution_goes_without_those_that_it_started_and_they_for_themselves(store: SqlStore) -> None:
    ended(store, "root")
    ended(store, "child", root_id="root")
    assert remove(store, "root", trees=False) == 1
    assert may_go(store) == ["child"]
    assert remove(store, "child") == 1


def test_many_rows_go_in_several_transactions(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removing, "ROWS_AT_ONCE", 3)
    ended(store, "wide", flow=a_flow(flowable("p", "Parallel", *(task(f"t{n}") for n in range(MANY)))))  # type: ignore[arg-type]
    transactions = 0
    writing = store.database.writing

    def counted() -> object:
        nonlocal transactions
        transactions += 1
        return writing()

    monkeypatch.setattr(store.database, "writing", counted)
    assert remove(store, "wide") == 1
    assert transactions > MANY // 3
    assert set(rows(store).values()) == {0}


def test_an_interrupted_removal_is_found_again_and_what_it_left_cannot_begin(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(store, "e")
    store.strip(["e"], trees=True, keep_logs=False)
    assert store.execution("e") is not None
    assert store.task_run(root_run_id("e")) is None
    assert may_go(store) == ["e"]
    assert remove(store, "e") == 1


def test_a_removal_that_others_disturb_is_tried_again_and_given_up_in_the_end(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(store, "e")
    strip, left = SqlStore._strip_some, [2]

    def disturbed(self: SqlStore, *arguments: object) -> object:
        if left[0]:
            left[0] -= 1
            raise Conflict("deadlock")
        return strip(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(SqlStore, "_strip_some", disturbed)
    assert remove(store, "e") == 1
    ended(store, "f")
    left[0] = removing.TRIES
    with pytest.raises(StoreUnavailable, match="busy"):
        remove(store, "f")


def test_many_executions_go_in_several_transactions(store: SqlStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(removing, "EXECUTIONS_AT_ONCE", 2)
    ended(store, "root")
    for number in range(4):
        ended(store, f"child{number}", root_id="root")
    assert remove(store, "root") == 5
    assert set(rows(store).values()) == {0}


def test_one_that_begins_again_before_its_turn_is_left_as_it_is(
    store: SqlStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    ended(store, "root")
    ended(store, "child", root_id="root")
    before = store.task_runs("child")
    looked = removing._unended

    def looking(database: Database | Transaction, ids: Sequence[str]) -> set[str]:
        return looked(database, ids) | (
            {"child"} if not isinstance(database, type(store.database)) else set()
        )

    monkeypatch.setattr(removing, "_unended", looking)
    assert remove(store, "root") == 1
    assert [run.id for run in store.task_runs("child")] == [run.id for run in before]
