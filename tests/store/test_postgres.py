"""What Postgres adds: several engines write at once, and the address may be wrong."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from datetime import timedelta
from threading import Event
from time import monotonic

import pytest
from psycopg.errors import DivisionByZero

from tests.store.conftest import empty
from tests.store.test_slots import limited
from tests.store.test_store import NOW, Deciding, a_flow, claim, end, start
from tests.unit.kernel.driver import flowable, task
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.decision import Decision, Touched
from tiercel_orchestrator.kernel.events import KillRequested, RestartRequested
from tiercel_orchestrator.kernel.ids import root_run_id
from tiercel_orchestrator.kernel.rows import Execution
from tiercel_orchestrator.store.port import ClaimRequest, Filter, Removed, Report, StoreUnavailable
from tiercel_orchestrator.store.postgres import PostgresStore, numbered
from tiercel_orchestrator.store.session import Statement
from tiercel_orchestrator.store.tables import Wanted

TASKS = 40


@pytest.fixture(params=["postgres", "pooler"])
def stores(request: pytest.FixtureRequest, postgres_url: str) -> Iterator[list[PostgresStore]]:
    empty(postgres_url)
    opened = [PostgresStore(request.getfixturevalue(f"{request.param}_url")) for _ in range(3)]
    yield opened
    for store in opened:
        store.close()


def work_off(store: PostgresStore, owner: str, deciding: Deciding) -> list[str]:
    """Claim and end task runs until none is left, as an engine does."""
    done: list[str] = []
    request = ClaimRequest(owner, 3, timedelta(seconds=60))
    claims = store.claim(request, NOW).claims
    while claims or store.busy("e"):
        done += [one.run.id for one in claims]
        claims = store.finish([end(one.run) for one in claims], deciding, NOW, request).claims
    return done


def test_several_engines_work_off_one_execution_each_task_once(stores: list[PostgresStore]) -> None:
    tasks = [task(f"t{number}") for number in range(TASKS)]
    deciding = start(stores[0], a_flow(flowable("p", "Parallel", *tasks), task("last")))
    with ThreadPoolExecutor(len(stores)) as pool:
        working = [pool.submit(work_off, store, f"o{at}", deciding) for at, store in enumerate(stores)]
        done = [run_id for one in working for run_id in one.result(timeout=60)]
    assert (len(done), len(set(done))) == (TASKS + 1, TASKS + 1)
    execution = stores[0].execution("e")
    assert execution is not None
    assert execution.state == states.SUCCESS
    told = [row[4] for row in stores[0].database.all("events", execution_id="e", after=0) if row[3] == "last"]
    assert told == [states.CREATED, states.RUNNING, states.SUCCESS]


def test_a_pooler_lets_one_store_meet_several_connections(postgres_url: str, pooler_url: str) -> None:
    def met(store: PostgresStore) -> int:
        return int(store.database.session.fetch("select pg_backend_pid()")[0][0])  # type: ignore[attr-defined]

    empty(postgres_url)
    with ExitStack() as opened:
        store = opened.enter_context(closing(PostgresStore(pooler_url)))
        before, taken = met(store), 0
        while taken != before:  # others take the connections that are free, one after the other
            other = opened.enter_context(closing(PostgresStore(pooler_url)))
            opened.enter_context(other.database.writing())
            taken = met(other)
        assert met(store) != before


def test_engines_that_start_executions_at_once_keep_to_the_limit(stores: list[PostgresStore]) -> None:
    deciding = Deciding(limited(2))

    def begin(number: int) -> None:
        name = f"e{number}"
        stores[number % len(stores)].apply(Execution(name, "n", "f", 1, name), deciding, NOW)

    def begin_all(first: int) -> None:
        for number in range(first, 12, len(stores)):
            begin(number)

    with ThreadPoolExecutor(len(stores)) as pool:
        list(pool.map(begin_all, range(len(stores))))
    found = [one.state for one in stores[0].executions(Filter())]
    assert sorted(found) == ["QUEUED"] * 10 + ["RUNNING"] * 2


def test_one_execution_that_two_engines_begin_with_exists_once(stores: list[PostgresStore]) -> None:
    deciding = Deciding(a_flow(task("a")))
    with ThreadPoolExecutor(len(stores)) as pool:
        changes = list(
            pool.map(lambda one: one.apply(Execution("e", "n", "f", 1, "e"), deciding, NOW), stores)
        )
    assert sum(bool(one) for one in changes) == 1
    assert len(claim(stores[0])) == 1


def test_completions_below_different_scopes_do_not_wait_for_each_other(stores: list[PostgresStore]) -> None:
    parts = [
        flowable(f"s{number}", "Sequential", task(f"t{number}"), task(f"u{number}")) for number in range(2)
    ]
    deciding = start(stores[0], a_flow(flowable("p", "Parallel", *parts)))
    one, other = claim(stores[0])
    first = stores[0].database
    with first.writing() as transaction:
        transaction.open(Wanted(runs={one.id}), None, NOW)
        changes = stores[1].finish([end(other)], deciding, NOW).changes
    assert [run.task_id for change in changes for run in change.runs if run.id == other.id] == [other.task_id]


def test_a_kill_takes_what_a_completion_lays_down_meanwhile(stores: list[PostgresStore]) -> None:
    deciding = start(stores[0], a_flow(task("a"), task("b")))
    (only,) = claim(stores[0])
    root = stores[0].root_run("e")
    stores[0].memory.forget_all()  # so that it locks what it reads
    killed = Event()

    def kill() -> None:
        stores[1].finish([Report(KillRequested(root.id))], deciding, NOW)
        killed.set()

    def finish_while_somebody_kills(touched: Touched, event: object) -> Decision:
        pool.submit(kill)
        wait_for_a_lock(stores[2])
        return deciding(touched, event)  # type: ignore[arg-type]

    with ThreadPoolExecutor(1) as pool:
        stores[0].finish([end(only)], finish_while_somebody_kills, NOW)
        assert killed.wait(30)
    assert [run.state for run in stores[2].task_runs("e")] == [states.SUCCESS, states.KILLED]


def wait_for_a_lock(store: PostgresStore) -> None:
    """Wait until somebody waits for a lock."""
    query = "select 1 from pg_stat_activity where wait_event_type = 'Lock'"
    deadline = monotonic() + 30
    while not store.database.session.fetch(query):  # type: ignore[attr-defined]
        assert monotonic() < deadline


def test_what_fails_with_the_first_statements_of_a_transaction_is_rolled_back(
    stores: list[PostgresStore],
) -> None:
    session = stores[0].database.session  # type: ignore[attr-defined]
    with pytest.raises(DivisionByZero), session.transaction():
        session.together([Statement("select 1 / 0"), Statement("select 2")])
    assert session.fetch("select 3") == [(3,)]


def test_a_connection_that_was_cut_is_made_anew(stores: list[PostgresStore]) -> None:
    first, second, _ = stores
    start(first, a_flow(task("a")))
    cut_all_others(second)
    with suppress(StoreUnavailable):  # unless the loss was noticed already
        first.execution("e")
    assert first.execution("e") is not None


def test_what_a_transaction_wrote_before_its_connection_was_cut_is_gone(stores: list[PostgresStore]) -> None:
    first, second, _ = stores
    row = {"namespace": "n", "id": "f", "source": "s", "created_at": ""}
    with pytest.raises(StoreUnavailable), first.database.writing() as transaction:
        transaction.run("insert_flow", revision=1, **row)
        cut_all_others(second)
        for revision in range(2, 4):
            with suppress(StoreUnavailable):
                transaction.run("insert_flow", revision=revision, **row)
    assert second.flow_source("n", "f") is None
    assert first.put_flow("n", "f", "s", NOW) == 1


def cut_all_others(store: PostgresStore) -> None:
    store.database.session.run(  # type: ignore[attr-defined]
        "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and query <> ''"
    )


def test_a_server_that_is_not_there_is_said_without_its_password() -> None:
    with pytest.raises(StoreUnavailable) as caught:
        PostgresStore("postgresql://me:hidden@127.0.0.1:1/postgres")
    assert "hidden" not in str(caught.value)


def test_names_in_a_query_become_numbers() -> None:
    assert numbered("select :b, :a, :b::text") == ("select $1, $2, $1::text", ("b", "a"))


def test_a_removal_waits_for_a_restart_and_leaves_what_it_has_begun_again(
    stores: list[PostgresStore],
) -> None:
    removing, restarting, watching = stores
    deciding = start(restarting, a_flow(task("a")))
    restarting.finish([end(run, states.FAILED) for run in claim(restarting)], deciding, NOW)

    def decided_amid_a_removal(touched: Touched, event: object) -> Decision:
        decision = deciding(touched, event)  # type: ignore[arg-type]  # the first time, it asks for more rows
        if not gone:
            gone.append(pool.submit(removing.strip, ["e"], trees=True, keep_logs=False))
        waiting = "select count(*) from pg_locks where not granted"
        while not gone[0].done() and not watching.database.session.fetch(waiting)[0][0]:  # type: ignore[attr-defined]
            pass
        return decision

    gone: list[Future[list[Removed]]] = []
    with ThreadPoolExecutor(1) as pool:
        restarting.finish([Report(RestartRequested(root_run_id("e")))], decided_amid_a_removal, NOW)
        assert gone[0].result(timeout=60) == []
    execution = watching.execution("e")
    assert execution is not None
    assert execution.state in (states.RESTARTED, states.RUNNING)
    assert len(watching.every_run("e")) == 2
