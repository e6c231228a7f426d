"""jdbc.duckdb on DuckDB itself."""

import json
import threading
from pathlib import Path
from typing import Any

import duckdb as driver
import pytest

from tiercel.envelope import Result
from tiercel.plugin import State
from tiercel.testing import MemoryServices, run_plugin
from tiercel_sql import duckdb

ORDERS = {"orders.csv": "id,amount\n1,10\n2,20\n3,30\n"}


def message_of(result: Result) -> str:
    assert result.state is State.FAILED
    assert result.error is not None
    return result.error.message


def query(sql: str, **params: Any) -> Result:
    return run_plugin(duckdb.Query, {"sql": sql, **params})


def test_nothing_is_fetched_by_default() -> None:
    assert query("select 1").data == {}


def test_all_rows_are_fetched_with_their_columns_in_order() -> None:
    result = query("select i as b, 'x' as a from range(2) r(i)", fetchType="FETCH")
    assert result.data == {"rows": [{"b": 0, "a": "x"}, {"b": 1, "a": "x"}], "size": 2}
    assert list(result.data["rows"][0]) == ["b", "a"]
    metric = result.metrics[0]
    assert (metric.name, metric.value, metric.tags) == ("fetch.size", 2, {"fetch": "true", "store": "false"})


def test_one_row_is_fetched_or_none() -> None:
    assert query("select 1 as a union all select 2", fetchType="FETCH_ONE").data == {
        "row": {"a": 1},
        "size": 1,
    }
    assert query("select 1 as a where false", fetchType="FETCH_ONE").data == {"size": 0}


def test_rows_are_stored_as_lines() -> None:
    with MemoryServices() as services:
        params = {"sql": "select i as n from range(25) r(i)", "fetchType": "STORE", "fetchSize": 10}
        result = run_plugin(duckdb.Query, params, services=services)
        assert result.data["size"] == 25
        assert result.data["uri"].endswith(".ion")
        lines = services.storage.read(None, result.data["uri"]).decode().splitlines()
        assert [json.loads(line)["n"] for line in lines] == list(range(25))


@pytest.mark.parametrize(("old", "key"), [("fetch", "rows"), ("fetchOne", "row"), ("store", "uri")])
def test_the_old_properties_win(old: str, key: str) -> None:
    assert key in query("select 1 as a", fetchType="NONE", **{old: True}).data


@pytest.mark.parametrize(
    ("sql", "value"),
    [
        ("1.10::decimal(10, 2)", 1.1),
        ("12345678901234567.89::decimal(30, 2)", "12345678901234567.89"),
        ("170141183460469231731687303715884105727::hugeint", 170141183460469231731687303715884105727),
        ("'nan'::double", "NaN"),
        ("date '2024-02-29'", "2024-02-29"),
        ("timestamp '2024-02-29 10:30:00'", "2024-02-29T10:30:00"),
        ("timestamptz '2024-02-29 10:30:00+00'", "2024-02-29T10:30:00Z"),
        ("time '10:30:00'", "10:30:00"),
        ("interval 36 hours", "PT36H"),
        ("'7e4d2f6a-0000-4000-8000-000000000001'::uuid", "7e4d2f6a-0000-4000-8000-000000000001"),
        ("'\\xAA'::blob", "qg=="),
        ("{'a': [1, null]}", {"a": [1, None]}),
        ("map {'k': date '2024-01-01'}", {"k": "2024-01-01"}),
        ("null", None),
        ("true", True),
    ],
)
def test_a_value_becomes_its_json_form(sql: str, value: Any) -> None:
    result = query(f"select {sql} as v", fetchType="FETCH_ONE", timeZoneId="UTC")
    assert result.data["row"] == {"v": value}


def test_parameters_are_bound_and_never_pasted() -> None:
    sql = "select :name as a, ':name' as b, [1, 2, 3][1:2] as c -- :name"
    result = query(sql, parameters={"name": "x'; drop", "unused": 1}, fetchType="FETCH_ONE")
    assert result.data["row"] == {"a": "x'; drop", "b": ":name", "c": [1, 2]}


def test_files_of_the_task_are_read_by_their_names() -> None:
    for source in ("'orders.csv'", "read_csv('orders.csv')", "'*.csv'", "read_csv(['orders.csv'])"):
        result = query(f"select sum(amount) as s from {source}", inputFiles=ORDERS, fetchType="FETCH_ONE")
        assert result.data == {"row": {"s": 60}, "size": 1}


def test_a_text_that_is_no_file_is_left_alone() -> None:
    sql = "select 'orders.csv' as a, a is distinct from 'orders.csv' as b"
    result = query(sql, inputFiles=ORDERS, fetchType="FETCH_ONE")
    assert result.data["row"] == {"a": "orders.csv", "b": False}


def test_files_that_a_query_writes_are_stored() -> None:
    with MemoryServices() as services:
        params = {"sql": "copy (select 1 as a) to 'out.csv'", "outputFiles": ["*.csv"]}
        result = run_plugin(duckdb.Query, params, services=services)
        assert services.storage.read(None, result.data["outputFiles"]["out.csv"]) == b"a\n1\n"


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('/etc/passwd')",
        "select * from '/etc/passwd'",
        "select * from read_csv('../../../../../../etc/passwd')",
        "select * from glob('/etc/*')",
        "copy (select 1) to '/tmp/tiercel-was-here'",
        "attach '/tmp/tiercel-was-here.db' as other",
        "install httpfs",
        "select * from read_csv('https://127.0.0.1:1/x.csv')",
    ],
)
def test_nothing_outside_of_the_directory_is_reached(sql: str) -> None:
    message = message_of(query(sql, fetchType="FETCH"))
    assert "root:" not in message
    assert not Path("/tmp/tiercel-was-here").exists()


@pytest.mark.parametrize(
    "sql",
    ["set enable_external_access = true", "set lock_configuration = false", "reset allowed_directories"],
)
def test_the_lock_cannot_be_opened(sql: str) -> None:
    assert "locked" in message_of(query(sql))


@pytest.mark.parametrize(
    ("params", "said"),
    [
        ({"sql": "selec 1"}, "Parser Error"),
        ({"sql": "select * from missing"}, "missing"),
        ({"sql": "select 1; select 2"}, "2 statements"),
        ({"sql": "  "}, "0 statements"),
        ({"sql": "select 1", "url": "jdbc:postgresql://h/d"}, "jdbc:duckdb:"),
        ({"sql": "select 1", "url": "jdbc:duckdb:/nowhere/a.db"}, "/nowhere/a.db"),
        ({"sql": "select 1", "url": "jdbc:duckdb:../a.db"}, "../"),
        ({"sql": "select 1", "timeZoneId": "Mars/Phobos"}, "timeZoneId"),
        ({"sql": "select 1", "communityExtensions": ["spatial"]}, "spatial"),
        ({"sql": "select :x"}, ":"),
    ],
)
def test_a_failure_says_what_to_change(params: dict[str, Any], said: str) -> None:
    message = message_of(run_plugin(duckdb.Query, params))
    assert said in message
    assert message.endswith((".", "`"))


def test_a_database_on_disk_is_kept(tmp_path: Path) -> None:
    url = f"jdbc:duckdb:{tmp_path}/a.db"
    for sql in ("create table t (a integer)", "insert into t values (1)"):
        assert run_plugin(duckdb.Query, {"sql": sql, "url": url}).state is State.SUCCESS
    params = {
        "sql": "select a from t",
        "afterSQL": "update t set a = 2",
        "url": url,
        "fetchType": "FETCH_ONE",
    }
    assert run_plugin(duckdb.Query, params).data["row"] == {"a": 1}
    assert run_plugin(duckdb.Query, {**params, "afterSQL": None}).data["row"] == {"a": 2}


def test_what_comes_after_is_in_the_same_transaction(tmp_path: Path) -> None:
    url = f"jdbc:duckdb:{tmp_path}/a.db"
    run_plugin(duckdb.Query, {"sql": "create table t (a integer)", "url": url})
    failed = run_plugin(
        duckdb.Query, {"sql": "insert into t values (1)", "afterSQL": "select nope", "url": url}
    )
    assert failed.state is State.FAILED
    count = run_plugin(
        duckdb.Query, {"sql": "select count(*) as n from t", "url": url, "fetchType": "FETCH_ONE"}
    )
    assert count.data["row"] == {"n": 0}


def test_several_statements_give_an_output_for_each_that_answers_rows() -> None:
    sql = "create table t (a integer); insert into t values (1), (2); select a from t; select 3 as m"
    result = run_plugin(duckdb.Queries, {"sql": sql, "fetchType": "FETCH"})
    assert result.data["outputs"] == [
        {"rows": [{"a": 1}, {"a": 2}], "size": 2},
        {"rows": [{"m": 3}], "size": 1},
    ]


def test_a_database_travels_as_a_file() -> None:
    with MemoryServices() as services:
        made = run_plugin(
            duckdb.Queries,
            {"sql": "create table t as select 7 as a", "outputDbFile": True},
            services=services,
        )
        params = {"sql": "select a from t", "databaseUri": made.data["databaseUri"], "fetchType": "FETCH_ONE"}
        assert run_plugin(duckdb.Query, params, services=services).data["row"] == {"a": 7}


def test_a_database_that_another_process_holds_is_busy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise driver.IOException('IO Error: Could not set lock on file "a.db": Conflicting lock is held')

    monkeypatch.setattr(driver, "connect", refuse)
    result = query("select 1", url=f"jdbc:duckdb:{tmp_path}/a.db")
    assert result.error is not None
    assert result.error.kind == "Retriable"


def test_tasks_on_one_file_wait_for_each_other(tmp_path: Path) -> None:
    url = f"jdbc:duckdb:{tmp_path}/a.db"
    run_plugin(duckdb.Query, {"sql": "create table t (a integer)", "url": url})
    results: list[Result] = []

    def insert() -> None:
        results.append(run_plugin(duckdb.Query, {"sql": "insert into t values (1)", "url": url}))

    threads = [threading.Thread(target=insert) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [result.state for result in results] == [State.SUCCESS] * 4


def test_a_timeout_interrupts_the_query() -> None:
    sql = "select count(*) from range(10000000000) a, range(1000) b"
    result = run_plugin(duckdb.Query, {"sql": sql}, timeout_seconds=0.5)
    assert result.error is not None
    assert result.error.kind == "Timeout"
    assert result.duration_seconds < 5
