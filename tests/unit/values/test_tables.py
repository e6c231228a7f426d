"""How a Postgres gets its tables: once, by whoever comes first, and the rules for tokens with them."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing

import pytest

from tests.postgrest import run_sql
from tests.unit.stores import Request
from tiercel.kv.postgres import PostgresKeyValueStore
from tiercel.postgres import migrations
from tiercel.postgres.direct import DirectFunctions

ALL = [f"{step.version}|{step.name}" for step in migrations()]
PLAIN = [f"{step.version}|{step.name}" for step in migrations() if not step.about_tokens]


@pytest.fixture
def empty(postgres_url: str, request: Request) -> Iterator[str]:
    """Give the address of an empty database."""
    url = f"{postgres_url.rpartition('/')[0]}/empty"
    run_sql(postgres_url, "create database empty")
    yield url
    run_sql(postgres_url, "drop database empty with (force)")


def use(url: str) -> list[str]:
    """Use the database, and list what was applied to it so far."""
    with closing(DirectFunctions(url)) as functions:
        PostgresKeyValueStore(functions).put("n", "k", 1)
    return run_sql(url, "select version, name from pipeline.migrations order by 1")


def test_migrations_are_numbered_without_a_gap() -> None:
    assert [step.version for step in migrations()] == list(range(1, len(ALL) + 1))


def test_the_rules_for_tokens_come_when_tokens_do(empty: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tiercel.postgres.direct.SERVED", "select false")
    assert use(empty) == PLAIN
    assert run_sql(empty, "select relrowsecurity from pg_class where relname = 'pipeline_kv_store'") == ["f"]
    monkeypatch.setattr("tiercel.postgres.direct.SERVED", "select true")
    assert use(empty) == ALL
    assert run_sql(empty, "select relrowsecurity from pg_class where relname = 'pipeline_kv_store'") == ["t"]
    assert run_sql(empty, "select value_json from pipeline_kv_store") == ["1"]


def test_processes_that_come_at_once_make_the_tables_once(empty: str) -> None:
    with ThreadPoolExecutor(8) as pool:
        used = list(pool.map(use, [empty] * 8))
    assert all(used)
    assert use(empty) in (ALL, PLAIN)
    assert run_sql(empty, "select revision from pipeline_kv_store") == ["9"]
