"""Manifests: what they say of a plugin."""

from typing import Annotated, Any

import pytest
from pydantic import Field, GetJsonSchemaHandler
from pydantic_core import CoreSchema

from tiercel.errors import TiercelError
from tiercel.manifests import describe, plain_schema, refuse_doubles, runtime_range
from tiercel.plugin import BaseParams, BasePlugin, JsonObject


class IsTask:
    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonObject:
        return {"x-task": True}


Task = Annotated[dict[str, Any], IsTask()]


class Node(BaseParams):
    task: Task = Field(description="A task.")


class Params(BaseParams):
    """A docstring that is no description."""

    title: str = Field("none", description="A property that is called title.")
    tasks: list[Task] = Field(default_factory=list, description="Tasks.")
    cases: dict[str, list[Task]] = Field(default_factory=dict, description="Tasks by case.")
    nodes: list[Node] = Field(default_factory=list, description="Tasks in models.")


class Flow(BasePlugin[Params]):
    """Run some tasks.

    More is said here.
    """

    task_types = ("test.Flow", "test.Old")


def test_a_plugin_is_described_by_its_code() -> None:
    row = describe(Flow)
    assert (row["type"], row["aliases"], row["kind"]) == ("test.Flow", ["test.Old"], "task")
    assert row["title"] == "Run some tasks."
    assert row["class"] == f"{__name__}:Flow"


def test_blocks_are_the_properties_that_hold_tasks_however_deep() -> None:
    assert describe(Flow)["blocks"] == ["tasks", "cases", "nodes"]


def test_titles_made_by_pydantic_go_and_a_property_called_title_stays() -> None:
    schema = describe(Flow)["parameters"]
    assert schema["properties"]["title"] == {
        "default": "none",
        "description": "A property that is called title.",
        "type": "string",
    }
    assert "description" not in schema
    assert '"title": "' not in str(schema).replace("'", '"')


def test_defaults_are_left_as_they_are() -> None:
    assert plain_schema({"type": "object", "default": {"title": "x"}})["default"] == {"title": "x"}


def test_two_classes_of_one_type_are_refused() -> None:
    with pytest.raises(TiercelError, match=r"both claim the type test\.Old"):
        refuse_doubles([describe(Flow), {**describe(Flow), "type": "test.New"}])


def test_the_range_of_the_runtime_is_read_from_the_dependencies() -> None:
    assert runtime_range(["duckdb>=1", "tiercel-runtime[expressions,http]>=0.1,<0.2"]) == ">=0.1,<0.2"
