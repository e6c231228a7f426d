"""What the databases below can do at all: one statement a commit, one connection."""

import sqlite3
import time
from pathlib import Path

import psycopg

COMMITS = 300


def sqlite(path: Path) -> float:
    """Give commits a second of SQLite, WAL and synchronous = full."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("pragma journal_mode = wal")
    connection.execute("pragma synchronous = full")
    connection.execute("create table if not exists steps (id integer primary key, state text)")
    started = time.perf_counter()
    for _ in range(COMMITS):
        connection.execute("insert into steps (state) values ('SUCCESS')")
    taken = time.perf_counter() - started
    connection.close()
    return COMMITS / taken


def postgres(url: str) -> float:
    """Give commits a second of Postgres, synchronous_commit on: an update and an insert a statement."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("create table if not exists floor_steps (id bigint primary key, state text)")
        connection.execute(
            "create table if not exists floor_events (id bigint generated always as identity, of bigint)"
        )
        connection.execute(
            "insert into floor_steps select n, '' from generate_series(1, 300) n on conflict do nothing"
        )
        started = time.perf_counter()
        for number in range(COMMITS):
            connection.execute(
                "with done as (update floor_steps set state = 'SUCCESS' where id = %s returning id) "
                "insert into floor_events (of) select id from done",
                [number + 1],
            )
        return COMMITS / (time.perf_counter() - started)
