"""What a task run reaches under its token, over a real PostgREST: its own, and nothing of anybody else's."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from tests.postgrest import JWT_SECRET, PUBLIC_KEY, Project, signing_key
from tests.unit.stores import EMPTY
from tiercel import clock
from tiercel.envelope import RunContext
from tiercel.errors import Retriable, TaskFailed
from tiercel.http.signing import TokenKeys
from tiercel.kv.postgres import PostgresKeyValueStore
from tiercel.postgres import Refused
from tiercel.postgres.rest import RestFunctions
from tiercel.secrets.vault import VaultSecrets
from tiercel.state import Place
from tiercel.state.postgres import PostgresStateStore
from tiercel_orchestrator.dispatch.tokens import Tokens

NOW = datetime(2024, 1, 1, tzinfo=UTC)
TABLES = ("pipeline_kv_store", "pipeline_execution_state")
NAMESPACES = ("company", "company.team", "company.team.sub", "company.other", "company.tea", "else")
LAID_DOWN = """
create temporary table namespaces (name text);
insert into namespaces
values ('company'), ('company.team'), ('company.team.sub'), ('company.other'), ('company.tea'), ('else');
select pipeline_kv_put(name, 'k', to_json(name)::text, 'STRING', null, null, true, null, '2024-01-01')
from namespaces;
select pipeline_state_put(name, flow, 'default', '', json_build_object('flow', flow)::text, 0, '2024-01-01')
from namespaces, unnest(array['f', 'g', '']) as flow;
insert into vault.secrets (name, secret) select name || '/KEY', 'of ' || name from namespaces;
insert into vault.secrets (name, secret) values ('KEY', 'of the app'), ('/KEY', 'nobody');
"""


class Reach:
    """What one token reaches."""

    def __init__(self, project: Project, token: str) -> None:
        self.functions = RestFunctions(project.url, PUBLIC_KEY, token)
        self.kv = PostgresKeyValueStore(self.functions, lambda: NOW)
        self.state = PostgresStateStore(self.functions, lambda: NOW)
        self.secrets = VaultSecrets(self.functions)


Reacher = Callable[..., Reach]


@pytest.fixture
def reach(project: Project) -> Iterator[Reacher]:
    """Lay down a key, a state and a secret in each namespace, and give what a task run reaches of them."""
    project.run(f"{EMPTY}, vault.secrets; {LAID_DOWN}")
    opened: list[Reach] = []

    def reaching(own: str = "company.team", token: str | None = None, **changed: Any) -> Reach:
        opened.append(Reach(project, token or token_of(own, **changed)))
        return opened[-1]

    yield reaching
    for one in opened:
        one.functions.close()


def token_of(own: str = "company.team", **changed: Any) -> str:
    """Mint a token as the orchestrator does, and change some claims of it; None takes one out."""
    run = RunContext(namespace=own, flow_id="f", execution_id="e", task_run_id="r", attempt=2)
    token = Tokens(TokenKeys(JWT_SECRET)).token(run)
    assert token
    if not changed:
        return token
    claims = {**jwt.decode(token, JWT_SECRET, algorithms=["HS256"]), **changed}
    return jwt.encode({name: value for name, value in claims.items() if value is not None}, JWT_SECRET)


def test_a_task_reads_keys_of_its_namespace_and_of_those_above(reach: Reacher) -> None:
    task = reach()
    assert [task.kv.get(namespace, "k") is not None for namespace in NAMESPACES] == [
        True,
        True,
        False,
        False,
        False,
        False,
    ]
    assert task.kv.namespaces() == ["company", "company.team"]
    assert not task.kv.keys("company.other")
    assert not task.kv.entries("company.team.sub")
    inherited = reach("company.team.sub.deep").kv.get("company.team.sub.deep", "k", inherited=True)
    assert inherited
    assert inherited.value == "company.team.sub"


def test_a_task_writes_keys_of_its_namespace_only(reach: Reacher) -> None:
    task, service = reach(), reach(role="service_role")
    assert task.kv.put("company.team", "k", 1).revision == 2
    assert task.kv.put("company.team", "new", 1, revision=0).revision == 1
    assert task.kv.delete("company.team", "new")
    for namespace in NAMESPACES:
        if namespace == "company.team":
            continue
        for key in ("k", "new"):
            with pytest.raises(Refused, match="writes keys of its namespace"):
                task.kv.put(namespace, key, "taken")
            with pytest.raises(TaskFailed):
                task.kv.put(namespace, key, "taken", revision=1)
    assert task.kv.purge(list(NAMESPACES), expired_only=False) == 1
    assert service.kv.namespaces() == sorted(set(NAMESPACES) - {"company.team"})
    for namespace in set(NAMESPACES) - {"company.team"}:
        (entry,) = service.kv.entries(namespace)
        assert (entry.key, entry.value, entry.revision) == ("k", namespace, 1)


def test_a_key_that_may_be_read_but_not_removed_is_no_key_that_is_missing(reach: Reacher) -> None:
    with pytest.raises(Refused):
        reach().kv.delete("company", "k")
    assert reach().kv.delete("company.other", "k") is False
    assert reach().kv.get("company", "k")


def test_a_task_has_the_states_of_its_flow_and_those_that_its_namespace_shares(reach: Reacher) -> None:
    task = reach()
    for namespace in NAMESPACES:
        for flow in ("f", "g", ""):
            place, mine = Place(namespace, flow, "default"), namespace == "company.team" and flow != "g"
            assert (task.state.get(place) is not None) == mine
            assert task.state.put(place, {"taken": True}, 1) == mine
            if mine:
                assert task.state.delete(place)
                assert task.state.put(place, {}, 0)
            else:
                assert not task.state.delete(place)
                with pytest.raises(TaskFailed):
                    task.state.put(Place(namespace, flow, "new"), {}, 0)
    service = reach(role="service_role")
    for namespace, flow in (("company.team", "g"), ("company", ""), ("company.other", "f")):
        state = service.state.get(Place(namespace, flow, "default"))
        assert state
        assert (state.data, state.revision) == ({"flow": flow}, 1)


def test_a_task_is_given_secrets_of_its_namespace_and_of_those_above(
    reach: Reacher, project: Project
) -> None:
    task = reach()
    assert task.secrets.get("KEY", "company.team") == "of company.team"
    assert task.secrets.get("KEY", "company") == "of company"
    assert reach("company.new").secrets.get("KEY", "company.new") == "of company"
    for namespace in ("company.other", "company.team.sub", "company.tea", "else", ""):
        with pytest.raises(Refused, match="not for this task run"):
            task.secrets.get("KEY", namespace)
    with pytest.raises(TaskFailed, match=r"create the secret 'company\.team/NOPE' in the Vault"):
        task.secrets.get("NOPE", "company.team")


def test_the_service_is_given_the_secrets_of_every_namespace(reach: Reacher) -> None:
    service = reach(role="service_role", namespace=None, executionId=None)
    assert service.secrets.get("KEY", "else") == "of else"
    assert service.secrets.get("KEY", "company.new") == "of company"
    with pytest.raises(TaskFailed, match="create the secret"):
        service.secrets.get("KEY", "new")


def test_the_vault_itself_is_out_of_reach(reach: Reacher, project: Project) -> None:
    for role in ("tiercel_task", "authenticated", "anon"):
        client = reach(role=role).functions.client
        for schema in ("vault", "pipeline"):
            with pytest.raises(Exception, match="schema must be one of"):
                client.schema(schema).from_("decrypted_secrets").select("*").execute()


INCOMPLETE: list[dict[str, Any]] = [
    {"namespace": None},
    {"namespace": ""},
    {"flowId": None},
    {"executionId": None},
    {"executionId": ""},
    {"taskRunId": None},
    {"attempt": None},
    {"attempt": 0},
    {"attempt": "x"},
    {"namespace": "else"},
    {"namespace": "company.tea"},
    {"namespace": ["company.team"]},
    {"namespace": {"a": "company.team"}},
]


@pytest.mark.parametrize("changed", INCOMPLETE, ids=str)
def test_a_token_of_another_namespace_or_of_no_whole_task_run_reaches_nothing(
    reach: Reacher, changed: dict[str, Any]
) -> None:
    task = reach(**changed)
    assert task.kv.get("company.team", "k") is None
    assert task.kv.keys("company.team") == []
    assert task.kv.purge(["company.team"], expired_only=False) == 0
    assert task.state.get(Place("company.team", "f", "default")) is None
    for write in (
        lambda: task.kv.put("company.team", "k", 1),
        lambda: task.kv.put("company.team", "new", 1),
        lambda: task.state.put(Place("company.team", "f", "new"), {}, 0),
        lambda: task.secrets.get("KEY", "company.team"),
    ):
        with pytest.raises(Refused):
            write()


@pytest.mark.parametrize("role", ["authenticated", "anon", None])
def test_a_user_of_the_project_reaches_nothing_whatever_the_token_claims(
    reach: Reacher, role: str | None
) -> None:
    user = reach(role=role)
    for call in (
        lambda: user.kv.get("company.team", "k"),
        lambda: user.kv.put("company.team", "new", 1),
        lambda: user.kv.namespaces(),
        lambda: user.kv.purge(),
        lambda: user.state.get(Place("company.team", "f", "default")),
        lambda: user.secrets.get("KEY", "company.team"),
    ):
        with pytest.raises(Refused):
            call()
    for table in TABLES:
        with pytest.raises(Exception, match="permission denied"):
            user.functions.client.from_(table).select("*").execute()


def test_the_tables_themselves_show_a_task_no_more_than_the_functions(reach: Reacher) -> None:
    client = reach().functions.client
    shown = client.from_("pipeline_kv_store").select("namespace").order("namespace").execute().data
    assert shown == [{"namespace": "company"}, {"namespace": "company.team"}]
    taken = client.from_("pipeline_kv_store").update({"value_json": "0"}).neq("key", "").execute().data
    assert [row["namespace"] for row in taken if isinstance(row, dict)] == ["company.team"]
    with pytest.raises(Exception, match="row-level security"):
        client.from_("pipeline_kv_store").update({"namespace": "else"}).neq("key", "").execute()
    with pytest.raises(Exception, match="row-level security"):
        client.from_("pipeline_execution_state").update({"flow_id": "g"}).neq("name", "").execute()
    removed = client.from_("pipeline_execution_state").delete().neq("name", "").execute().data
    assert sorted(row["flow_id"] for row in removed if isinstance(row, dict)) == ["", "f"]


def test_a_token_that_has_expired_or_is_forged_is_refused_in_a_sentence(reach: Reacher) -> None:
    past = int((clock.now() - timedelta(minutes=5)).timestamp())
    with pytest.raises(TaskFailed, match=r"does not accept the token of this task run .*JWT expired"):
        reach(exp=past).kv.get("company.team", "k")
    forged = jwt.encode({"role": "service_role"}, "another secret of more than thirty-two bytes")
    for token in (forged, "no token"):
        with pytest.raises(TaskFailed, match="TIERCEL_JWT_SECRET its JWT secret"):
            reach(token=token).kv.get("company.team", "k")


def test_a_token_may_be_signed_with_a_key_whose_private_half_only_the_orchestrator_has(
    reach: Reacher,
) -> None:
    run = RunContext(namespace="company.team", flow_id="f", execution_id="e", task_run_id="r")
    token = Tokens(TokenKeys(document=json.dumps(signing_key()))).token(run)
    found = reach(token=token).kv.get("company.team", "k")
    assert found
    assert found.value == "company.team"
    strangers = TokenKeys(document=json.dumps({**signing_key(), **stranger()}))
    with pytest.raises(TaskFailed, match="TIERCEL_JWT_KEY must be a signing key of the project"):
        reach(token=Tokens(strangers).token(run)).kv.get("company.team", "k")


def stranger() -> dict[str, Any]:
    """Give the halves of a key that is nobody's."""
    key = signing_key.__wrapped__()
    return {name: key[name] for name in ("x", "y", "d")}


@pytest.mark.parametrize(
    ("url", "key", "function", "error", "said"),
    [
        (None, "another key", "pipeline_kv_namespaces", TaskFailed, "set SUPABASE_ANON_KEY"),
        ("http://127.0.0.1:1", PUBLIC_KEY, "pipeline_kv_namespaces", Retriable, "see that SUPABASE_URL is"),
        (None, PUBLIC_KEY, "pipeline_of_a_later_version", TaskFailed, "apply infra/supabase/migrations"),
    ],
)
def test_what_is_wrong_with_the_project_is_a_sentence(
    project: Project, url: str | None, key: str, function: str, error: type[TaskFailed], said: str
) -> None:
    functions = RestFunctions(url or project.url, key, token_of())
    with pytest.raises(error, match=said):
        functions.call(function)
    functions.close()


def test_without_a_token_there_is_nothing_to_call_with(project: Project) -> None:
    with pytest.raises(TaskFailed, match="has no token to show"):
        RestFunctions(project.url, PUBLIC_KEY).call("pipeline_kv_namespaces")
