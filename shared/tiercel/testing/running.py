"""Run a plugin in a test, through the runtime that runs it in earnest."""

import asyncio
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from tiercel.envelope import Envelope, Result, RunContext
from tiercel.errors import TaskFailed
from tiercel.http.client import HttpClient
from tiercel.kv.sqlite import SqliteKeyValueStore
from tiercel.manifests import describe
from tiercel.plugin import BasePlugin
from tiercel.registry import Family, PluginEntry
from tiercel.runtime import execute
from tiercel.services import Services
from tiercel.state.sqlite import SqliteStateStore
from tiercel.storage import Storage


class MemorySecrets:
    """Give the secrets that a test names, and fail for others as the real ones do."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self.values = values

    def get(self, key: str, namespace: str) -> str:
        """Give a secret."""
        if key not in self.values:
            raise TaskFailed(
                f"Cannot find secret for key '{key}' in namespace '{namespace}'; give it to the test."
            )
        return self.values[key]


class MemoryServices(Services):
    """Services that leave nothing behind: SQLite and obstore in memory, secrets from the test."""

    def __init__(self, secrets: Mapping[str, str] | None = None) -> None:
        super().__init__(
            secrets=MemorySecrets(secrets or {}),
            kv=SqliteKeyValueStore(None),
            state=SqliteStateStore(None),
            storage=Storage("memory://"),
            client=cache(HttpClient),
        )

    def __enter__(self) -> "MemoryServices":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class OnePlugin(Family):
    """A family of one class, which need not be importable: a test may define it in a function."""

    def __init__(self, plugin: type[BasePlugin[Any, Any]]) -> None:
        rows = [describe(plugin)]
        super().__init__("test", {"family": "test", "version": "0", "prefixes": [], "plugins": rows})
        self.plugin_class = plugin

    def load(self, entry: PluginEntry) -> type[BasePlugin[Any, Any]]:
        return self.plugin_class


def run_plugin(
    plugin: type[BasePlugin[Any, Any]],
    params: Mapping[str, Any] | None = None,
    *,
    services: Services | None = None,
    directory: Path | None = None,
    **context: Any,
) -> Result:
    """Run a plugin with parameters as a flow writes them, camelCase and expressions included.

    `context`: fields of `RunContext`, such as `variables` or `timeout_seconds`. Without `services`, fresh
    ones in memory, closed afterwards.
    """
    run = RunContext(working_directory=str(directory) if directory else None, **context)
    envelope = Envelope(task_type=plugin.task_types[0], params=dict(params or {}), context=run)
    if services:
        return asyncio.run(carry_out(envelope, plugin, services))
    with MemoryServices() as own:
        return asyncio.run(carry_out(envelope, plugin, own))


async def carry_out(envelope: Envelope, plugin: type[BasePlugin[Any, Any]], services: Services) -> Result:
    """Run, and close the connections of this loop, which ends here."""
    try:
        return await execute(envelope, OnePlugin(plugin), services)
    finally:
        await services.http.close()
