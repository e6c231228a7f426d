"""What task runs elsewhere ask of an engine on Postgres: done, refused, and never left without an answer."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from textwrap import dedent

import pytest

from tests.store.conftest import Raw, empty
from tiercel import clock
from tiercel_orchestrator.local import open_engine
from tiercel_orchestrator.shell.errands import Attendant

FLOW = """
    id: hook
    namespace: tests
    tasks:
      - {id: say, type: io.kestra.plugin.core.log.Log, message: hello}
    triggers:
      - {id: call, type: io.kestra.plugin.core.trigger.Webhook, key: sesame}
"""
AT_WORK = """
insert into tiercel.executions
    (id, namespace, flow_id, revision, root_id, state, history, inputs, labels, variables, attempt_number)
values ('e', 'tests', 'f', 1, 'e', 'RUNNING', '[]', '{}', '{}', '{}', 1);
insert into tiercel.task_runs
    (id, execution_id, task_id, parent_id, role, path, state, history, attempts, attempt, lease, work, owner)
values ('r', 'e', 't', 'root', '', '[]', 'RUNNING', '[]', '[]', 1, 1, 'leased', 'somebody');
"""
PURGE = '{"execution_ids": ["e"], "executions": true, "logs": true, "metrics": true, "files": true}'
SWITCH = '{"namespace": "tests", "flow_id": "hook", "id": "call", "enabled": false}'


@pytest.fixture
def raw(postgres_url: str) -> Iterator[Raw]:
    empty(postgres_url)
    with closing(Raw(postgres_url)) as found:
        yield found
    empty(postgres_url)


@pytest.mark.parametrize(
    ("verb", "asked", "answer", "refusal"),
    [
        ("switch_trigger", SWITCH, "{}", None),
        ("purge", PURGE, '{"executions":0,"logs":0,"metrics":0,"files":0}', None),
        ("resume", '{"execution_id": "nobody", "inputs": {}}', None, "There is no execution 'nobody'"),
        ("resume", "{}", None, "The engine could not do it (KeyError), by a bug of its own; see its log."),
    ],
)
def test_every_errand_is_answered(
    raw: Raw, tmp_path: Path, verb: str, asked: str, answer: str | None, refusal: str | None
) -> None:
    async def play() -> None:
        async with open_engine(tmp_path, raw.url, claiming=False) as engine:
            await engine.in_store(engine.library.put, dedent(FLOW), clock.now())
            raw.execute(AT_WORK)
            columns = "id, task_run_id, verb, asked, asked_at"
            raw.execute(f"insert into tiercel.errands ({columns}) values ('x', 'r', '{verb}', '{asked}', 0)")
            assert engine.store.errands is not None
            await Attendant(engine, engine.store.errands).look()

    asyncio.run(play())
    ((given, refused),) = raw.fetch("select answer, refusal from tiercel.errands")
    assert given == answer
    assert (refused or "").startswith(refusal or "")
    assert (refused is None) == (refusal is None)
    off = raw.fetch("select id from tiercel.triggers where disabled")
    assert off == ([("call",)] if verb == "switch_trigger" else [])
