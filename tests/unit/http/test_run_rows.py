"""Runs kept in a project's database: one family's, found by every process of it, over a real PostgREST."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import closing
from datetime import timedelta
from typing import Any

import jwt
import pytest

from tests.postgrest import JWT_SECRET, PUBLIC_KEY, Project
from tests.unit.http.plugins import TestFamily
from tiercel import clock
from tiercel.envelope import Envelope, Result, RunContext
from tiercel.errors import TaskFailed, TiercelError
from tiercel.http.run_rows import SILENT, RunRows, secret_names, shown
from tiercel.http.runs import Run, Runner, killed
from tiercel.plugin import State
from tiercel.settings import Settings
from tiercel_cloud import FAMILY as CLOUD

CONTEXT = RunContext(namespace="n", flow_id="f", execution_id="e", task_run_id="t", attempt=2)
ENVELOPE = Envelope(task_type="io.test.Echo", params={"text": "hi"}, context=CONTEXT, token="one")
DONE = Result(state=State.SUCCESS, data={"a": 1}, duration_seconds=0.25)


def rows_of(project: Project, role: str = "tiercel_service", named: str = "test") -> RunRows:
    claims = {"role": role, "family": named, "exp": 4102444800}
    token = jwt.encode(claims, JWT_SECRET, "HS256")
    return RunRows.of(
        Settings(supabase_url=project.url, supabase_key=PUBLIC_KEY, service_token=token), TestFamily()
    )


@pytest.fixture
def rows(project: Project) -> Iterator[RunRows]:
    project.run("delete from service_runs")
    found = rows_of(project)
    yield found
    found.close()


def found(run: Run | None) -> Run:
    assert run is not None
    return run


def test_a_run_is_opened_once_for_its_key_and_ends_once(rows: RunRows) -> None:
    async def work() -> None:
        run, new = await rows.open(ENVELOPE, "key", "QUEUED")
        assert new and run.document()["state"] == "QUEUED"
        newer = ENVELOPE.model_copy(update={"token": "another"})
        again, new = await rows.open(newer, "key", "QUEUED")
        assert (again.id, new) == (run.id, False)
        assert again.is_of(newer)
        assert not again.is_of(ENVELOPE.model_copy(update={"params": {"text": "other"}}))
        assert found(await rows.beat(run.id)).document()["state"] == "RUNNING"
        assert found(await rows.finish(run.id, DONE)).result == DONE
        late = found(await rows.finish(run.id, killed()))
        assert late.result == DONE
        read = found(await rows.get(run.id))
        assert read.result == DONE and read.envelope.context == CONTEXT
        assert await rows.get("nowhere") is None and await rows.beat("nowhere") is None
        assert (await rows.open(ENVELOPE, None))[1] and (await rows.open(ENVELOPE, None))[1]

    asyncio.run(work())


def test_a_row_says_what_was_asked_and_how_it_ended(rows: RunRows, project: Project) -> None:
    asyncio.run(rows.record(ENVELOPE, DONE))
    columns = "status, config_snapshot, duration_seconds, task_type, ended_at is null as open"
    query = f"select {columns} from service_runs"
    (row,) = project.run(f"select row_to_json(one) from ({query}) as one")
    assert json.loads(row) == {
        "status": "SUCCESS",
        "config_snapshot": {"params": {"text": "hi"}, "timeoutSeconds": None},
        "duration_seconds": 0.25,
        "task_type": "io.test.Echo",
        "open": False,
    }


def test_a_cancelled_run_is_killed(rows: RunRows, project: Project) -> None:
    async def work() -> None:
        run, _ = await rows.open(ENVELOPE, None)
        await rows.finish(run.id, killed())

    asyncio.run(work())
    assert project.run("select status from service_runs") == ["KILLED"]


def test_a_run_of_which_nothing_is_heard_has_failed(rows: RunRows, monkeypatch: pytest.MonkeyPatch) -> None:
    async def work() -> Run:
        waiting, _ = await rows.open(ENVELOPE, None, "QUEUED")
        run, _ = await rows.open(ENVELOPE, None)
        assert found(await rows.get(run.id)).result is None
        later = clock.now() + SILENT + timedelta(seconds=1)
        monkeypatch.setattr(clock, "now", lambda: later)
        assert found(await rows.get(waiting.id)).result is None  # a queue may be long
        return found(await rows.get(run.id))

    result = asyncio.run(work()).result
    assert result and result.error and result.error.kind == "Retriable"
    assert "no sign of life" in result.error.message


def test_a_run_that_was_ended_elsewhere_is_stopped_here(
    rows: RunRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiercel.http.runs.BEAT_SECONDS", 0.01)
    stopped = asyncio.Event()

    async def endless(envelope: Envelope) -> Result:
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return DONE

    async def work() -> Run:
        runner = Runner(rows, endless)
        run = await runner.submit(ENVELOPE, None)
        await rows.finish(run.id, killed())
        await stopped.wait()
        return found(await rows.get(run.id))

    result = asyncio.run(work()).result
    assert result and result.error and result.error.kind == "Killed"


def test_a_family_sees_its_own_runs_only_and_others_none(rows: RunRows, project: Project) -> None:
    run, _ = asyncio.run(rows.open(ENVELOPE, None))
    other = rows_of(project, named="other")
    assert asyncio.run(other.get(run.id)) is None
    asyncio.run(other.finish(run.id, DONE))
    assert found(asyncio.run(rows.get(run.id))).result is None
    with pytest.raises(TaskFailed):  # it cannot write in another's name
        asyncio.run(other.open(ENVELOPE, None))
    other.close()
    for role in ("tiercel_task", "anon", "authenticated"):
        stranger = rows_of(project, role)
        with closing(stranger), pytest.raises(TaskFailed):
            asyncio.run(stranger.get(run.id))


def test_what_is_shown_of_a_task_is_without_secrets() -> None:
    download = CLOUD.find("io.kestra.plugin.aws.s3.Download")
    assert download is not None
    secret = secret_names(download.parameters)
    assert {"accessKeyId", "secretKeyId"} <= secret and "bucket" not in secret
    params: dict[str, Any] = {"secretKeyId": "s3cret", "bucket": "b", "deep": [{"accessKeyId": "k"}]}
    assert shown(params, secret) == {"secretKeyId": "***", "bucket": "b", "deep": [{"accessKeyId": "***"}]}
    assert len(shown("x" * 10_000, set())) < 5_000


def test_a_token_without_its_project_is_said() -> None:
    with pytest.raises(TiercelError, match="SUPABASE_URL"):
        RunRows.of(Settings(service_token="t"), TestFamily())
