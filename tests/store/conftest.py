"""The stores that one suite is passed for: each dialect, the database its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tiercel_orchestrator.store.postgres import PostgresStore
from tiercel_orchestrator.store.sqlite import SqliteStore
from tiercel_orchestrator.store.store import SqlStore


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[SqlStore]:
    if request.param == "sqlite":
        opened: SqlStore = SqliteStore(tmp_path / "engine.db")
    else:
        url = request.getfixturevalue("postgres_url")
        empty(url)
        opened = PostgresStore(url)
    yield opened
    opened.close()


def empty(url: str) -> None:
    """Take away what an earlier test has left."""
    left = PostgresStore(url)
    left.database.session.execute("drop schema tiercel cascade")  # type: ignore[attr-defined]
    left.close()
