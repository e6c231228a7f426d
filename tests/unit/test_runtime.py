"""The dispatcher: what it renders, masks, bounds and words."""

import asyncio
import json
import logging
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, SecretStr

from tiercel.context import ExecutionContext
from tiercel.envelope import Envelope, RunContext
from tiercel.errors import Killed, Retriable, Snooze, TaskFailed
from tiercel.flows.plans import Each
from tiercel.plugin import BaseOutput, BaseParams, BasePlugin, LogLine, PluginOutput, State, failed, success
from tiercel.runtime import execute
from tiercel.testing import MemoryServices, run_plugin
from tiercel.testing.running import OnePlugin


@pytest.fixture
def services() -> Iterator[MemoryServices]:
    with MemoryServices({"TOKEN": "s3cr3t-value"}) as services:
        yield services


class EchoParams(BaseParams):
    text: str = Field("", description="A text.")
    password: SecretStr | None = Field(None, description="A secret.")


class EchoOutput(BaseOutput):
    text: str = Field(description="The text.")


class Echo(BasePlugin[EchoParams, EchoOutput]):
    """Give a text back."""

    task_types = ("test.Echo",)

    async def run(self, params: EchoParams, context: ExecutionContext) -> PluginOutput:
        context.log.info(params.text)
        context.metric("length", len(params.text), unit="characters")
        return success(EchoOutput(text=params.text))


class Blocking(BasePlugin):
    """Wait for its cancel, in a thread."""

    task_types = ("test.Blocking",)
    cancelled = threading.Event()
    started = threading.Event()

    def run(self, params: BaseParams, context: ExecutionContext) -> PluginOutput:
        self.started.set()
        self.cancelled.wait(30)
        raise ConnectionError("the driver was closed under its feet")

    def cancel(self) -> None:
        self.cancelled.set()


class Waiting(BasePlugin):
    """Wait for ever, on the loop."""

    task_types = ("test.Waiting",)

    async def run(self, params: BaseParams, context: ExecutionContext) -> PluginOutput:
        await asyncio.Event().wait()
        return success()


def raising(error: BaseException) -> type[BasePlugin[Any, Any]]:
    """Make a plugin that raises."""

    class Raising(BasePlugin):
        """Raise an error."""

        task_types = ("test.Raising",)

        async def run(self, params: BaseParams, context: ExecutionContext) -> PluginOutput:
            raise error

    return Raising


def test_a_task_is_rendered_run_and_answered_with_its_log_and_metrics() -> None:
    result = run_plugin(Echo, {"text": "{{ inputs.who }}!"}, variables={"inputs": {"who": "you"}})
    assert result.state is State.SUCCESS
    assert result.data == {"text": "you!"}
    assert [(line.level, line.message) for line in result.logs] == [("INFO", "you!")]
    assert [(metric.name, metric.value, metric.tags) for metric in result.metrics] == [
        ("length", 4, {"unit": "characters"})
    ]


def test_a_secret_never_leaves_a_task_in_any_common_encoding(services: MemoryServices) -> None:
    basic = "{{ ('user:' ~ secret('TOKEN')) | base64encode }}"
    template = f"{{{{ secret('TOKEN') }}}} {{{{ secret('TOKEN') | base64encode }}}} {basic}"
    result = run_plugin(Echo, {"text": template}, services=services)
    written = result.model_dump_json()
    assert result.state is State.SUCCESS
    assert "s3cr3t" not in written
    assert "czNjcjN0LXZhbHVl" not in written
    assert result.data["text"].startswith("****** ****** ")


def test_a_secret_property_is_masked_in_outputs_and_errors() -> None:
    class Leak(BasePlugin[EchoParams]):
        """Tell a secret."""

        task_types = ("test.Leak",)

        async def run(self, params: EchoParams, context: ExecutionContext) -> PluginOutput:
            assert params.password
            raise TaskFailed("refused: hunter22", data={"said": [params.password.get_secret_value()]})

    result = run_plugin(Leak, {"password": "hunter22"})
    assert result.error
    assert result.error.message == "refused: ******"
    assert result.data == {"said": ["******"]}
    assert "hunter22" not in result.model_dump_json()


def test_a_secret_that_the_plugin_asks_for_is_masked_in_its_log(services: MemoryServices) -> None:
    class Asking(BasePlugin):
        """Ask for a secret."""

        task_types = ("test.Asking",)

        def run(self, params: BaseParams, context: ExecutionContext) -> PluginOutput:
            context.log.info(context.get_secret("TOKEN"))
            return success()

    assert run_plugin(Asking, services=services).logs[0].message == "******"


@pytest.mark.parametrize(
    ("error", "kind", "retry_after"),
    [
        (TaskFailed("no"), "TaskFailed", None),
        (Retriable("busy", retry_after=3), "Retriable", 3),
        (Killed(), "Killed", None),
        (ZeroDivisionError("secret 42"), "Bug", None),
    ],
)
def test_an_error_says_what_happens_next(error: Exception, kind: str, retry_after: float | None) -> None:
    result = run_plugin(raising(error))
    assert result.state is State.FAILED
    assert result.error
    assert (result.error.kind, result.error.retry_after) == (kind, retry_after)
    assert result.logs[-1].level == "ERROR"


def test_a_bug_is_logged_with_its_traceback_and_told_without_values(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "tiercel.runtime"):
        result = run_plugin(raising(ZeroDivisionError("42 / 0")))
    assert result.error
    assert "42" not in result.error.message
    assert "ZeroDivisionError" in result.error.message
    assert "42 / 0" in caplog.text


def test_a_snooze_is_no_failure() -> None:
    until = datetime(2030, 1, 1, tzinfo=UTC)
    result = run_plugin(raising(Snooze(until)))
    assert (result.state, result.snooze_until, result.error) == (
        State.SKIPPED,
        "2030-01-01T00:00:00.000Z",
        None,
    )


def test_a_blocking_task_is_cancelled_at_its_deadline() -> None:
    Blocking.cancelled.clear()
    result = run_plugin(Blocking, timeout_seconds=0.05)
    assert Blocking.cancelled.is_set()
    assert result.error
    assert result.error.kind == "Timeout"
    assert "0.05 s" in result.error.message


def test_an_async_task_is_stopped_at_its_deadline() -> None:
    result = run_plugin(Waiting, timeout_seconds=0.05)
    assert result.error
    assert result.error.kind == "Timeout"


def test_killing_the_caller_cancels_the_plugin(services: MemoryServices) -> None:
    Blocking.cancelled.clear()
    Blocking.started.clear()

    async def kill() -> None:
        task = asyncio.create_task(
            execute(Envelope(task_type="test.Blocking"), OnePlugin(Blocking), services)
        )
        await asyncio.to_thread(Blocking.started.wait, 30)
        task.cancel()
        await task

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(kill())
    assert Blocking.cancelled.is_set()


def test_an_unknown_property_is_refused_with_the_nearest_name_and_a_missing_one_is_named() -> None:
    class Needs(BaseParams):
        message: str = Field(description="A text.")

    class Strict(BasePlugin[Needs]):
        """Need a message."""

        task_types = ("test.Strict",)

        async def run(self, params: Needs, context: ExecutionContext) -> PluginOutput:
            return success()

    result = run_plugin(Strict, {"mesage": "hi"})
    assert result.error
    assert result.error.kind == "InvalidParameters"
    assert {problem.path: problem.message for problem in result.error.problems} == {
        "message": "is required: add it",
        "mesage": "is unknown: did you mean `message`?",
    }


def test_an_error_of_an_expression_names_the_property_and_the_place() -> None:
    result = run_plugin(Echo, {"text": "so {{ nobody }}"})
    assert result.error
    assert result.error.kind == "ExpressionError"
    (problem,) = result.error.problems
    assert (problem.path, problem.line, problem.column) == ("text", 1, 7)


def test_an_unknown_task_type_is_a_failed_result(services: MemoryServices) -> None:
    result = asyncio.run(execute(Envelope(task_type="test.Ecko"), OnePlugin(Echo), services))
    assert result.error
    assert "did you mean 'test.Echo'?" in result.error.message


def test_a_failed_output_keeps_its_data_and_its_message() -> None:
    class Failing(BasePlugin):
        """Fail, with outputs."""

        task_types = ("test.Failing",)

        async def run(self, params: BaseParams, context: ExecutionContext) -> PluginOutput:
            return failed("exit code 3", {"exitCode": 3})

    result = run_plugin(Failing)
    assert result.error
    assert (result.state, result.error.message, result.data) == (State.FAILED, "exit code 3", {"exitCode": 3})
    assert [line.message for line in result.logs] == ["exit code 3"]


def test_a_plan_travels_with_its_kind() -> None:
    class Loop(BasePlugin):
        """Decide to loop."""

        task_types = ("test.Loop",)

        async def run(self, params: BaseParams, context: ExecutionContext) -> PluginOutput:
            return success({"items": ["a"]}, plan=Each(values=("a",), limit=2))

    assert run_plugin(Loop).plan == {
        "kind": "Each",
        "values": ["a"],
        "limit": 2,
        "block": "tasks",
        "parallelChildren": False,
    }


def test_a_big_output_travels_as_a_reference_and_expressions_follow_it(services: MemoryServices) -> None:
    result = run_plugin(Echo, {"text": "x" * 300_000}, services=services, log_level="ERROR")
    reference = result.data["text"]
    assert reference["size"] == 300_002
    assert json.loads(services.storage.read(None, reference["$ref"])) == "x" * 300_000
    followed = run_plugin(
        Echo,
        {"text": "{{ outputs.a.text | length }}"},
        services=services,
        variables={"outputs": {"a": result.data}},
    )
    assert followed.data == {"text": "300000"}


def test_a_long_log_is_stored_and_its_end_is_shown(services: MemoryServices) -> None:
    class Chatty(BasePlugin):
        """Log a lot."""

        task_types = ("test.Chatty",)

        async def run(self, params: BaseParams, context: ExecutionContext) -> PluginOutput:
            for number in range(5000):
                context.log.info(f"line {number}")
            return success()

    result = run_plugin(Chatty, services=services)
    assert result.logs_ref
    assert result.logs[-1].message == "line 4999"
    assert len(json.loads(services.storage.read(None, result.logs_ref["$ref"]))) == 5000


def test_a_sink_sees_each_line_and_the_result_keeps_them(services: MemoryServices) -> None:
    seen: list[LogLine] = []
    envelope = Envelope(task_type="test.Echo", params={"text": "hello"})
    result = asyncio.run(execute(envelope, OnePlugin(Echo), services, sink=seen.append))
    assert [line.message for line in seen] == ["hello"] == [line.message for line in result.logs]


def test_the_working_directory_is_fresh_and_removed_and_a_shared_one_stays(tmp_path: Path) -> None:
    class Writing(BasePlugin):
        """Write a file."""

        task_types = ("test.Writing",)

        def run(self, params: BaseParams, context: ExecutionContext) -> PluginOutput:
            (context.directory / "file").write_text("x")
            return success({"directory": str(context.directory)})

    assert not Path(run_plugin(Writing).data["directory"]).exists()
    run_plugin(Writing, directory=tmp_path)
    assert (tmp_path / "file").exists()


def test_lines_below_the_level_are_dropped() -> None:
    assert run_plugin(Echo, {"text": "x"}, log_level="WARN").logs == []


def test_a_run_that_returns_something_else_is_our_bug() -> None:
    class Wrong(BasePlugin):
        """Return nothing."""

        task_types = ("test.Wrong",)

        async def run(self, params: BaseParams, context: ExecutionContext) -> PluginOutput:
            return None  # type: ignore[return-value]

    result = run_plugin(Wrong)
    assert result.error
    assert result.error.kind == "Bug"


def test_values_that_are_no_json_are_written_as_json() -> None:
    class Odd(BasePlugin):
        """Give odd values."""

        task_types = ("test.Odd",)

        async def run(self, params: BaseParams, context: ExecutionContext) -> PluginOutput:
            return success({"when": datetime(2024, 1, 2, tzinfo=UTC), "nan": float("nan"), "pair": (1, 2)})

    assert run_plugin(Odd).data == {"when": "2024-01-02T00:00:00Z", "nan": "NaN", "pair": [1, 2]}


def test_a_task_that_takes_longer_to_stop_than_it_may_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tiercel.calling.GRACE_SECONDS", 0.01)
    release = threading.Event()

    class Deaf(BasePlugin):
        """Ignore its cancel."""

        task_types = ("test.Deaf",)

        def run(self, params: BaseParams, context: ExecutionContext) -> PluginOutput:
            release.wait(30)
            return success()

    result = run_plugin(Deaf, timeout_seconds=0.01)
    release.set()
    assert result.error
    assert result.error.kind == "Timeout"


def test_run_context_is_what_templates_see_through_services(services: MemoryServices) -> None:
    services.kv.put("company.team", "color", "blue")
    result = run_plugin(
        Echo,
        {"text": "{{ kv('color') }}"},
        services=services,
        **RunContext(namespace="company.team", variables={"flow": {"namespace": "company.team"}}).model_dump(
            include={"namespace", "variables"}
        ),
    )
    assert result.data == {"text": "blue"}
