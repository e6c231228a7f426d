"""A catalog written by hand: a few types, as pydantic would describe them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

FLOW = "io.kestra.plugin.core.flow."
LOG = "io.kestra.plugin.core.log.Log"
TASK: dict[str, Any] = {"x-task": True}
TASKS: dict[str, Any] = {"type": "array", "items": TASK, "x-static": True}
OPTIONAL_TASKS: dict[str, Any] = {"anyOf": [TASKS, {"type": "null"}], "default": None}


@dataclass(frozen=True)
class Described:
    parameters: Mapping[str, Any]
    kind: str = "task"


def described(
    properties: dict[str, Any], required: tuple[str, ...] = (), kind: str = "task", **more: Any
) -> Described:
    schema = {"type": "object", "properties": properties, "required": list(required), **more}
    return Described({"additionalProperties": False, **schema}, kind)


def flowable(properties: dict[str, Any], required: tuple[str, ...] = ("tasks",), **more: Any) -> Described:
    return described({**properties, "errors": OPTIONAL_TASKS, "finally": OPTIONAL_TASKS}, required, **more)


TYPES: dict[str, Described] = {
    LOG: described(
        {
            "message": {"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]},
            "level": {"enum": ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"], "default": "INFO"},
        },
        ("message",),
    ),
    "io.kestra.plugin.core.debug.Return": described({"format": {"type": "string"}}),
    "io.kestra.plugin.core.flow.Sleep": described(
        {"duration": {"type": "string", "format": "duration"}}, ("duration",)
    ),
    FLOW + "Sequential": flowable({"tasks": TASKS}),
    FLOW + "Retry": flowable({"tasks": TASKS}),
    FLOW + "Parallel": flowable({"tasks": TASKS, "concurrent": {"type": "integer", "minimum": 0}}),
    FLOW + "WorkingDirectory": flowable({"tasks": TASKS}),
    FLOW + "If": flowable(
        {"condition": {"type": "string"}, "then": TASKS, "else": OPTIONAL_TASKS}, ("then",)
    ),
    FLOW + "Switch": flowable(
        {
            "value": {"type": "string"},
            "cases": {"anyOf": [{"type": "object", "additionalProperties": TASKS}, {"type": "null"}]},
            "defaults": OPTIONAL_TASKS,
        },
        ("value",),
    ),
    FLOW + "ForEach": flowable(
        {
            "tasks": TASKS,
            "values": {"anyOf": [{"type": "string"}, {"type": "array", "items": {}}]},
            "concurrencyLimit": {"type": "integer", "minimum": 0, "x-static": True},
        },
        ("tasks", "values"),
    ),
    FLOW + "Dag": flowable(
        {"tasks": {"type": "array", "items": {"$ref": "#/$defs/DagTask"}}, "concurrent": {"type": "integer"}},
        ("tasks",),
        **{
            "$defs": {
                "DagTask": {
                    "type": "object",
                    "required": ["task"],
                    "additionalProperties": False,
                    "properties": {
                        "task": {**TASK, "x-static": True},
                        "dependsOn": {
                            "anyOf": [{"type": "array", "items": {"type": "string"}}, {"type": "null"}],
                            "x-static": True,
                        },
                    },
                }
            }
        },
    ),
    FLOW + "Pause": flowable(
        {
            "tasks": OPTIONAL_TASKS,
            "onPause": {"anyOf": [TASK, {"type": "null"}]},
            "onResume": {"type": "array", "items": {"type": "object"}, "x-static": True},
        },
        (),
    ),
    FLOW + "Subflow": described(
        {"namespace": {"type": "string"}, "flowId": {"type": "string"}}, ("namespace", "flowId")
    ),
    "io.kestra.plugin.core.trigger.Schedule": described(
        {"cron": {"type": "string"}}, ("cron",), kind="trigger"
    ),
}


@dataclass(frozen=True)
class HandCatalog:
    types: Mapping[str, Described] = field(default_factory=lambda: TYPES)

    def schema_of(self, type_id: str) -> Described | None:
        return self.types.get(type_id)

    def nearest(self, type_id: str) -> str | None:
        return next(iter(get_close_matches(type_id, self.types, n=1, cutoff=0.8)), None)


CATALOG = HandCatalog()
