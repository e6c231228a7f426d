"""Migrations: they lead to the tables that are declared, by whichever way they are applied."""

import re
import shutil
import sqlite3
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from tests.docs.checkout import ROOT
from tests.servers import note
from tests.store.catalogs import Catalog, postgres_catalog, sqlite_catalog
from tests.store.conftest import Raw
from tiercel_orchestrator.store import migrating
from tiercel_orchestrator.store.migrations import Migration, migrations
from tiercel_orchestrator.store.opening import migrate, open_store
from tiercel_orchestrator.store.port import StoreUnavailable
from tiercel_orchestrator.store.postgres import PostgresStore
from tiercel_orchestrator.store.queries import named_queries, read_texts
from tiercel_orchestrator.store.sqlite import WRITES, SqliteStore

SUPABASE = "supabase@3.1.0"
TOOLS = ROOT / ".venv/npm"
REALTIME = "create publication supabase_realtime"


@pytest.fixture
def raw(postgres_url: str) -> Iterator[Raw]:
    """Give a database of its own, empty but for the publication that Supabase has."""
    with closing(Raw(postgres_url)) as server:
        server.execute("drop database if exists fresh with (force)")
        server.execute("create database fresh")
    with closing(Raw(postgres_url.rsplit("/", 1)[0] + "/fresh")) as database:
        database.execute(REALTIME)
        yield database


def catalog_of(raw: Raw) -> Catalog:
    return postgres_catalog(raw.fetch)


def declared(raw: Raw) -> Catalog:
    """Make the tables as they are declared, and read them back."""
    raw.execute("drop schema if exists tiercel cascade")
    for text in read_texts("postgres", "schema").values():
        raw.execute(text)
    return catalog_of(raw)


def numbers(found: list[Migration] | tuple[Migration, ...]) -> list[int]:
    return [step.version for step in found]


@pytest.mark.parametrize("dialect", ["sqlite", "postgres"])
def test_migrations_are_numbered_without_a_gap_and_dated_in_their_order(dialect: str) -> None:
    found = migrations(dialect)
    assert numbers(found) == list(range(1, len(found) + 1))
    days = [re.match(r"-- (\d{4}-\d\d-\d\d): ", step.text) for step in found]
    assert all(days)
    assert [day[1] for day in days if day] == sorted(day[1] for day in days if day)


def test_both_dialects_answer_the_same_queries_but_for_locks_writes_and_errands() -> None:
    of_postgres, of_sqlite = set(named_queries("postgres")), set(named_queries("sqlite"))
    assert of_postgres - of_sqlite == {
        "take_runs",
        "write_unit",
        "write_unchanged",
        "guard_alone",
        "lock_flow",
        "take_errands",
        "answer_errand",
    }
    assert of_sqlite - of_postgres == {*WRITES.values(), "last_position"}


def test_the_migrations_of_sqlite_lead_to_the_declared_tables(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "engine.db").close()
    with closing(sqlite3.connect(tmp_path / "engine.db")) as migrated, closing(sqlite3.connect("")) as fresh:
        for text in read_texts("sqlite", "schema").values():
            fresh.executescript(text)
        assert sqlite_catalog(migrated) == sqlite_catalog(fresh)


def test_a_difference_between_two_catalogs_of_sqlite_is_seen() -> None:
    texts = (
        "create table t (a text not null, b integer, constraint c check (b > 0)) strict;",
        "create table t (a text not null, b integer, constraint c check (b > 1)) strict;",
        "create table t (a text not null, b integer) strict;",
        "create table t (b integer, a text not null, constraint c check (b > 0)) strict;",
        "create table t (a text not null, b integer, constraint c check (b > 0));",
    )
    catalogs = []
    for text in texts:
        with closing(sqlite3.connect("")) as connection:
            connection.executescript(text)
            catalogs.append(sqlite_catalog(connection))
    assert all(one != other for at, one in enumerate(catalogs) for other in catalogs[:at])
    with closing(sqlite3.connect("")) as connection:
        connection.executescript(
            "create table t (a text not null, constraint c check (b > 0)) strict;".replace("b > 0", "1")
        )
        connection.executescript("alter table t add column b integer")
        assert sqlite_catalog(connection)["columns of t"] == catalogs[0]["columns of t"]


def test_the_migrations_of_postgres_lead_to_the_declared_tables(raw: Raw) -> None:
    wanted = declared(raw)
    raw.execute("drop schema tiercel cascade")
    assert numbers(migrating.migrate(raw.url)) == numbers(migrations("postgres"))
    assert catalog_of(raw) == wanted
    raw.execute("drop schema tiercel cascade")
    PostgresStore(raw.url).close()
    assert catalog_of(raw) == wanted
    assert {kind for kind, rows in wanted.items() if rows} >= {
        "columns",
        "constraints",
        "indexes",
        "published",
    }


def test_a_database_that_is_up_to_date_stays_as_it_is(raw: Raw, tmp_path: Path) -> None:
    for url in (raw.url, str(tmp_path / "engine.db")):
        assert migrate(url)
        assert not migrate(url)
        open_store(url).close()


def test_a_step_that_fails_leaves_the_database_at_the_step_before(
    raw: Raw, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = migrations("postgres")[0]
    broken = Migration(2, "broken", "create table tiercel.half (id text); select no_such_function();")
    monkeypatch.setattr("tiercel_orchestrator.store.migrations.migrations", lambda dialect: (first, broken))
    with pytest.raises(StoreUnavailable, match="no_such_function"):
        migrating.migrate(raw.url)
    assert [row[0] for row in raw.fetch("select version from tiercel.migrations")] == [1]
    assert raw.fetch("select to_regclass('tiercel.half')")[0][0] is None


def test_an_older_database_is_refused_until_it_is_migrated(raw: Raw) -> None:
    raw.execute(migrations("postgres")[0].text)
    raw.execute("insert into tiercel.migrations values (1, 'first_tables')")
    with pytest.raises(StoreUnavailable, match="it lacks 0002 realtime; run `tiercel db migrate`"):
        PostgresStore(raw.url)
    assert numbers(migrating.migrate(raw.url)) == numbers(migrations("postgres"))[1:]
    PostgresStore(raw.url).close()


def test_an_older_file_is_brought_up_to_date_as_it_is_opened(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "engine.db"
    SqliteStore(file).close()
    later = (*migrations("sqlite"), Migration(99, "later", "create table later (id text);"))
    with monkeypatch.context() as patched:
        patched.setattr("tiercel_orchestrator.store.migrations.migrations", lambda dialect: later)
        assert numbers([*migrate(str(file))]) == [99]
        SqliteStore(file).close()
    with pytest.raises(StoreUnavailable, match="made by a newer tiercel: its tables are of version 99"):
        SqliteStore(file)


def test_a_database_that_is_ahead_is_refused(raw: Raw) -> None:
    migrating.migrate(raw.url)
    raw.execute("insert into tiercel.migrations values (4711, 'to_come')")
    for opening in (PostgresStore, migrating.migrate):
        with pytest.raises(StoreUnavailable, match="made by a newer tiercel: its tables are of version 4711"):
            opening(raw.url)


def test_tables_of_somebody_else_are_left_alone(raw: Raw, tmp_path: Path) -> None:
    raw.execute("create schema tiercel; create table tiercel.birds (name text)")
    with closing(sqlite3.connect(tmp_path / "engine.db")) as connection:
        connection.execute("create table birds (name text)")
    for url in (raw.url, str(tmp_path / "engine.db")):
        for opening in (open_store, migrate):
            with pytest.raises(StoreUnavailable, match="has tables that no migration made"):
                opening(url)


def test_commands_that_open_an_empty_database_at_once_make_its_tables_once(raw: Raw, tmp_path: Path) -> None:
    for url in (raw.url, str(tmp_path / "engine.db")):
        with ThreadPoolExecutor(4) as pool:
            for store in [pool.submit(partial(open_store, url)) for _ in range(4)]:
                store.result(timeout=60).close()


def test_supabase_applies_the_same_migrations(raw: Raw, tmp_path: Path) -> None:
    tool = supabase()
    wanted = declared(raw)
    raw.execute("drop schema tiercel cascade")
    shutil.copytree(ROOT / "infra/supabase", tmp_path / "supabase")
    (tmp_path / "supabase/config.toml").touch()
    url = f"{raw.url}?sslmode=disable"
    command = [str(tool), "db", "push", "--db-url", url, "--yes", "--workdir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert catalog_of(raw) == wanted
    PostgresStore(raw.url).close()
    assert not migrating.migrate(raw.url)


def supabase() -> Path:
    """Give Supabase's command line, which npm fetches once into the environment of this checkout."""
    tool = TOOLS / "node_modules/.bin/supabase"
    if not tool.exists():
        npm = shutil.which("npm")
        if npm is None:
            note("Supabase CLI", "missing", "install npm")
            pytest.skip("npm is not installed here, which fetches the Supabase CLI")
        command = [npm, "install", "--prefix", str(TOOLS), "--no-audit", "--no-fund", SUPABASE]
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
        if done.returncode:
            note("Supabase CLI", "missing", f"npm install {SUPABASE} fails here")
            pytest.skip(f"npm cannot install {SUPABASE} here")
    note("Supabase CLI", "real", SUPABASE)
    return tool
