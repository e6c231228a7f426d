"""jdbc.sqlite on SQLite itself."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from tiercel.envelope import Result
from tiercel.plugin import State
from tiercel.testing import MemoryServices, run_plugin
from tiercel_sql import sqlite


def message_of(result: Result) -> str:
    assert result.state is State.FAILED
    assert result.error is not None
    return result.error.message


def test_parameters_are_bound() -> None:
    params = {"sql": "select :a as a, ':a' as b", "parameters": {"a": "x'"}, "fetchType": "FETCH"}
    assert run_plugin(sqlite.Query, params).data == {"rows": [{"a": "x'", "b": ":a"}], "size": 1}


def test_statements_are_split_outside_of_literals() -> None:
    sql = "create table t (a text); insert into t values ('x;y'); -- a comment; here\nselect a from t;"
    result = run_plugin(sqlite.Queries, {"sql": sql, "fetchType": "FETCH_ONE"})
    assert result.data["outputs"] == [{"row": {"a": "x;y"}, "size": 1}]


def test_several_statements_are_kept_as_a_whole_or_not_at_all(tmp_path: Path) -> None:
    url = f"jdbc:sqlite:{tmp_path}/a.db"
    run_plugin(sqlite.Query, {"sql": "create table t (a integer)", "url": url})
    broken = {"sql": "insert into t values (1); insert into nope values (1)", "url": url}
    count = {"sql": "select count(*) as n from t", "url": url, "fetchType": "FETCH_ONE"}
    assert run_plugin(sqlite.Queries, broken).state is State.FAILED
    assert run_plugin(sqlite.Query, count).data["row"] == {"n": 0}
    assert run_plugin(sqlite.Queries, {**broken, "transaction": False}).state is State.FAILED
    assert run_plugin(sqlite.Query, count).data["row"] == {"n": 1}


def test_a_database_travels_as_a_file() -> None:
    with MemoryServices() as services:
        made = run_plugin(
            sqlite.Queries,
            {"sql": "create table t as select 7 as a", "outputDbFile": True},
            services=services,
        )
        params = {"sql": "select a from t", "sqliteFile": made.data["databaseUri"], "fetchType": "FETCH_ONE"}
        assert run_plugin(sqlite.Query, params, services=services).data["row"] == {"a": 7}


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"sql": "selec 1"}, "syntax error"),
        ({"sql": "select * from missing"}, "missing"),
        ({"sql": "select 1; select 2"}, "2 statements"),
        ({"sql": "select :x"}, ":x"),
        ({"sql": "attach '/tmp/other.db' as other"}, "ATTACH"),
        ({"sql": "select 1", "url": "jdbc:duckdb:"}, "jdbc:sqlite:"),
        ({"sql": "select 1", "url": "jdbc:sqlite:/tmp"}, "/tmp"),
        ({"sql": "select 1", "url": "jdbc:sqlite:/nowhere/a.db"}, "/nowhere"),
    ],
)
def test_a_failure_says_what_to_change(params: dict[str, Any], said: str) -> None:
    assert said in message_of(run_plugin(sqlite.Query, params))


def test_a_locked_database_is_busy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite, "BUSY_SECONDS", 0.05)
    path = tmp_path / "a.db"
    holder = sqlite3.connect(path, isolation_level=None)
    try:
        holder.execute("create table t (a integer)")
        holder.execute("begin exclusive")
        result = run_plugin(sqlite.Query, {"sql": "insert into t values (1)", "url": f"jdbc:sqlite:{path}"})
    finally:
        holder.close()
    assert result.error is not None
    assert result.error.kind == "Retriable"


def test_a_timeout_interrupts_the_query() -> None:
    sql = "with recursive n(i) as (select 1 union all select i + 1 from n) select count(*) from n"
    result = run_plugin(sqlite.Query, {"sql": sql, "fetchType": "FETCH"}, timeout_seconds=0.3)
    assert result.error is not None
    assert result.error.kind == "Timeout"
    assert result.duration_seconds < 5
