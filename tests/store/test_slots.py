"""Concurrency limits through the store: what one batch changes counts at once, written or not."""

from datetime import timedelta
from pathlib import Path

import pytest

from tests.store.test_store import NOW, a_flow, claim, end, start
from tests.unit.kernel.driver import task
from tiercel.flows.models import Concurrency, Flow
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.events import KillRequested, RestartRequested
from tiercel_orchestrator.kernel.rows import Execution
from tiercel_orchestrator.store.port import ClaimRequest, Report
from tiercel_orchestrator.store.queries import named_queries
from tiercel_orchestrator.store.sqlite import SqliteStore
from tiercel_orchestrator.store.store import SqlStore


def limited(limit: int) -> Flow:
    return a_flow(task("a"), concurrency=Concurrency(limit, "QUEUE"))


def states_of(store: SqlStore, *ids: str) -> list[str]:
    return [found.state if (found := store.execution(one)) else "" for one in ids]


def test_two_that_end_in_one_batch_let_two_go_the_longest_queued_first(store: SqlStore) -> None:
    for name in ("a", "b", "c", "d", "e"):
        deciding = start(store, limited(2), name)
    assert states_of(store, "a", "b", "c", "d", "e") == ["RUNNING", "RUNNING", "QUEUED", "QUEUED", "QUEUED"]
    store.finish([end(run) for run in claim(store)], deciding, NOW)
    assert states_of(store, "a", "b", "c", "d", "e") == ["SUCCESS", "SUCCESS", "RUNNING", "RUNNING", "QUEUED"]


def test_a_batch_that_ends_one_and_kills_a_queued_one_starts_the_one_behind(store: SqlStore) -> None:
    for name in ("a", "b", "c"):
        deciding = start(store, limited(1), name)
    (run,) = claim(store)
    store.finish([Report(KillRequested(store.root_run("b").id)), end(run)], deciding, NOW)
    assert states_of(store, "a", "b", "c") == ["SUCCESS", "KILLED", "RUNNING"]


def test_a_batch_that_meets_the_limit_is_worked_out_again_and_told_once(store: SqlStore) -> None:
    deciding = start(store, limited(1), "a")
    execution = Execution("b", "n", "f", 1, "b")
    changes = store.apply(execution, deciding, NOW)
    found = store.execution("b")
    assert found is not None
    assert [state for state, _ in found.history] == [states.CREATED, states.QUEUED]
    assert [change.execution.state for change in changes] == [states.QUEUED]


def test_what_is_restarted_and_due_is_claimed_with_the_same_batch(store: SqlStore) -> None:
    deciding = start(store, a_flow(task("a"), task("b")))
    (run,) = claim(store)
    store.finish([end(run, states.FAILED)], deciding, NOW)
    restart = Report(RestartRequested(store.root_run("e").id))
    finished = store.finish([restart], deciding, NOW, ClaimRequest("me", 5, timedelta(seconds=60)))
    assert [(one.run.work, one.execution.state) for one in finished.claims] == [("timer", "RESTARTED")]
    assert states_of(store, "e") == [states.RESTARTED]


def test_a_copy_keeps_its_runs_and_tells_of_its_own_state_only(store: SqlStore) -> None:
    deciding = start(store, a_flow(task("a")))
    (run,) = claim(store)
    store.finish([end(run)], deciding, NOW)
    copied, root = store.execution("e"), store.every_run("e")[0]
    assert copied is not None
    copied.id, root.id, root.execution_id = "copy", "copied-root", "copy"
    assert len(store.copy(copied, [root], deciding, NOW)) == 1
    assert store.copy(copied, [root], deciding, NOW) == []
    assert [one.id for one in store.every_run("copy")] == ["copied-root"]
    told = store.database.all("events", execution_id="copy", after=0)
    assert [row[4] for row in told] == [states.SUCCESS]


@pytest.mark.parametrize("query", ["others_running", "next_queued"])
def test_asking_for_slots_reads_what_is_alive_only(tmp_path: Path, query: str) -> None:
    store = SqliteStore(tmp_path / "engine.db")
    parameters = {"namespace": "n", "flow_id": "f", "known": "[]"}
    store.database.queries["plan_of"] = "explain query plan " + named_queries("sqlite")[query]  # type: ignore[attr-defined]
    assert "executions_alive" in str([tuple(row) for row in store.database.all("plan_of", **parameters)])
    store.close()
