"""A flow whose tasks run in a deployed family: its keys are in the project, reached under tokens."""

import json
from collections.abc import Mapping
from typing import Any

import jwt
import pytest

from tests.e2e.cli import Cli
from tests.e2e.test_server import family
from tests.postgrest import JWT_SECRET, PUBLIC_KEY, Project, half_of, signing_key
from tests.unit.stores import EMPTY
from tiercel.kv.postgres import PostgresKeyValueStore
from tiercel.postgres import Refused
from tiercel.postgres.rest import RestFunctions

FLOW = """
id: keys
namespace: company.team
tasks:
  - id: set
    type: io.kestra.plugin.core.kv.Set
    key: k
    value: "{{ kv('above') }} {{ secret('KEY') == 'x' }}"
  - {id: get, type: io.kestra.plugin.core.kv.Get, key: k}
  - {id: count, type: io.kestra.plugin.core.state.Set, data: {seen: "{{ outputs.get.value }}"}}
  - {id: beside, type: io.kestra.plugin.core.kv.Get, key: k, namespace: company.other, allowFailure: true}
"""


@pytest.fixture
def laid_down(project: Project) -> Project:
    """Give the project with a key above the flow's namespace and a secret."""
    project.run(
        f"{EMPTY}, vault.secrets; drop schema if exists tiercel cascade; "
        "insert into vault.secrets (name, secret) values ('company/KEY', 'x'); "
        "select pipeline_kv_put("
        "'company', 'above', '\"from above\"', 'STRING', null, null, true, null, now());"
    )
    return project


def deployed(cli: Cli, project: Project, **settings: str) -> Cli:
    """Give the environment of a family that is deployed."""
    return cli.with_settings(
        **settings,
        K_SERVICE="core",
        TIERCEL_SECRETS="vault",
        TIERCEL_STORAGE_URL=str(cli.directory / "files"),
        SUPABASE_URL=project.url,
        SUPABASE_ANON_KEY=PUBLIC_KEY,
    )


@pytest.mark.parametrize("store", ["of its own", "of the project", "of its own, requests signed"])
def test_a_flows_keys_states_and_secrets_are_those_of_the_project(
    cli: Cli, laid_down: Project, store: str
) -> None:
    cli.write("keys.yaml", FLOW)
    # the one signs with the project's secret, the other with a key that the family has half of
    settings, known = {"TIERCEL_JWT_SECRET": JWT_SECRET}, {"TIERCEL_JWT_SECRET": JWT_SECRET}
    if store == "of the project":
        settings = {"TIERCEL_JWT_KEY": json.dumps(signing_key()), "TIERCEL_STORE": laid_down.database_url}
        known = {"TIERCEL_JWT_KEY": json.dumps({"keys": [half_of(signing_key())]})}
    elif "signed" in store:  # the family knows nothing of tokens: the task run's is in the envelope
        known = {"TIERCEL_HMAC_SECRET": "a secret that signs requests, of more than thirty-two bytes"}
        settings |= known
    settings["TIERCEL_STORAGE_URL"] = str(cli.directory / "files")
    with family(deployed(cli, laid_down, **known), "tiercel_core") as (url, _):
        urls = json.dumps({"core": url})
        ran = cli.with_settings(TIERCEL_FAMILY_URLS=urls, **settings).run("run", "keys.yaml", "--json")
    states = [run["state"]["current"] for run in ran.json["taskRunList"]]
    assert states == ["SUCCESS", "SUCCESS", "SUCCESS", "WARNING"], ran.err
    assert laid_down.run("select namespace, key, value_json from pipeline_kv_store order by 1") == [
        'company|above|"from above"',
        'company.team|k|"from above true"',
    ]
    assert laid_down.run("select flow_id, data_jsonb from pipeline_execution_state") == [
        'keys|{"seen": "from above true"}'
    ]
    if store == "of the project":
        check_that_a_token_ends_with_its_task_run(laid_down, ran.json)


def check_that_a_token_ends_with_its_task_run(project: Project, execution: Mapping[str, Any]) -> None:
    """Show a token of a task run that has ended, and one of an execution that the database does not know."""
    claims = {
        "role": "tiercel_task",
        "namespace": "company.team",
        "flowId": "keys",
        "executionId": execution["id"],
        "taskRunId": execution["taskRunList"][0]["id"],
        "attempt": 1,
        "exp": 4102444800,
    }
    for changed, reached in (({}, False), ({"executionId": "elsewhere"}, True)):
        functions = RestFunctions(
            project.url, PUBLIC_KEY, jwt.encode({**claims, **changed}, JWT_SECRET, algorithm="HS256")
        )
        kv = PostgresKeyValueStore(functions)
        assert (kv.get("company.team", "k") is not None) == reached
        if not reached:
            with pytest.raises(Refused):
                kv.put("company.team", "k", "too late")
        functions.close()
