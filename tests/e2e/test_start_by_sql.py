"""Executions that are started by SQL, on a real Postgres, with servers that are woken and killed."""

import contextlib
import urllib.request
from collections.abc import Iterator
from functools import partial

import pytest

from tests.e2e.cli import Cli
from tests.e2e.test_server import serving, status_of
from tests.e2e.test_shared_store import SAYS, until
from tests.store.conftest import Raw, empty
from tests.store.test_start_execution import started, wake_at
from tiercel import clock
from tiercel_orchestrator.store.opening import open_store
from tiercel_orchestrator.store.port import Filter
from tiercel_orchestrator.store.store import SqlStore

START = "select tiercel.start_execution('tests', 'says')"
STARTS = 30


@pytest.fixture
def store(postgres_url: str) -> Iterator[SqlStore]:
    """Give a store that knows one flow."""
    empty(postgres_url)
    with contextlib.closing(open_store(postgres_url)) as opened:
        opened.put_flow("tests", "says", SAYS, clock.now())
        yield opened


@pytest.fixture
def raw(postgres_url: str) -> Iterator[Raw]:
    with contextlib.closing(Raw(postgres_url)) as database:
        yield database
        database.execute("drop schema if exists net cascade")


@pytest.fixture
def there(cli: Cli, postgres_url: str) -> Cli:
    """Give the command line with that store."""
    return cli.with_settings(TIERCEL_STORE=postgres_url)


def test_a_server_takes_up_what_the_wake_of_a_start_tells_it(there: Cli, store: SqlStore, raw: Raw) -> None:
    with serving(there) as (url, process):
        wake_at(raw, f"{url}/wake")
        execution_id = started(raw, START)
        ((address, content, headers),) = raw.fetch("select url, body::text, headers from net.posts")
        for body, status in (("{ }", 401), (content, 200)):
            assert status_of(urllib.request.Request(address, body.encode(), headers)) == status
        until([process], lambda: store.execution(execution_id) is not None)
        assert there.run("follow", execution_id).code == 0


def test_every_start_runs_once_though_the_server_is_killed_while_it_takes_them_up(
    there: Cli, store: SqlStore, raw: Raw
) -> None:
    ids = {str(row[0]) for row in raw.fetch(f"{START} from generate_series(1, {STARTS})")}
    for killed_after in (1, 10, 20):
        with serving(there) as (_, process):
            until([process], partial(begun, store, killed_after))
            process.kill()
            process.wait()
    with serving(there) as (_, process):
        until([process], lambda: not store.waiting_requests(0, 1) and not store.unfinished())
    ended = store.executions(Filter())
    assert sorted(one.id for one in ended) == sorted(ids)
    assert {one.state for one in ended} == {"SUCCESS"}
    assert raw.fetch("select count(*) from tiercel.task_runs where task_id = 'say'")[0][0] == STARTS


def test_a_start_that_is_refused_says_why(there: Cli, store: SqlStore, raw: Raw) -> None:
    call = "select tiercel.start_execution('tests', 'nowhere')"
    execution_id = started(raw, call)
    with serving(there) as (_, process):
        until([process], lambda: not store.waiting_requests(0, 1))
    ((refusal,),) = raw.fetch(f"select refusal from tiercel.start_requests where id = '{execution_id}'")
    assert refusal == "There is no flow 'nowhere' in namespace 'tests'."
    for verb in ("follow", "logs"):
        ran = there.run(verb, execution_id)
        assert ran.code == 2
        assert "was refused: There is no flow 'nowhere' in namespace 'tests'." in ran.err


def begun(store: SqlStore, count: int) -> bool:
    return len(store.executions(Filter())) >= count
