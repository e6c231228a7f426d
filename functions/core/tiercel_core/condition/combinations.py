"""Conditions made of conditions."""

from datetime import time, timedelta
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from tiercel.errors import UnknownPlugin
from tiercel.plugin import BaseParams, JsonObject, Static
from tiercel_core.condition import dates, executions, flows, holidays
from tiercel_core.condition.base import Condition, Event
from tiercel_core.declarations import Declaration


class HoldsCondition:
    """Make the JSON schema of a nested condition say only that: its own type decides the rest."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"x-condition": True}


ConditionDefinition: TypeAlias = Annotated[JsonObject, HoldsCondition()]


def evaluate_definition(definition: JsonObject, event: Event) -> bool:
    """Evaluate a nested condition, which names its type itself; its properties are rendered already."""
    condition = conditions_by_type().get(str(definition.get("type")))
    if condition is None:
        raise UnknownPlugin(
            f"`{definition.get('type')}` is no condition that can stand inside another one: "
            f"take one of {', '.join(sorted(conditions_by_type()))}."
        )
    properties = {key: value for key, value in definition.items() if key not in ("type", "id")}
    return condition().evaluate(condition.params_type.model_validate(properties), event)


def conditions_by_type() -> dict[str, type[Condition[Any]]]:
    """Give the conditions that may be nested, by type and alias."""
    found: dict[str, type[Condition[Any]]] = {}
    for module in (dates, executions, flows, holidays):
        for value in vars(module).values():
            if isinstance(value, type) and issubclass(value, Condition):
                found.update(dict.fromkeys(value.task_types, value))
    return {**found, **dict.fromkeys(Not.task_types, Not), **dict.fromkeys(Or.task_types, Or)}


class CombinedParams(BaseParams):
    conditions: list[ConditionDefinition] = Field(description="The conditions, each with its type.")


class Not(Condition[CombinedParams]):
    """Hold if none of the conditions does."""

    task_types = (
        "io.kestra.plugin.core.condition.Not",
        "io.kestra.core.models.conditions.types.NotCondition",
        "io.kestra.plugin.core.condition.NotCondition",
    )

    def evaluate(self, params: CombinedParams, event: Event) -> bool:
        return not any(evaluate_definition(one, event) for one in params.conditions)


class Or(Condition[CombinedParams]):
    """Hold if any of the conditions does."""

    task_types = (
        "io.kestra.plugin.core.condition.Or",
        "io.kestra.core.models.conditions.types.OrCondition",
        "io.kestra.plugin.core.condition.OrCondition",
    )

    def evaluate(self, params: CombinedParams, event: Event) -> bool:
        return any(evaluate_definition(one, event) for one in params.conditions)


class TimeWindow(BaseParams):
    type: Static[Literal["DAILY_TIME_DEADLINE", "DAILY_TIME_WINDOW", "DURATION_WINDOW", "SLIDING_WINDOW"]] = (
        Field("DURATION_WINDOW", description="How the window is laid out.")
    )
    deadline: Static[time | None] = Field(
        None, description="Time of the day by which all must have happened."
    )
    window: Static[timedelta | None] = Field(None, description="How long the window is.")
    window_advance: Static[timedelta | None] = Field(None, description="How far its beginning is shifted.")
    start_time: Static[time | None] = Field(None, description="Time of the day at which the window opens.")
    end_time: Static[time | None] = Field(None, description="Time of the day at which the window closes.")


class MultipleConditionParams(BaseParams):
    id: Static[str] = Field(
        pattern=r"^[a-zA-Z0-9][a-zA-Z0-9_-]*", description="Name that tells it from others."
    )
    time_window: TimeWindow | None = Field(None, description="In which time all have to hold.")
    reset_on_success: Static[bool] = Field(True, description="Whether to begin anew once all have held.")
    window: Static[timedelta | None] = Field(
        None, description="Deprecated: use `timeWindow`.", deprecated=True
    )
    window_advance: Static[timedelta | None] = Field(
        None, description="Deprecated: use `timeWindow`.", deprecated=True
    )
    conditions: dict[str, ConditionDefinition] = Field(description="The conditions by name.")


class MultipleCondition(Declaration[MultipleConditionParams]):
    """Hold once all conditions have held, for different executions, within a time window (deprecated)."""

    kind = "condition"
    task_types = (
        "io.kestra.plugin.core.condition.MultipleCondition",
        "io.kestra.core.models.conditions.types.MultipleCondition",
    )
