"""Families that are deployed: published to tables, directly or over PostgREST, and read by orchestrators."""

import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta

import jwt
import pytest

from tests.postgrest import JWT_SECRET, PUBLIC_KEY, Project
from tests.unit.stores import Request
from tiercel import clock
from tiercel.errors import TaskFailed, TiercelError
from tiercel.manifests import text_of
from tiercel.postgres.rest import RestFunctions
from tiercel.registry import Registry
from tiercel.settings import Settings
from tiercel_core import FAMILY as CORE
from tiercel_orchestrator.dispatch.deployed import Deployed
from tiercel_orchestrator.dispatch.routes import Routes, Target
from tiercel_sql import FAMILY as SQL

NOW = clock.now()


def token(role: str, **claims: object) -> str:
    return jwt.encode({"role": role, "exp": 4102444800, **claims}, JWT_SECRET, "HS256")


@pytest.fixture(params=["direct", "rest"])
def tables(request: Request) -> Iterator[Deployed]:
    """Give the tables over a connection of our own, and over PostgREST as the service."""
    if request.param == "direct":
        found = Deployed.of(Settings(), request.getfixturevalue("plain_database"))
    else:
        project: Project = request.getfixturevalue("project")
        settings = Settings(
            supabase_url=project.url,
            supabase_key=PUBLIC_KEY,
            supabase_service_key=token("service_role"),
        )
        found = Deployed.of(settings, None)
    with closing(found):
        for family in (CORE, SQL):
            found.publish(text_of(dict(family.manifest)), f"https://{family.name}.test/", None, NOW)
        yield found


def test_a_release_is_read_back_with_all_that_it_serves(tables: Deployed) -> None:
    assert [one.family for one in tables.releases()] == ["core", "sql"]
    registry, routes = tables.read(Registry([]), Routes())
    assert registry.find("io.kestra.core.tasks.log.Log") is not None
    assert routes.targets == {"core": Target("https://core.test"), "sql": Target("https://sql.test")}
    assert routes.family_of("io.kestra.plugin.jdbc.duckdb.Query") == "sql"


def test_what_the_configuration_says_of_a_family_comes_first(tables: Deployed) -> None:
    here = Routes({"sql": Target("http://127.0.0.1:1")}, {}, {"core": "https://queue.test/core"})
    _, routes = tables.read(Registry.installed(), here)
    assert routes.targets["sql"] == Target("http://127.0.0.1:1")
    assert routes.queues["core"] == "https://queue.test/core"


def test_a_new_release_takes_the_place_of_the_one_before(tables: Deployed) -> None:
    tables.read(Registry([]), Routes())
    kept = [plugin for plugin in SQL.manifest["plugins"] if "duckdb" in plugin["type"]]
    smaller = {**SQL.manifest, "version": "0.2.0", "plugins": kept}
    later = NOW + timedelta(seconds=1)
    assert tables.publish(text_of(smaller), None, "https://queue.test/sql", later) == len(kept)
    sql = next(one for one in tables.releases() if one.family == "sql")
    assert (sql.version, sql.url, sql.queue) == ("0.2.0", "https://sql.test/", "https://queue.test/sql")
    registry, _ = tables.read(Registry([]), Routes())
    assert registry.find("io.kestra.plugin.jdbc.duckdb.Query") is not None
    assert registry.find("io.kestra.plugin.jdbc.sqlite.Query") is None


def test_a_family_of_which_nobody_says_where_it_is_runs_where_it_is_installed(plain_database: str) -> None:
    with closing(Deployed.of(Settings(), plain_database)) as tables:
        manifest = {**SQL.manifest, "family": "nowhere", "prefixes": ["io.nowhere"], "plugins": []}
        tables.publish(text_of(manifest), None, None, NOW)
        registry, routes = tables.read(Registry.installed(), Routes())
        assert "nowhere" not in registry.families and "nowhere" not in routes.targets


def test_the_view_shows_each_plugin_with_its_address_and_its_other_names(project: Project) -> None:
    settings = Settings(
        supabase_url=project.url, supabase_key=PUBLIC_KEY, supabase_service_key=token("service_role")
    )
    with closing(Deployed.of(settings, None)) as tables:
        tables.publish(text_of(dict(CORE.manifest)), "https://core.test", None, NOW)
    query = "select url, aliases from service_functions_view where type = 'io.kestra.plugin.core.log.Log'"
    (row,) = project.run(f"select row_to_json(one) from ({query}) as one")
    shown = json.loads(row)
    assert shown["url"] == "https://core.test/v1/tasks/io/kestra/plugin/core/log/Log"
    assert "io.kestra.core.tasks.log.Log" in shown["aliases"]
    names = sum(1 + len(plugin["aliases"]) for plugin in CORE.manifest["plugins"])
    counted = "select count(*) from service_type_catalog join service_functions using (type)"
    assert project.run(f"{counted} where family = 'core'") == [str(names)]


@pytest.mark.parametrize("role", ["tiercel_task", "tiercel_service", "anon", "authenticated"])
def test_only_the_service_itself_publishes(project: Project, role: str) -> None:
    shown = RestFunctions(project.url, PUBLIC_KEY, token(role, family="core"))
    with closing(Deployed(shown)) as tables, pytest.raises(TaskFailed):
        tables.publish(text_of(dict(CORE.manifest)), None, None, NOW)


def test_without_a_database_there_is_a_sentence() -> None:
    with pytest.raises(TiercelError, match="--store or TIERCEL_STORE"):
        Deployed.of(Settings(), None)
    with pytest.raises(TiercelError, match="--store or TIERCEL_STORE"):
        Deployed.of(Settings(), "engine.db")
