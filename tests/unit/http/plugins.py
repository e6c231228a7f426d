"""A family of small plugins, for tests of the doors."""

import asyncio
from typing import Any

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.errors import TaskFailed
from tiercel.manifests import describe
from tiercel.plugin import BaseParams, BasePlugin, PluginOutput, success
from tiercel.registry import Family, PluginEntry


class EchoParams(BaseParams):
    text: str = Field("", description="A text.")


class Echo(BasePlugin[EchoParams]):
    """Give a text back."""

    task_types = ("io.test.Echo", "io.test.old.Echo")

    async def run(self, params: EchoParams, context: ExecutionContext) -> PluginOutput:
        return success({"text": params.text, "directory": context.run.working_directory})


class Fail(BasePlugin):
    """Fail."""

    task_types = ("io.test.Fail",)

    async def run(self, params: BaseParams, context: ExecutionContext) -> PluginOutput:
        raise TaskFailed("The answer is no.")


class Wait(BasePlugin):
    """Wait until it is released."""

    task_types = ("io.test.Wait",)
    release: asyncio.Event
    started: asyncio.Event

    async def run(self, params: BaseParams, context: ExecutionContext) -> PluginOutput:
        self.started.set()
        await self.release.wait()
        return success({"done": True})


class TestFamily(Family):
    """A family of this module's plugins."""

    __test__ = False

    def __init__(self) -> None:
        rows = [describe(plugin) for plugin in (Echo, Fail, Wait)]
        super().__init__(
            "tiercel_test", {"family": "test", "version": "1.2.3", "prefixes": ["io.test"], "plugins": rows}
        )

    def load(self, entry: PluginEntry) -> type[BasePlugin[Any, Any]]:
        classes: dict[str, type[BasePlugin[Any, Any]]] = {"Echo": Echo, "Fail": Fail, "Wait": Wait}
        return classes[entry.class_name]
