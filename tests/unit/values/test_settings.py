"""Which stores the settings choose, and what is said of settings that are wrong."""

import builtins
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tiercel.errors import TaskFailed, TiercelError
from tiercel.kv.postgres import PostgresKeyValueStore
from tiercel.kv.sqlite import SqliteKeyValueStore
from tiercel.postgres.direct import DirectFunctions
from tiercel.postgres.rest import RestFunctions
from tiercel.secrets.environment import EnvironmentSecrets
from tiercel.secrets.vault import VaultSecrets
from tiercel.settings import Settings
from tiercel.value_stores import ValueStores, value_stores

PROJECT = {"SUPABASE_URL": "https://abc.supabase.co", "SUPABASE_ANON_KEY": "public"}
ON_LAMBDA = {"AWS_LAMBDA_FUNCTION_NAME": "f"}


def chosen(environment: Mapping[str, str], home: Path) -> ValueStores:
    return value_stores(Settings.read(environment), home)


def test_a_laptop_keeps_values_in_its_home_whatever_project_it_knows(tmp_path: Path) -> None:
    for environment in ({}, PROJECT):
        kv, _, secrets = chosen(environment, tmp_path)
        assert isinstance(kv, SqliteKeyValueStore)
        assert kv.database.path == tmp_path / "values.db"
        assert isinstance(secrets, EnvironmentSecrets)


def test_a_file_may_be_named(tmp_path: Path) -> None:
    kv, _, _ = chosen({"TIERCEL_KV_URL": f"sqlite:///{tmp_path}/kept.db"}, tmp_path / "home")
    kv.put("n", "k", 1)
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".db"] == ["kept.db"]
    kv.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("url", ["postgres://u@h/d", "postgresql://u@h/d"])
def test_a_postgres_may_be_named_and_is_not_dialled_before_it_is_used(url: str, tmp_path: Path) -> None:
    kv, _, _ = chosen({"TIERCEL_KV_URL": url, **ON_LAMBDA}, tmp_path)
    assert isinstance(kv, PostgresKeyValueStore)
    assert isinstance(kv.functions, DirectFunctions)
    assert (kv.functions.idle, kv.functions.ready) == ([], False)


@pytest.mark.parametrize("environment", [{"TIERCEL_KV_URL": "supabase"}, ON_LAMBDA, {"K_SERVICE": "s"}])
def test_a_project_is_used_where_it_is_named_or_where_the_disk_does_not_last(
    environment: Mapping[str, str], tmp_path: Path
) -> None:
    kv, _, _ = chosen({**PROJECT, **environment}, tmp_path)
    assert isinstance(kv, PostgresKeyValueStore)
    functions = kv.functions
    assert isinstance(functions, RestFunctions)
    assert (functions.url, functions.key, functions.token) == ("https://abc.supabase.co", "public", None)
    under = functions.under("the token of a task run")
    assert under.token == "the token of a task run"
    functions.close()


def test_the_service_key_is_what_an_orchestrator_shows_by_itself(tmp_path: Path) -> None:
    environment = {**PROJECT, "TIERCEL_KV_URL": "supabase", "SUPABASE_SERVICE_ROLE_KEY": "service"}
    kv, _, _ = chosen(environment, tmp_path)
    assert isinstance(kv, PostgresKeyValueStore)
    assert isinstance(kv.functions, RestFunctions)
    assert kv.functions.token == "service"


def test_a_deployed_function_without_a_store_says_so_when_it_is_asked(tmp_path: Path) -> None:
    kv, _state, _ = chosen(ON_LAMBDA, tmp_path)
    for call in (lambda: kv.get("n", "k"), lambda: kv.put("n", "k", 1), kv.namespaces):
        with pytest.raises(TaskFailed, match="set SUPABASE_URL and SUPABASE_ANON_KEY, or TIERCEL_KV_URL"):
            call()
    assert list(tmp_path.iterdir()) == []


def test_secrets_are_those_of_the_environment_or_of_the_vault(tmp_path: Path) -> None:
    assert isinstance(chosen({"TIERCEL_SECRETS": "environment"}, tmp_path).secrets, EnvironmentSecrets)
    assert isinstance(chosen({**PROJECT, "TIERCEL_SECRETS": "vault"}, tmp_path).secrets, VaultSecrets)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"TIERCEL_KV_URL": "mysql://h/d"}, "TIERCEL_KV_URL starts with 'mysql'"),
        ({"TIERCEL_KV_URL": "sqlite:///"}, "TIERCEL_KV_URL starts with 'sqlite'"),
        ({"TIERCEL_KV_URL": "supabase"}, "SUPABASE_URL is not set"),
        ({**ON_LAMBDA, "SUPABASE_URL": "https://x"}, "SUPABASE_ANON_KEY is not set"),
        ({**PROJECT, "TIERCEL_KV_URL": "supabase", "SUPABASE_URL": "abc"}, "SUPABASE_URL is 'abc'"),
        ({"TIERCEL_SECRETS": "vault"}, "TIERCEL_SECRETS=vault asks for a Supabase project"),
        ({"TIERCEL_SECRETS": "keepass"}, "TIERCEL_SECRETS is 'keepass'"),
    ],
)
def test_a_wrong_setting_is_a_sentence(environment: Mapping[str, str], said: str, tmp_path: Path) -> None:
    with pytest.raises(TiercelError, match=said):
        chosen(environment, tmp_path)


@pytest.mark.parametrize(
    ("environment", "module", "extra"),
    [
        ({"TIERCEL_KV_URL": "postgresql://h/d"}, "tiercel.postgres.direct", "postgres"),
        (
            {**PROJECT, "TIERCEL_KV_URL": "supabase", "SUPABASE_SERVICE_ROLE_KEY": "s"},
            "postgrest",
            "http",
        ),
    ],
)
def test_a_driver_that_is_not_installed_is_named(
    environment: Mapping[str, str], module: str, extra: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def missing(name: str, *arguments: Any) -> Any:
        if name == module:
            raise ImportError(name)
        return real(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", missing)
    with pytest.raises(TiercelError, match=rf"pip install 'tiercel-runtime\[{extra}\]'"):
        chosen(environment, tmp_path).kv.namespaces()


@pytest.mark.parametrize(("part", "wrong"), [("postgres@", "nobody_we_know@"), ("/postgres", "/nowhere")])
def test_a_database_that_cannot_be_used_is_a_sentence(postgres_url: str, part: str, wrong: str) -> None:
    start, _, end = postgres_url.rpartition(part)
    functions = DirectFunctions(start + wrong + end)
    with pytest.raises(TiercelError, match=r"TIERCEL_KV_URL cannot be used .*does not exist"):
        functions.call("pipeline_kv_namespaces")
    functions.close()


def test_a_database_that_does_not_answer_may_answer_later() -> None:
    functions = DirectFunctions("postgresql://nobody@127.0.0.1:1/nowhere")
    with pytest.raises(TaskFailed, match="see that it runs and can be reached"):
        functions.call("pipeline_kv_namespaces")
    functions.close()
