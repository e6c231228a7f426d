"""The stores that one suite is passed for: each dialect, the database its own."""

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests import pooler
from tiercel_orchestrator.store.postgres import PostgresStore
from tiercel_orchestrator.store.sqlite import SqliteStore
from tiercel_orchestrator.store.store import SqlStore


@pytest.fixture(scope="session")
def pooler_url(postgres_url: str) -> Iterator[str]:
    """Give the address of a pooler before the server."""
    with pooler.running(postgres_url) as url:
        if url is None:
            pytest.skip("pgbouncer is not installed here")
        yield url


@pytest.fixture(params=["sqlite", "postgres", "pooler"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    if request.param == "sqlite":
        opened: SqlStore = SqliteStore(tmp_path / "engine.db")
    else:
        empty(request.getfixturevalue("postgres_url"))
        opened = PostgresStore(request.getfixturevalue(f"{request.param}_url"))
    yield opened
    opened.close()


class Raw:
    """A connection to a database as it is: no tables are made."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._connection = psycopg.connect(url, autocommit=True)

    def execute(self, script: str) -> None:
        """Run statements."""
        self._connection.execute(script.encode())

    def fetch(self, query: str) -> list[Any]:
        """Give the rows of a query."""
        return self._connection.execute(query.encode()).fetchall()

    def close(self) -> None:
        """Let go of the connection."""
        self._connection.close()


def empty(url: str) -> None:
    """Take away what an earlier test has left."""
    with closing(Raw(url)) as raw:
        raw.execute("drop schema if exists tiercel cascade")
