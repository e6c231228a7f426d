"""What templates and tasks may reach."""

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tiercel.envelope import RunContext
from tiercel.errors import TaskFailed, TiercelError
from tiercel.expression_services import ExpressionServices, in_thread, request_options
from tiercel.expressions import render
from tiercel.masking import Masker
from tiercel.runtime import WatchedSecrets
from tiercel.secrets.environment import EnvironmentSecrets
from tiercel.services import SentHistory, local_services, shown_environment
from tiercel.settings import Settings
from tiercel.state import Place
from tiercel.testing import MemoryServices

OWN = "kestra:///company/team/flow/executions/e1/tasks/task/t1"
TASKS = {"a": {"state": "FAILED"}, "b": {"x": {"state": "FAILED"}, "y": {"state": "SUCCESS"}}}


@pytest.fixture
def services() -> Iterator[MemoryServices]:
    with MemoryServices({"KEY": '{"user": "me", "port": 1}'}) as services:
        yield services


def reach(services: MemoryServices, **variables: Any) -> ExpressionServices:
    """Give what the templates of one run may reach."""
    run = RunContext(namespace="company.team", flow_id="flow", execution_id="e1", variables=variables)
    return services.expressions(run)


def test_a_secret_is_given_whole_or_by_field(services: MemoryServices) -> None:
    assert json.loads(reach(services).secret("KEY", None, None))["user"] == "me"
    assert reach(services).secret("KEY", None, "user") == "me"
    assert reach(services).secret("KEY", None, "port") == "1"
    with pytest.raises(TaskFailed, match="has no field 'nope'"):
        reach(services).secret("KEY", None, "nope")


def test_a_key_of_the_own_namespace_and_of_those_above_may_be_read(services: MemoryServices) -> None:
    services.kv.put("company", "k", 1)
    assert reach(services).kv("k", "company", True) == 1
    assert reach(services).kv("k", None, False) == 1
    services.kv.put(reach(services).run.namespace, "k", 2)
    assert reach(services).kv("k", None, False) == 2
    assert reach(services).kv("k", "company", True) == 1
    with pytest.raises(TaskFailed, match=r"does not exist in the namespace 'company.team'"):
        reach(services).kv("missing", None, True)
    for other in ("company.team.sub", "company.te", "other"):
        with pytest.raises(TaskFailed, match="may not be reached"):
            reach(services).kv("k", other, False)


def test_a_namespace_file_is_read_by_its_path(services: MemoryServices) -> None:
    services.storage.put("kestra:///company/team/_files/dir/a.txt", b"hi")
    templates = reach(services)
    assert templates.file_uri("dir/a.txt", None) == "kestra:///company/team/_files/dir/a.txt"
    assert templates.read_file("/dir/a.txt", None) == "hi"
    assert templates.file_size("dir/a.txt", None) == 2
    assert templates.file_exists("dir/b.txt", None) is False
    with pytest.raises(TaskFailed, match=r"Path must not contain '\.\./'"):
        templates.file_uri("../x", None)


def test_a_template_reads_its_execution_and_its_caller_and_no_other(services: MemoryServices) -> None:
    own, other = f"{OWN}/x", "kestra:///company/team/flow/executions/e2/tasks/task/t/x"
    for uri in (own, other):
        services.storage.put(uri, b"hi")
    assert reach(services).read_file(own, None) == "hi"
    with pytest.raises(TaskFailed, match="Unable to read the file"):
        reach(services).read_file(other, None)
    caller = {"namespace": "company.team", "flowId": "flow", "executionId": "e2"}
    assert reach(services, trigger=caller).read_file(other, None) == "hi"


def test_a_file_that_is_no_text_is_a_sentence(services: MemoryServices) -> None:
    services.storage.put(f"{OWN}/x", b"\xff\xfe")
    with pytest.raises(TaskFailed, match="it is not UTF-8"):
        reach(services).read_file(f"{OWN}/x", None)


def test_history_is_read_from_what_was_sent() -> None:
    run = RunContext(variables={"tasks": TASKS, "errorLogs": [{"taskId": "a", "message": "no"}]})
    assert SentHistory().error_logs(run) == [{"taskId": "a", "message": "no"}]
    assert SentHistory().tasks_with_state(run, "FAILED") == [
        {"taskId": "a", "state": "FAILED"},
        {"taskId": "b", "value": "x", "state": "FAILED"},
    ]
    assert SentHistory().tasks_with_state(RunContext(), "FAILED") == []


def test_a_coroutine_runs_from_blocking_code_and_its_error_comes_back() -> None:
    async def give(value: int) -> int:
        return 10 // value

    assert in_thread(lambda: give(5)) == 2
    with pytest.raises(ZeroDivisionError):
        in_thread(lambda: give(0))


def test_the_options_of_http_become_the_clients() -> None:
    assert request_options({"body": {"a": 1}, "accept": "text/plain", "query": {"q": "x"}}) == {
        "headers": {"Accept": "text/plain"},
        "params": {"q": "x"},
        "json": {"a": 1},
    }
    assert request_options({"body": "text"})["content"] == "text"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        (base64.b64encode(b"s3cret").decode(), "s3cret"),
        ("not base64!", "not base64!"),
        ("password", "password"),
    ],
)
def test_a_secret_of_the_environment_is_base64_or_plain(written: str, value: str) -> None:
    assert EnvironmentSecrets({"SECRET_DB_PASSWORD": written}).get("db_password", "n") == value


def test_a_missing_secret_says_which_variable_to_set() -> None:
    with pytest.raises(TaskFailed, match="SECRET_NOPE"):
        EnvironmentSecrets({}).get("nope", "n")


def test_local_services_create_nothing_before_they_are_used(tmp_path: Path) -> None:
    services = local_services(tmp_path / "home", Settings())
    assert not (tmp_path / "home").exists()
    services.kv.put("n", "k", 1)
    services.state.put(Place("n", "f", "s"), {}, 0)
    services.storage.put("kestra:///n/_files/x", b"x")
    services.close()
    assert {path.name for path in (tmp_path / "home").iterdir()} >= {"values.db", "storage"}


def test_expressions_see_variables_that_begin_with_env_only() -> None:
    assert shown_environment({"ENV_STAGE": "dev", "SECRET_X": "y", "PATH": "/"}) == {"stage": "dev"}


@pytest.mark.parametrize(
    ("environment", "deployed", "private"),
    [
        ({}, False, True),
        ({"AWS_LAMBDA_FUNCTION_NAME": "f"}, True, False),
        ({"K_SERVICE": "s"}, True, False),
        ({"K_SERVICE": "s", "TIERCEL_ALLOW_PRIVATE_TARGETS": "true"}, True, True),
        ({"TIERCEL_ALLOW_PRIVATE_TARGETS": "0"}, False, False),
    ],
)
def test_private_targets_are_for_laptops_unless_said_otherwise(
    environment: dict[str, str], deployed: bool, private: bool
) -> None:
    settings = Settings.read(environment)
    assert (settings.deployed, settings.private_targets) == (deployed, private)


@pytest.mark.parametrize("text", ["x", "-1", "0", "nan"])
def test_a_bad_number_of_seconds_is_a_sentence(text: str) -> None:
    with pytest.raises(TiercelError, match="positive number of seconds"):
        Settings.read({"TIERCEL_SYNC_SECONDS": text})


def test_a_file_too_large_for_a_text_is_refused_before_it_is_read(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    services.storage.put(f"{OWN}/x", b"four")
    monkeypatch.setattr("tiercel.expression_services.MOST_READ_BYTES", 3)
    with pytest.raises(TaskFailed, match="it has 4 bytes, more than 3"):
        reach(services).read_file(f"{OWN}/x", None)


def test_the_context_is_shown_without_the_secrets_of_the_task(services: MemoryServices) -> None:
    masker = Masker()
    masker.add("decrypted-input")
    services.secrets = WatchedSecrets(services.secrets, masker)
    shown = render("{{ fetchContext() }}", {"inputs": {"key": "decrypted-input"}}, reach(services))
    assert shown == '{"inputs":{"key":"******"}}'


def test_private_targets_may_be_listed() -> None:
    listed = Settings.read({"TIERCEL_ALLOW_PRIVATE_TARGETS": "db.internal, 10.1.0.0/16"})
    assert (listed.private_targets, listed.private_hosts) == (False, ("db.internal", "10.1.0.0/16"))
    assert Settings.read({"TIERCEL_ALLOW_PRIVATE_TARGETS": "false"}).private_hosts == ()
    with pytest.raises(TiercelError, match=r"'10\.1\.0\.0/99', which is no network"):
        Settings.read({"TIERCEL_ALLOW_PRIVATE_TARGETS": "10.1.0.0/99"})
