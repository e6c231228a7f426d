"""What a store remembers is what the database has, and others may change it at any moment."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from tests.store.conftest import empty
from tests.store.test_store import NOW, Deciding, a_flow, claim, end, start
from tests.unit.kernel.driver import flowable, task
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.decision import Decision, Touched
from tiercel_orchestrator.kernel.events import Event, GoOnRequested, KillRequested, PauseRequested, Resumed
from tiercel_orchestrator.kernel.rows import TaskRun
from tiercel_orchestrator.store.port import Report
from tiercel_orchestrator.store.postgres import PostgresStore
from tiercel_orchestrator.store.sqlite import SqliteStore
from tiercel_orchestrator.store.store import SqlStore
from tiercel_orchestrator.store.tables import Wanted

NESTED = a_flow(
    task("first"),
    flowable("both", "Parallel", task("left"), flowable("then", "Sequential", task("one"), task("two"))),
    task("last"),
)


@pytest.fixture(params=["sqlite", "postgres", "pooler"])
def stores(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[SqlStore]]:
    """Give two stores of one database."""
    with ExitStack() as opened:
        if request.param == "sqlite":
            yield [opened.enter_context(closing(SqliteStore(tmp_path / "engine.db"))) for _ in range(2)]
        else:
            empty(request.getfixturevalue("postgres_url"))
            url = request.getfixturevalue(f"{request.param}_url")
            yield [opened.enter_context(closing(PostgresStore(url))) for _ in range(2)]


def work_off(store: SqlStore, deciding: Deciding, after_each: Callable[[], None]) -> list[TaskRun]:
    """Claim and end task runs until none is left."""
    while runs := claim(store):
        for run in runs:
            store.finish([end(run, value=run.task_id)], deciding, NOW)
            after_each()
    return store.task_runs("e")


def test_what_is_remembered_is_what_the_database_has(stores: list[SqlStore]) -> None:
    store, other = stores
    deciding = start(store, NESTED)
    seen: set[str] = set()

    def compare() -> None:
        for run_id, known in store.memory.runs.items():
            assert other.task_run(run_id) == known.row
            seen.add(run_id)
        for execution_id, one in store.memory.executions.items():
            assert other.execution(execution_id) == one.row

    compare()
    runs = work_off(store, deciding, compare)
    assert [run.state for run in runs] == [states.SUCCESS] * 7
    assert {run.id for run in runs} <= seen
    assert store.memory.runs == {}  # nobody goes on with what has ended


def test_what_was_handed_out_is_not_changed_by_what_comes_later(stores: list[SqlStore]) -> None:
    deciding = start(stores[0], NESTED)
    (first,) = claim(stores[0])
    stores[0].finish([end(first)], deciding, NOW)
    assert (first.state, first.work) == (states.RUNNING, "leased")


def test_a_step_that_is_remembered_is_not_read(stores: list[SqlStore]) -> None:
    store = stores[0]
    deciding = start(store, NESTED)
    (first,) = claim(store)
    recalled = store.memory.recall(Wanted(runs={first.id}))
    assert recalled.whole
    assert {known.row.id for known in recalled.runs} == {first.id, first.parent_id}
    assert store.finish([end(first)], deciding, NOW).changes


def test_a_kill_by_somebody_else_is_noticed(stores: list[SqlStore]) -> None:
    store, other = stores
    deciding = start(store, NESTED)
    (first,) = claim(store)
    other.finish([Report(KillRequested(store.root_run("e").id))], deciding, NOW)
    store.finish([end(first)], deciding, NOW)
    assert [run.state for run in other.task_runs("e")] == [states.KILLED]


def test_a_kill_between_deciding_and_writing_is_noticed(stores: list[SqlStore]) -> None:
    store, other = stores
    if isinstance(store, SqliteStore):
        pytest.skip("SQLite lets nobody write meanwhile")
    deciding = start(store, NESTED)
    (first,) = claim(store)
    decided: list[Event] = []

    def deciding_slowly(touched: Touched, event: Event) -> Decision:
        decision = deciding(touched, event)
        if not decided:
            other.finish([Report(KillRequested(store.root_run("e").id))], deciding, NOW)
        decided.append(event)
        return decision

    store.finish([end(first)], deciding_slowly, NOW)
    assert [run.state for run in other.task_runs("e")] == [states.KILLED]
    assert len(decided) > 1  # from memory, and again from what is there


def test_two_that_work_by_turns_lose_nothing(stores: list[SqlStore]) -> None:
    deciding = start(stores[0], NESTED)
    turn = 0
    while runs := claim(stores[turn % 2]):
        for run in runs:
            turn += 1
            stores[turn % 2].finish([end(run)], deciding, NOW)
    assert [run.state for run in stores[0].task_runs("e")] == [states.SUCCESS] * 7


def test_what_others_work_on_too_is_read_for_a_while(stores: list[SqlStore]) -> None:
    store = stores[0]
    start(store, NESTED)
    (first,) = claim(store)
    store.memory.leave_alone(["e"])
    assert not store.memory.recall(Wanted(runs={first.id})).whole
    assert (store.memory.runs, store.memory.executions) == ({}, {})


PAUSED = a_flow(
    flowable("both", "Parallel", flowable("pause", "Pause"), task("left"), task("right")), task("last")
)


def test_what_was_only_read_is_not_taken_for_what_is_there(stores: list[SqlStore]) -> None:
    store, other = stores
    deciding = start(store, PAUSED)
    (left,), (right,) = claim(store, limit=1), claim(other, limit=1)
    (pause,) = [run for run in other.task_runs("e") if run.task_id == "pause"]
    other.finish([Report(Resumed(pause.id))], deciding, NOW)
    store.finish([Report(Resumed(pause.id))], deciding, NOW)  # a second click, which is ignored
    other.finish([end(right)], deciding, NOW)
    store.finish([end(left)], deciding, NOW)
    assert [run.task_id for run in claim(store)] == ["last"]


def test_what_is_refused_leaves_nothing_behind_that_outlives_a_change(stores: list[SqlStore]) -> None:
    store, other = stores
    deciding = start(store, a_flow(task("one"), task("two")))
    store.memory.forget_all()
    (one,) = claim(store)
    root = store.root_run("e")
    store.finish([Report(GoOnRequested(root.id))], deciding, NOW)
    other.finish([Report(PauseRequested(root.id))], deciding, NOW)
    store.finish([end(one)], deciding, NOW)
    assert [run.work for run in other.task_runs("e")] == ["", "held"]


def test_a_run_that_a_bug_has_parked_is_read_again(stores: list[SqlStore]) -> None:
    store = stores[0]
    deciding = start(store, a_flow(task("one"), task("two")))
    (one,) = claim(store)

    def broken(touched: Touched, event: Event) -> Decision:
        raise RuntimeError("a bug")

    store.finish([end(one)], broken, NOW)
    store.finish([end(one)], deciding, NOW)
    assert [(run.task_id, run.state, run.work) for run in store.task_runs("e")] == [
        ("one", states.RUNNING, "")
    ]


def test_a_database_that_would_look_at_the_past_is_read_as_it_is(postgres_url: str) -> None:
    empty(postgres_url)
    repeatable = f"{postgres_url}?options=-c%20default_transaction_isolation%3Drepeatable%5C%20read"
    with closing(PostgresStore(repeatable)) as store, closing(PostgresStore(postgres_url)) as other:
        deciding = start(store, NESTED)
        (first,) = claim(store)
        assert store.memory.recall(Wanted(runs={first.id})).whole
        store.finish([end(first)], deciding, NOW)
        assert len(other.task_runs("e")) == 5
        assert store.memory.runs == {}  # nothing was written from it, so nothing is remembered for a while
