"""The check that every plugin passes: it finds what it says it finds."""

from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from tiercel.context import ExecutionContext
from tiercel.plugin import BaseParams, BasePlugin, PluginOutput, success
from tiercel.testing import check_plugin


class Good(BaseParams):
    password: SecretStr = Field(description="A secret.")
    next_token: str | None = Field(None, description="Where to go on.")


class Undescribed(BaseParams):
    name: str = ""


class OpenSecret(BaseParams):
    api_key: str | None = Field(None, description="A secret that is not typed as one.")


class Nested(BaseModel):
    model_config = ConfigDict(extra="forbid")
    inner: str = ""


class Holder(BaseParams):
    nested: Nested | None = Field(None, description="A model.")


def plugin_of(params: type[BaseParams], **members: Any) -> type[BasePlugin[Any, Any]]:
    """Make a plugin that conforms, but for what is said."""

    async def run(self: Any, params: BaseParams, context: ExecutionContext) -> PluginOutput:
        return success()

    body = {"__doc__": "Do something.", "task_types": ("io.test.Good",), "run": run, "params_type": params}
    return type("Plugin", (BasePlugin,), body | members)


def test_a_good_plugin_has_no_problems() -> None:
    assert check_plugin(plugin_of(Good)) == []


@pytest.mark.parametrize(
    ("plugin", "said"),
    [
        (plugin_of(Good, __doc__=None), "begin its docstring"),
        (plugin_of(Good, task_types=()), "`task_types`"),
        (plugin_of(Good, task_types=("io.test.A", "io.test.A")), "names a type twice"),
        (plugin_of(Good, task_types=("NoDots",)), "is no type id"),
        (plugin_of(Good, run=BasePlugin.run), "declare `run`"),
        (plugin_of(Good, run=lambda self: None), "give `run` the parameters"),
        (plugin_of(Undescribed), "describe the parameter `name`"),
        (plugin_of(Holder), "describe the parameter `Nested.inner`"),
        (plugin_of(OpenSecret), "type `apiKey` as SecretStr"),
    ],
)
def test_a_problem_is_a_sentence(plugin: type[BasePlugin[Any, Any]], said: str) -> None:
    (problem,) = check_plugin(plugin)
    assert said in problem


def test_a_named_reason_makes_an_exception() -> None:
    assert check_plugin(plugin_of(OpenSecret, catalog_differences={"apiKey": "it is public"})) == []
