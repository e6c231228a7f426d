"""What the suites of the key-value and state stores share: where values are kept, and a clock."""

from datetime import UTC, datetime
from typing import TypeAlias

import pytest

from tests.postgrest import JWT_SECRET, PUBLIC_KEY, Project, run_sql
from tiercel.postgres import Functions
from tiercel.postgres.direct import DirectFunctions
from tiercel.postgres.rest import RestFunctions

KINDS = ("sqlite", "postgres", "supabase")
EMPTY = "truncate public.pipeline_kv_store, public.pipeline_execution_state"
Request: TypeAlias = pytest.FixtureRequest


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2024, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def functions_of(kind: str, request: Request) -> Functions:
    """Give the functions of an empty database, directly or over PostgREST."""
    if kind == "postgres":
        url: str = request.getfixturevalue("plain_database")
        functions = DirectFunctions(url)
        functions.call("pipeline_kv_namespaces")  # which makes the tables
        run_sql(url, EMPTY)
        return functions
    project: Project = request.getfixturevalue("project")
    project.run(EMPTY)
    return RestFunctions(project.url, PUBLIC_KEY, service_token())


def service_token() -> str:
    """Mint what the orchestrator may show: the project's service key."""
    import jwt

    return jwt.encode({"role": "service_role"}, JWT_SECRET, algorithm="HS256")
