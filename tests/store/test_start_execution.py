"""What SQL users call in Postgres: it asks for an execution, and wakes an orchestrator where that can be."""

import re
from collections.abc import Iterator
from contextlib import closing

import psycopg
import pytest
from psycopg import errors

from tests.store.conftest import Raw, empty
from tiercel.http import callbacks
from tiercel_orchestrator.store import migrating

START = "select tiercel.start_execution('tests', 'says', '{\"name\": \"kestrel\"}')"
NET = """
create schema net;
create table net.posts (url text, body jsonb, headers jsonb);
create function net.http_post(
    url text, body jsonb default '{}', params jsonb default '{}',
    headers jsonb default '{"Content-Type": "application/json"}', timeout_milliseconds integer default 5000
) returns bigint language sql as $$ insert into net.posts values (url, body, headers) returning 1 $$;
"""
"""In the place of the extension pg_net: its function, which writes down what it is to send."""


@pytest.fixture
def raw(postgres_url: str) -> Iterator[Raw]:
    """Give a database with tiercel's tables, and nothing of pg_net."""
    empty(postgres_url)
    migrating.migrate(postgres_url)
    with closing(Raw(postgres_url)) as database:
        database.execute("drop schema if exists net cascade")
        yield database
        database.execute("drop schema if exists net cascade")


def wake_at(raw: Raw, url: str) -> None:
    """Install the stand-in for pg_net, and say where an orchestrator is."""
    raw.execute(NET)
    raw.execute(f"insert into tiercel.settings values ('wake_url', '{url}')")


def started(raw: Raw, call: str = START) -> str:
    return str(raw.fetch(call)[0][0])


def requests(raw: Raw) -> int:
    return int(raw.fetch("select count(*) from tiercel.start_requests")[0][0])


def test_a_start_gives_the_id_of_an_execution_to_be(raw: Raw) -> None:
    ids = {started(raw) for _ in range(20)}
    assert len(ids) == 20
    assert all(re.fullmatch(r"[0-9A-Za-z]{22}", one) for one in ids)
    named = "select tiercel.start_execution('n', 'f', p_labels => '{\"team\": \"birds\"}', p_revision => 2)"
    columns = "inputs, labels, revision"
    found = raw.fetch(f"select {columns} from tiercel.start_requests where id = '{started(raw, named)}'")
    assert found == [("{}", '{"team": "birds"}', 2)]


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ("'n', null", "needs a namespace and the id of a flow"),
        ("'n', 'f', '[1]'", "the inputs of a flow are a JSON object, for example"),
        ("'n', 'f', '{}', '[]'", "labels are a JSON object of texts"),
        ("'n', 'f', '{}', '{\"a\": 1}'", "labels are a JSON object of texts"),
    ],
)
def test_what_cannot_be_a_start_is_refused_in_a_sentence(raw: Raw, arguments: str, reason: str) -> None:
    with pytest.raises(psycopg.DataError, match=reason):
        raw.fetch(f"select tiercel.start_execution({arguments})")
    assert requests(raw) == 0


def test_a_start_wakes_the_orchestrator_with_a_signature_that_it_accepts(raw: Raw) -> None:
    wake_at(raw, "https://example.org/wake")
    started(raw)
    ((url, body, headers),) = raw.fetch("select url, body::text, headers from net.posts")
    ((key,),) = raw.fetch("select value from tiercel.settings where name = 'wake_key'")
    assert url == "https://example.org/wake"
    signed = headers[callbacks.SIGNATURE]
    callbacks.check(key, body.encode(), signed)
    with pytest.raises(callbacks.BadSignature):
        callbacks.check(key, b"{ }", signed)


def test_many_starts_in_a_transaction_wake_once(raw: Raw) -> None:
    wake_at(raw, "https://example.org/wake")
    for _ in range(2):
        raw.execute("begin; " + f"{START}; " * 3 + "commit")
    assert requests(raw) == 6
    assert raw.fetch("select count(*) from net.posts")[0][0] == 2


def test_a_start_does_without_pg_net_without_an_address_and_with_a_wake_that_fails(raw: Raw) -> None:
    raw.execute("insert into tiercel.settings values ('wake_url', 'https://example.org/wake')")
    started(raw)
    raw.execute("delete from tiercel.settings where name = 'wake_url'")
    raw.execute(NET)
    started(raw)
    assert raw.fetch("select count(*) from net.posts")[0][0] == 0
    raw.execute("insert into tiercel.settings values ('wake_url', 'https://example.org/wake')")
    raw.execute("drop table net.posts")
    started(raw)
    assert requests(raw) == 3


def test_a_role_that_may_execute_the_function_may_start_and_nothing_else(raw: Raw) -> None:
    raw.execute("drop role if exists starter; create role starter")
    raw.execute("grant usage on schema tiercel to starter")
    raw.execute("set role starter")
    with pytest.raises(errors.InsufficientPrivilege):
        started(raw)
    raw.execute("reset role")
    raw.execute(
        "grant execute on function tiercel.start_execution(text, text, jsonb, jsonb, bigint) to starter"
    )
    raw.execute("set role starter")
    started(raw)
    for forbidden in ("select * from tiercel.settings", "select * from tiercel.executions"):
        with pytest.raises(errors.InsufficientPrivilege):
            raw.fetch(forbidden)
    raw.execute("reset role")
    assert requests(raw) == 1
