"""What a running task may reach, and the laptop's default of it."""

import copy
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from tiercel.envelope import RunContext
from tiercel.kv import KeyValueStore
from tiercel.namespaces import reachable
from tiercel.no_operations import NoOperations
from tiercel.secrets import Secrets
from tiercel.settings import Settings
from tiercel.state import StateStore
from tiercel.storage import Storage

if TYPE_CHECKING:
    from tiercel.expression_services import ExpressionServices
    from tiercel.http.client import HttpClient
    from tiercel.operations import Operations


class History(Protocol):
    """What happened in an execution so far; the orchestrator knows it at first hand."""

    def error_logs(self, run: RunContext) -> list[dict[str, Any]]:
        """List the error logs of the run's execution: taskId and message."""
        ...

    def tasks_with_state(self, run: RunContext, state: str) -> list[dict[str, Any]]:
        """List the task runs of the run's execution that are in a state."""
        ...


class SentHistory:
    """Read the history from variables sent with the task: `errorLogs`, and `tasks` as Kestra shows it."""

    def error_logs(self, run: RunContext) -> list[dict[str, Any]]:
        """List what the orchestrator sent as `errorLogs`."""
        logs: list[dict[str, Any]] = run.variables.get("errorLogs") or []
        return logs

    def tasks_with_state(self, run: RunContext, state: str) -> list[dict[str, Any]]:
        """List the entries of the variable `tasks` that are in a state, those of an each with their value."""
        return [entry for entry in flat(run.variables.get("tasks") or {}) if entry["state"] == state]


def flat(tasks: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List task runs from Kestra's map: task id -> {state}, or task id -> value -> {state}."""
    entries = []
    for task_id, found in tasks.items():
        if isinstance(found.get("state"), str):
            entries.append({"taskId": task_id, "state": found["state"]})
            continue
        entries += [
            {"taskId": task_id, "value": value, "state": one["state"]} for value, one in found.items()
        ]
    return entries


@dataclass
class Services:
    """The ports of one process. All calls block, except those of `http`."""

    secrets: Secrets
    kv: KeyValueStore
    state: StateStore
    storage: Storage
    client: "Callable[[], HttpClient]"
    """Gives the one HTTP client of the process; most tasks need none, and its module is late."""
    history: History = field(default_factory=SentHistory)
    encryption_key: str | None = None
    other_namespaces: bool = False
    """Whether flows may use keys of every namespace, where no token says otherwise."""
    environment: Mapping[str, str] = field(default_factory=dict)
    """What `envs` shows to expressions: names in lower case, without their prefix."""
    operations: "Operations" = field(default_factory=NoOperations)

    @property
    def http(self) -> "HttpClient":
        """Give the HTTP client."""
        return self.client()

    def under(self, token: str | None) -> "Services":
        """Give the services as the task run may use them that a token was minted for."""
        services = copy.copy(self)
        for name in ("secrets", "kv", "state", "operations"):
            under = getattr(getattr(self, name), "under", None)
            if under:  # others, on this machine, know of no tokens
                setattr(services, name, under(token))
        return services

    def key_namespace(self, run: RunContext, asked: str | None) -> str:
        """Give the namespace whose keys a task run asks for; `TaskFailed` where it may not."""
        if self.other_namespaces:
            return asked or run.namespace
        return reachable(
            run.namespace, asked, "; TIERCEL_ALLOW_OTHER_NAMESPACES=true lets it use keys of all others, too"
        )

    def expressions(self, run: RunContext) -> "ExpressionServices":
        """Give what a template of one task run may reach."""
        from tiercel.expression_services import ExpressionServices

        return ExpressionServices(self, run)

    def close(self) -> None:
        """Let go of files and connections; the next call opens them again."""
        for store in (self.kv, self.state, self.secrets, self.operations):
            close = getattr(store, "close", None)
            if close:
                close()


def local_services(home: Path | None = None, settings: Settings | None = None) -> Services:
    """Build the services that the settings name: by default SQLite and files below `home`.

    `home`: by default TIERCEL_HOME or `.tiercel`. Nothing is opened or created before it is used.
    """
    from tiercel.value_stores import kept_operations, value_stores

    settings = settings or Settings.read()
    home = (home or settings.home).absolute()

    @cache
    def client() -> "HttpClient":
        from tiercel.http.client import HttpClient
        from tiercel.http.guard import Guard

        return HttpClient(Guard(settings.private_targets, settings.private_hosts))

    return Services(
        **value_stores(settings, home)._asdict(),
        storage=Storage(settings.storage_url or str(home / "storage")),
        client=client,
        encryption_key=settings.encryption_key,
        other_namespaces=settings.other_namespaces,
        environment=shown_environment(os.environ),
        operations=kept_operations(settings),
    )


def shown_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """Pick what expressions may see, by Kestra's rule: variables that begin with ENV_."""
    return {name[4:].lower(): value for name, value in environment.items() if name.startswith("ENV_")}
