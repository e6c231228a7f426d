"""The state store in SQLite, in Postgres and behind Supabase's REST interface."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.unit.stores import KINDS, Request, functions_of
from tiercel.state import Place, State, merge
from tiercel.state.postgres import PostgresStateStore
from tiercel.state.sqlite import SqliteStateStore

PLACE = Place("n", "f", "default")
Store: TypeAlias = SqliteStateStore | PostgresStateStore


@pytest.fixture(params=KINDS)
def store(request: Request) -> Iterator[Store]:
    if request.param == "sqlite":
        opened: Store = SqliteStateStore(None)
    else:
        opened = PostgresStateStore(functions_of(request.param, request))
    yield opened
    opened.close()


def test_a_state_is_kept_by_flow_name_and_sub_key(store: Store) -> None:
    value = Place("n", "f", "default", "value")
    assert merge(store, PLACE, {"a": 1}) == {"a": 1}
    assert merge(store, value, {"a": 2}) == {"a": 2}
    assert merge(store, value, {"b": 3}) == {"a": 2, "b": 3}
    assert store.get(PLACE) == State({"a": 1}, 1)
    assert store.get(value) == State({"a": 2, "b": 3}, 2)
    assert store.get(Place("n", "other", "default")) is None


def test_a_state_is_written_only_on_top_of_what_its_writer_read(store: Store) -> None:
    assert store.put(PLACE, {"a": 1}, 0)
    assert not store.put(PLACE, {"a": 2}, 0)
    assert store.put(PLACE, {"a": 3}, 1)
    assert not store.put(PLACE, {"a": 4}, 1)
    assert store.get(PLACE) == State({"a": 3}, 2)


def test_data_comes_back_exactly_as_it_was(store: Store) -> None:
    data = {"b": 1.0, "a": [10**30, 1e22, "x\x00\\u0000ü"], "": None}
    store.put(PLACE, data, 0)
    state = store.get(PLACE)
    assert state
    assert repr(state.data) == repr(data)


def test_deleting_says_whether_there_was_a_state(store: Store) -> None:
    merge(store, PLACE, {})
    assert (store.delete(PLACE), store.delete(PLACE)) == (True, False)


def test_a_file_of_an_earlier_version_is_brought_up_to_date(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "values.db") as old:
        old.execute(
            "create table pipeline_execution_state (namespace text not null, flow_id text not null, "
            "name text not null, sub_key text not null, data_json text not null, created_at text not null, "
            "updated_at text not null, primary key (namespace, flow_id, name, sub_key)) without rowid"
        )
        old.execute("insert into pipeline_execution_state values ('n', 'f', 'default', '', '{}', '', '')")
    old.close()
    for _ in range(2):
        store = SqliteStateStore(tmp_path / "values.db")
        assert merge(store, PLACE, {"a": 1}) == {"a": 1}
        store.close()
