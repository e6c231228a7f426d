"""What flow-control tasks have inside: lists of tasks that the flow's validator descends into."""

from typing import Annotated, TypeAlias

from pydantic import Field, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from tiercel.plugin import BaseParams, JsonObject, Static


class HoldsTask:
    """Make the JSON schema of a nested task say only that: its own type decides the rest."""

    def __get_pydantic_json_schema__(
        self, core: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"x-task": True}


TaskDefinition: TypeAlias = Annotated[JsonObject, HoldsTask()]
Tasks: TypeAlias = list[TaskDefinition]


class FlowableParams(BaseParams):
    """What every flow-control task takes: what to run when a child fails, and what to run at the end."""

    errors: Static[Tasks | None] = Field(None, description="Tasks to run once a child has failed for good.")
    finally_: Static[Tasks | None] = Field(
        None, alias="finally", description="Tasks to run at the end, whatever the outcome."
    )
