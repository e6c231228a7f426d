"""What every store must do: five calls, durable, fenced; one suite for all dialects."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.unit.kernel.driver import flowable, task
from tiercel.clock import timestamp
from tiercel.envelope import Metric
from tiercel.flows.models import Flow, Retry
from tiercel.plugin import LogLine
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.decision import Decision, Touched
from tiercel_orchestrator.kernel.events import Ended, Event, KillRequested
from tiercel_orchestrator.kernel.kernel import decide
from tiercel_orchestrator.kernel.rows import Execution, TaskRun
from tiercel_orchestrator.store.port import ClaimRequest, Filter, Report, Store, StoreUnavailable
from tiercel_orchestrator.store.sqlite import SqliteDatabase, SqliteStore
from tiercel_orchestrator.store.store import SqlStore

NOW = datetime(2026, 1, 1, tzinfo=UTC)
LEASE = timedelta(seconds=60)


class Deciding:
    """The kernel over one flow, as an engine passes it to the store."""

    def __init__(self, flow: Flow, now: datetime = NOW) -> None:
        self.flow = flow
        self.now = now

    def __call__(self, touched: Touched, event: Event) -> Decision:
        return decide(self.flow, touched, event, self.now)


def a_flow(*tasks: object, **rest: object) -> Flow:
    return Flow("f", "n", tasks, **rest)  # type: ignore[arg-type]


def start(store: Store, flow: Flow, execution_id: str = "e") -> Deciding:
    deciding = Deciding(flow)
    store.apply(Execution(execution_id, "n", "f", 1, execution_id), deciding, NOW)
    return deciding


def claim(
    store: Store, now: datetime = NOW, limit: int = 100, owner: str = "me", root: str | None = None
) -> list[TaskRun]:
    return [claim.run for claim in store.claim(ClaimRequest(owner, limit, LEASE, root), now).claims]


def end(run: TaskRun, state: str = states.SUCCESS, **outputs: object) -> Report:
    return Report(Ended(run.id, run.lease, state, dict(outputs)))


def test_an_execution_comes_back_as_it_was_written(store: Store) -> None:
    execution = Execution("e", "n", "f", 3, "e", inputs={"z": 1.0, "a": "ü"}, labels={"k": "v"})
    store.apply(execution, Deciding(a_flow(task("a"))), NOW)
    found = store.execution("e")
    assert found is not None
    assert (found.inputs, found.labels, found.revision) == ({"z": 1.0, "a": "ü"}, {"k": "v"}, 3)
    assert list(found.inputs) == ["z", "a"]
    assert found.history == [(states.CREATED, timestamp(NOW)), (states.RUNNING, timestamp(NOW))]


def test_an_execution_that_exists_is_not_started_twice(store: Store) -> None:
    flow = a_flow(task("a"))
    start(store, flow)
    assert store.apply(Execution("e", "n", "f", 1, "e"), Deciding(flow), NOW) == []
    assert len(store.task_runs("e")) == 1


def test_what_is_claimed_is_claimed_once(store: Store) -> None:
    start(store, a_flow(flowable("p", "Parallel", task("a"), task("b"), task("c"))))
    assert len(claim(store, limit=2)) == 2
    assert len(claim(store, limit=2)) == 1
    assert claim(store) == []


def test_a_claimed_run_is_running_with_an_attempt(store: Store) -> None:
    start(store, a_flow(task("a")))
    (run,) = claim(store)
    assert run.state == states.RUNNING
    assert [attempt.state for attempt in store.task_runs("e")[0].attempts] == [states.RUNNING]


def test_claims_may_be_narrowed_to_one_tree(store: Store) -> None:
    start(store, a_flow(task("a")), "one")
    start(store, a_flow(task("a")), "two")
    assert [run.execution_id for run in claim(store, root="two")] == ["two"]


def test_an_end_writes_what_follows_in_the_same_commit_and_claims_it(store: Store) -> None:
    deciding = start(store, a_flow(task("a"), task("b")))
    (run,) = claim(store)
    finished = store.finish([end(run, value=1)], deciding, NOW, ClaimRequest("me", 5, LEASE))
    assert [claim.run.task_id for claim in finished.claims] == ["b"]
    assert [run.outputs for run in store.task_runs("e")] == [{"value": 1}, None]


def test_a_result_that_comes_twice_is_applied_once(store: Store) -> None:
    deciding = start(store, a_flow(task("a"), task("b")))
    (run,) = claim(store)
    store.finish([end(run, value=1), end(run, value=2)], deciding, NOW)
    store.finish([end(run, states.FAILED)], deciding, NOW)
    assert [(run.task_id, run.outputs) for run in store.task_runs("e")] == [("a", {"value": 1}), ("b", None)]


def test_the_logs_and_metrics_of_an_ignored_result_are_not_written(store: Store) -> None:
    deciding = start(store, a_flow(task("a")))
    (run,) = claim(store)
    line = LogLine(timestamp(NOW), "INFO", "said")
    report = Report(Ended(run.id, run.lease, states.SUCCESS), [line], [Metric(name="rows", value=2)])
    store.finish([report, report], deciding, NOW)
    assert [row.line for row in store.logs("e")] == [line]
    assert [(task_id, metric.value) for task_id, metric in store.metrics("e")] == [("a", 2.0)]


def test_a_lease_that_expires_is_given_back_and_its_late_result_is_ignored(store: Store) -> None:
    deciding = start(store, a_flow(task("a")))
    (run,) = claim(store)
    later = NOW + LEASE + timedelta(seconds=1)
    assert store.sweep(later, []) == 1
    (again,) = claim(store, later, owner="other")
    assert (again.id, again.attempt, again.lease) == (run.id, 1, 2)
    store.finish([end(run, states.FAILED)], deciding, later)
    assert [run.state for run in store.task_runs("e")] == [states.RUNNING]
    store.finish([end(again)], deciding, later)
    assert [run.state for run in store.task_runs("e")] == [states.SUCCESS]


def test_a_lease_is_prolonged_by_its_owner(store: Store) -> None:
    start(store, a_flow(task("a")))
    claim(store)
    store.extend("me", NOW + LEASE, LEASE)
    assert store.sweep(NOW + LEASE + timedelta(seconds=1), []) == 0


def test_the_leases_of_an_owner_that_is_gone_are_given_back_at_once(store: Store) -> None:
    start(store, a_flow(task("a")))
    claim(store, owner="gone")
    assert store.owners() == ["gone"]
    assert store.sweep(NOW, ["gone"]) == 1
    assert len(claim(store)) == 1


def test_a_retry_is_due_when_its_policy_says(store: Store) -> None:
    retry = Retry("constant", timedelta(seconds=10), max_attempts=2)
    deciding = start(store, a_flow(task("a", retry=retry)))
    (run,) = claim(store)
    store.finish([end(run, states.FAILED)], deciding, NOW)
    assert claim(store) == []
    assert store.next_due() == NOW + timedelta(seconds=10)
    (again,) = claim(store, NOW + timedelta(seconds=10))
    assert again.attempt == 2


def test_a_kill_reaches_every_live_run(store: Store) -> None:
    deciding = start(store, a_flow(flowable("p", "Parallel", task("a"), task("b")), task("c")))
    claim(store, limit=1)
    store.finish([Report(KillRequested(store.root_run("e").id))], deciding, NOW)
    assert {run.state for run in store.task_runs("e")} == {states.KILLED}
    assert store.unfinished() == []


def test_a_commit_that_fails_leaves_nothing_behind(store: Store) -> None:
    deciding = start(store, a_flow(task("a"), task("b")))
    (run,) = claim(store)

    def failing(touched: Touched, event: Event) -> Decision:
        deciding(touched, event)
        raise StoreUnavailable("the disk is full")

    before = store.task_runs("e")
    with pytest.raises(StoreUnavailable, match="the disk is full"):
        store.finish([end(run)], failing, NOW)
    assert store.task_runs("e") == before
    store.finish([end(run)], deciding, NOW)
    assert [run.task_id for run in store.task_runs("e")] == ["a", "b"]


def test_a_bug_that_one_event_meets_stops_its_task_run_and_nothing_else(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    flow = a_flow(task("a"), task("b"))
    deciding = start(store, flow, "one")
    start(store, flow, "two")
    first, second = claim(store)

    def failing(touched: Touched, event: Event) -> Decision:
        if touched.execution.id == "one":
            raise KeyError("a bug")
        return deciding(touched, event)

    store.finish([end(first), end(second)], failing, NOW)
    assert [run.task_id for run in store.task_runs("two")] == ["a", "b"]
    (parked,) = store.task_runs("one")
    assert (parked.work, parked.state) == ("", states.RUNNING)
    assert "tiercel kill" in store.logs("one")[0].line.message
    assert "KeyError" in caplog.text
    assert not store.busy("one")


def test_a_clock_that_jumps_takes_nothing_from_an_owner_that_lives(store: Store) -> None:
    start(store, a_flow(task("a")))
    claim(store, owner="alive")
    later = NOW + LEASE * 100
    assert store.sweep(later, [], ["alive"]) == 0
    assert store.sweep(later, [], []) == 1


def test_executions_are_listed_newest_first_and_filtered(store: Store) -> None:
    for execution_id in ("one", "two", "three"):
        start(store, a_flow(task("a")), execution_id)
    assert [one.id for one in store.executions(Filter(limit=2))] == ["three", "two"]
    assert store.executions(Filter(namespace="other")) == []


def test_a_flow_keeps_its_revision_until_its_source_changes(store: Store) -> None:
    assert [store.put_flow("n", "f", source, NOW) for source in ("a", "a", "b", "b")] == [1, 1, 2, 2]
    assert store.flow_source("n", "f") == (2, "b")
    assert store.flow_source("n", "f", 1) == (1, "a")
    assert store.flow_source("n", "missing") is None


def events(store: Store) -> list[tuple[str | None, str]]:
    assert isinstance(store, SqlStore)
    return [(row[3], row[4]) for row in store.database.all("events", execution_id="e", after=0)]


def test_what_happened_can_be_followed_as_rows(store: Store) -> None:
    deciding = start(store, a_flow(task("a")))
    (run,) = claim(store)
    store.finish([end(run)], deciding, NOW)
    assert events(store) == [
        (None, "CREATED"),
        ("a", "CREATED"),
        (None, "RUNNING"),
        ("a", "RUNNING"),
        ("a", "SUCCESS"),
        (None, "SUCCESS"),
    ]


def test_a_result_that_is_ignored_is_recorded(store: Store) -> None:
    deciding = start(store, a_flow(task("a")))
    (run,) = claim(store)
    store.finish([end(run), end(run)], deciding, NOW)
    assert [state for task_id, state in events(store) if task_id == "a"] == [
        "CREATED",
        "RUNNING",
        "SUCCESS",
        "IGNORED",
    ]


def test_a_file_that_is_opened_again_holds_everything(tmp_path: Path) -> None:
    first = SqliteStore(tmp_path / "engine.db")
    start(first, a_flow(task("a")))
    first.close()
    again = SqliteStore(tmp_path / "engine.db")
    assert [one.id for one in again.unfinished()] == ["e"]
    assert isinstance(again.database, SqliteDatabase)
    assert again.database.connection.execute("pragma journal_mode").fetchone()[0] == "wal"
    again.close()


def test_an_owner_gives_back_what_it_does_not_know_of(store: Store) -> None:
    deciding = start(store, a_flow(flowable("p", "Parallel", task("a"), task("b"))))
    known, unknown = claim(store)
    claim(store, owner="somebody else")
    assert store.give_back("me", [known.id], NOW) == 1
    (again,) = claim(store)
    assert (again.id, again.lease) == (unknown.id, unknown.lease + 1)
    store.finish([end(known), end(again)], deciding, NOW)
    assert all(run.ended for run in store.task_runs("e"))
