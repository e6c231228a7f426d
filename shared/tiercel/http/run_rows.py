"""Runs kept in a database, where every process of a family finds them: rows of `service_runs`."""

import hashlib
import json
import uuid
from collections.abc import Mapping
from datetime import timedelta
from functools import partial
from typing import Any, Literal

from tiercel import clock
from tiercel.calling import in_thread
from tiercel.envelope import Envelope, Result, RunContext, WireError
from tiercel.errors import TiercelError
from tiercel.http.runs import Run, Status
from tiercel.plugin import State
from tiercel.postgres import Functions, Row, moment
from tiercel.registry import Family
from tiercel.settings import Settings

SILENT = timedelta(minutes=10)
"""How long after its last sign of life a run counts as lost: its queue gives it up before that."""
SHOWN_CHARACTERS = 4096
HIDDEN = "***"


class RunRows:
    """The runs of one family, under its own token. Calls block in threads."""

    def __init__(self, functions: Functions, family: Family) -> None:
        self.functions = functions
        self.family = family

    @classmethod
    def of(cls, settings: Settings, family: Family) -> "RunRows":
        """Find the project that the settings name."""
        if not (settings.service_token and settings.supabase_url and settings.supabase_key):
            raise TiercelError(
                "Runs are kept in a Supabase project: set TIERCEL_SERVICE_TOKEN, SUPABASE_URL and "
                "SUPABASE_ANON_KEY."
            )
        from tiercel.postgres.rest import RestFunctions

        project = RestFunctions(settings.supabase_url, settings.supabase_key, settings.service_token)
        return cls(project, family)

    async def open(
        self, envelope: Envelope, key: str | None, status: Literal["QUEUED", "RUNNING"] = "RUNNING"
    ) -> tuple[Run, bool]:
        """Give a new run and True, or the run that was opened with the same key and False."""
        run_id = uuid.uuid4().hex
        (row,) = await self._call("service_run_open", **self._written(run_id, envelope, key, status, None))
        return self._run(row, envelope), row["id"] == run_id

    async def record(self, envelope: Envelope, result: Result) -> None:
        """Write a run that has ended already."""
        written = self._written(uuid.uuid4().hex, envelope, None, status_of(result), result)
        await self._call("service_run_open", **written)

    async def get(self, run_id: str) -> Run | None:
        """Give a run, or None; one that gave no sign of life for long has failed."""
        run = self._found(await self._call("service_run_get", id=run_id))
        if run is None or run.result or run.alive_at is None or clock.now() - run.alive_at < SILENT:
            return run
        return await self.finish(run_id, lost())

    async def beat(self, run_id: str) -> Run | None:
        """Say that a run is worked on, and give it."""
        return self._found(await self._call("service_run_beat", id=run_id, now=clock.now()))

    async def finish(self, run_id: str, result: Result) -> Run | None:
        """Set the result of a run, unless it has one, and give it."""
        written = {"status": status_of(result), **result_columns(result), "now": clock.now()}
        return self._found(await self._call("service_run_finish", id=run_id, **written))

    def close(self) -> None:
        """Let go of connections."""
        self.functions.close()

    async def _call(self, name: str, **arguments: Any) -> list[Row]:
        return list(await in_thread(partial(self.functions.call, name, **arguments)))

    def _written(
        self, run_id: str, envelope: Envelope, key: str | None, status: Status, result: Result | None
    ) -> dict[str, Any]:
        run = envelope.context
        return {
            "id": run_id,
            "family": self.family.name,
            "key": key,
            "envelope_sha256": digest_of(envelope),
            "task_type": envelope.task_type,
            "namespace": run.namespace,
            "flow_id": run.flow_id,
            "execution_id": run.execution_id,
            "task_run_id": run.task_run_id,
            "attempt": run.attempt,
            "status": status,
            "config_json": json.dumps(snapshot(self.family, envelope)),
            **result_columns(result),
            "now": clock.now(),
        }

    def _found(self, rows: list[Row]) -> Run | None:
        return self._run(rows[0]) if rows else None

    def _run(self, row: Row, envelope: Envelope | None = None) -> Run:
        """Read a row; of its envelope, only for whom it was is kept."""
        names = ("namespace", "flow_id", "execution_id", "task_run_id", "attempt")
        context = RunContext(**{name: row[name] for name in names})
        result = row["result_json"]
        alive = row["heartbeat_at"]
        return Run(
            row["id"],
            envelope or Envelope(task_type=row["task_type"], context=context),
            row["idempotency_key"],
            None if result is None else Result.model_validate_json(result),
            "QUEUED" if row["status"] == "QUEUED" else "RUNNING",
            row["envelope_sha256"],
            None if alive is None else moment(alive),
        )


def result_columns(result: Result | None) -> dict[str, Any]:
    """Write a result, or that there is none yet."""
    if result is None:
        return {"result_json": None, "duration_seconds": None}
    return {
        "result_json": result.model_dump_json(by_alias=True),
        "duration_seconds": result.duration_seconds,
    }


def status_of(result: Result) -> Status:
    """Name how a run ended."""
    killed = result.error is not None and result.error.kind == "Killed"
    return "KILLED" if killed else result.state.value


def digest_of(envelope: Envelope) -> str:
    """Tell envelopes apart, whatever the order of their keys; a token may be a newer one."""
    content = envelope.model_dump(mode="json", exclude={"token"})
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def snapshot(family: Family, envelope: Envelope) -> Mapping[str, Any]:
    """Write what a task was asked for, without its secrets and without what is too long to look at."""
    plugin = family.find(envelope.task_type)
    secret = secret_names(plugin.parameters) if plugin else set()
    return {
        "params": shown(envelope.params, secret),
        "timeoutSeconds": envelope.context.timeout_seconds,
    }


def secret_names(schema: Any) -> set[str]:
    """Find the names of all properties that hold a secret, however deep."""
    found: set[str] = set()
    if isinstance(schema, Mapping):
        for name, value in schema.items():
            if name == "properties" and isinstance(value, Mapping):
                found |= {one for one, inner in value.items() if is_secret(inner)}
            found |= secret_names(value)
    elif isinstance(schema, list):
        for one in schema:
            found |= secret_names(one)
    return found


def is_secret(schema: Any) -> bool:
    """Say whether a property's own value is a secret, a list or a map of secrets too."""
    if not isinstance(schema, Mapping):
        return False
    ways = [one for name in ("anyOf", "oneOf", "allOf") for one in schema.get(name, ())]
    parts = [schema.get("items"), schema.get("additionalProperties")]
    return schema.get("format") == "password" or any(map(is_secret, [*ways, *parts]))


def shown(value: Any, secret: set[str]) -> Any:
    """Hide secrets, and cut what is long."""
    if isinstance(value, Mapping):
        return {name: HIDDEN if name in secret else shown(one, secret) for name, one in value.items()}
    if isinstance(value, list):
        return [shown(one, secret) for one in value[:SHOWN_CHARACTERS]]
    if isinstance(value, str) and len(value) > SHOWN_CHARACTERS:
        return f"{value[:SHOWN_CHARACTERS]}…"
    return value


def lost() -> Result:
    """Give the result of a run of which nothing was heard any more."""
    message = (
        f"The run gave no sign of life for {SILENT.total_seconds():g} s: the processes that took it on have "
        "ended over it; the log of the family's worker says why."
    )
    return Result(state=State.FAILED, error=WireError(kind="Retriable", message=message))
