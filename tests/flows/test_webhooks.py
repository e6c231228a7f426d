"""Webhooks: executions that calls from outside start."""

from pathlib import Path
from typing import Any

import pytest

from tests.flows.playing import on_engine
from tiercel.errors import InvalidFlow
from tiercel.operations import TriggerName
from tiercel_orchestrator.shell.engine import Engine
from tiercel_orchestrator.triggers.webhooks import Answered

HOOK = """
    id: hook
    namespace: tests
    inputs:
      - id: who
        type: STRING
    variables:
      word: open
    tasks:
      - id: show
        type: io.kestra.plugin.core.debug.Return
        format: "{{ inputs.who }} {{ trigger.parameters.page[0] }} {{ trigger.headers.accept | json }}"
    triggers:
      - id: call
        type: io.kestra.plugin.core.trigger.Webhook
        key: "{{ vars.word }} sesame"
        inputs:
          who: "{{ trigger.body.name }}"
        conditions:
          - type: io.kestra.plugin.core.condition.Expression
            expression: "{{ trigger.body.name != 'nobody' }}"
"""
KEY = "open sesame"


async def call(engine: Engine, key: str = KEY, flow_id: str = "hook", **more: Any) -> Answered:
    return await engine.operations.webhook("tests", flow_id, key, **more)


def test_a_call_starts_the_flow_with_what_was_sent(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        answer = await call(
            engine, body='{"name": "ann"}', query={"page": "2"}, headers={"accept": ["a", "b"]}
        )
        assert answer.status == 200
        assert answer.execution is not None
        execution = await engine.wait(answer.execution.id)
        assert execution.trigger == {
            "id": "call",
            "type": "io.kestra.plugin.core.trigger.Webhook",
            "variables": {
                "body": {"name": "ann"},
                "headers": {"accept": ["a", "b"]},
                "parameters": {"page": ["2"]},
            },
        }
        (run,) = await engine.in_store(engine.store.task_runs, execution.id)
        assert run.outputs == {"value": 'ann 2 ["a","b"]'}

    on_engine(tmp_path, play, HOOK)


def test_a_wrong_key_or_flow_is_not_found_and_a_condition_that_fails_starts_nothing(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        body = {"name": "nobody"}
        assert await call(engine, "wrong", body=body) == Answered(404)
        assert await call(engine, flow_id="missing", body=body) == Answered(404)
        assert await call(engine, body=body) == Answered(204)

    on_engine(tmp_path, play, HOOK)


@pytest.mark.parametrize("switch", ["disabled: true\n    id: hook", "id: hook"])
def test_a_disabled_flow_or_trigger_is_not_found(tmp_path: Path, switch: str) -> None:
    source = HOOK.replace("id: hook", switch, 1)
    if switch == "id: hook":
        source += "        disabled: true\n"

    async def play(engine: Engine) -> None:
        assert await call(engine, body={"name": "ann"}) == Answered(404)

    on_engine(tmp_path, play, source)


def test_a_trigger_that_was_switched_off_is_not_found(tmp_path: Path) -> None:
    async def play(engine: Engine) -> None:
        for enabled, status in ((False, 404), (True, 200)):
            await engine.operations.switch_trigger(TriggerName("tests", "hook", "call"), enabled=enabled)
            assert (
                await call(engine, body={"name": "ann"}, query={"page": "2"}, headers={})
            ).status == status

    on_engine(tmp_path, play, HOOK)


def test_inputs_that_do_not_fit_are_refused_by_name(tmp_path: Path) -> None:
    source = HOOK.replace("type: STRING", "type: INT", 1)

    async def play(engine: Engine) -> None:
        with pytest.raises(InvalidFlow, match="who"):
            await call(engine, body={"name": "ann"})

    on_engine(tmp_path, play, source)


@pytest.mark.parametrize(
    ("sent", "seen"),
    [('{"a": 1}', {"a": 1}), ("plain", "plain"), ("", None), (None, None), (b"[1]", [1])],
)
def test_a_body_is_json_where_it_is_json_and_text_otherwise(tmp_path: Path, sent: Any, seen: Any) -> None:
    source = (
        HOOK.partition("    inputs:\n")[0]
        + """    tasks:
      - id: show
        type: io.kestra.plugin.core.log.Log
        message: hello
    triggers:
      - id: call
        type: io.kestra.plugin.core.trigger.Webhook
        key: open sesame
"""
    )

    async def play(engine: Engine) -> None:
        answer = await call(engine, body=sent)
        assert answer.execution is not None
        assert ((answer.execution.trigger or {})["variables"]).get("body") == seen

    on_engine(tmp_path, play, source)
