"""The contract of a plugin: its parameters, its run, its output."""

import inspect
from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Generic, TypeAlias, get_args

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.alias_generators import to_camel
from pydantic_core import CoreSchema
from typing_extensions import TypeVar

if TYPE_CHECKING:
    from tiercel.context import ExecutionContext
    from tiercel.flows.plans import Plan

T = TypeVar("T")
JsonObject: TypeAlias = dict[str, Any]

STATIC_KEY = "x-static"
TYPED_KEY = "x-typed"


class NotRendered:
    """Mark a property that the runtime hands over as written: an expression in it is not evaluated."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonObject:
        schema = handler(core)
        return {**schema, STATIC_KEY: True}


Static = Annotated[T, NotRendered()]
"""`Static[bool]`: a property that the catalog does not mark dynamic. All other properties are rendered."""


class KeepsType:
    """Mark a text that is a value where it is one whole expression: a number stays a number."""

    def __get_pydantic_json_schema__(self, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonObject:
        return {**handler(core), "type": "string", TYPED_KEY: True}


Typed: TypeAlias = Annotated[Any, KeepsType()]
"""A text property; the value of one that is a single `{{ … }}` arrives as what the expression gives."""


class BaseParams(BaseModel):
    """The properties of a task: camelCase in YAML, snake_case in Python, unknown keys refused."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        defer_build=True,  # a module has several plugins, and a cold task uses one
    )


class BaseOutput(BaseModel):
    """The outputs of a task, as `outputs.<task id>` shows them: camelCase keys, absent ones left out."""

    model_config = ConfigDict(
        alias_generator=to_camel, validate_by_name=True, validate_by_alias=True, defer_build=True
    )


class NoParams(BaseParams):
    """A task without properties of its own."""


class NoOutput(BaseOutput):
    """A task without outputs."""


P = TypeVar("P", bound=BaseParams, default=NoParams)
O = TypeVar("O", bound=BaseOutput, default=NoOutput)  # noqa: E741 - P and O: parameters and output


class State(StrEnum):
    """How a task ended."""

    SUCCESS = "SUCCESS"
    WARNING = "WARNING"
    FAILED = "FAILED"
    SKIPPED = "SKIPPED"


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of a task's log. `timestamp`: ISO 8601 in UTC; `level`: TRACE, DEBUG, INFO, WARN or ERROR."""

    timestamp: str
    level: str
    message: str


@dataclass(frozen=True, slots=True)
class PluginOutput:
    """What a run gives. `data`: the outputs, JSON values only; `plan`: what a flow-control task decides."""

    state: State = State.SUCCESS
    data: JsonObject = field(default_factory=dict)
    logs: tuple[LogLine, ...] = ()
    plan: "Plan | None" = None


def success(
    data: BaseOutput | Mapping[str, Any] | None = None, *, plan: "Plan | None" = None
) -> PluginOutput:
    """Say that the task did its work; `data` is its output model or a mapping of JSON values."""
    return PluginOutput(State.SUCCESS, as_data(data), plan=plan)


def warning(data: BaseOutput | Mapping[str, Any] | None = None) -> PluginOutput:
    """Say that the task did its work, and that somebody should look at it."""
    return PluginOutput(State.WARNING, as_data(data))


def failed(message: str, data: BaseOutput | Mapping[str, Any] | None = None) -> PluginOutput:
    """Say that the answer is no, keeping outputs; without outputs, raise `TaskFailed` instead."""
    from tiercel.clock import timestamp  # the contract itself reads no clock

    return PluginOutput(State.FAILED, as_data(data), (LogLine(timestamp(), "ERROR", message),))


def as_data(data: BaseOutput | Mapping[str, Any] | None) -> JsonObject:
    """Turn an output model into JSON values with camelCase keys."""
    if data is None:
        return {}
    if isinstance(data, BaseModel):
        return data.model_dump(mode="json", by_alias=True, exclude_none=True)
    return dict(data)


class BasePlugin(Generic[P, O]):
    """One task type: declare its parameters as the type argument, its ids in `task_types`, and `run`.

    The first of `task_types` is the name, the others are aliases. `run` may be `async def`, or plain `def`
    for blocking drivers: the runtime gives it a thread, and calls `cancel` at the deadline.
    """

    task_types: ClassVar[tuple[str, ...]] = ()
    kind: ClassVar[str] = "task"
    """What the type is in a flow: task, trigger, condition or taskrunner."""
    params_type: ClassVar[type[BaseParams]] = NoParams
    output_type: ClassVar[type[BaseOutput]] = NoOutput
    catalog_differences: ClassVar[Mapping[str, str]] = {}
    """Property or output name -> the reason why it is not as in Kestra's catalog."""

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        for base in getattr(cls, "__orig_bases__", ()):
            for argument in get_args(base):
                if not inspect.isclass(argument):
                    continue
                if issubclass(argument, BaseParams):
                    cls.params_type = argument
                elif issubclass(argument, BaseOutput):
                    cls.output_type = argument

    def run(self, params: P, context: "ExecutionContext") -> PluginOutput | Awaitable[PluginOutput]:
        """Do the one thing; raise `TaskFailed`, `Retriable` or a signal from `tiercel.errors`."""
        raise NotImplementedError(f"{type(self).__name__} declares no run")

    def cancel(self) -> None:
        """Stop a `run` that is past its deadline; called from another thread, may be called twice."""

    @classmethod
    def parameter_schema(cls) -> JsonObject:
        """Give the JSON schema of the parameters, property names as in YAML."""
        return cls.params_type.model_json_schema(by_alias=True, mode="validation")

    @classmethod
    def output_schema(cls) -> JsonObject:
        """Give the JSON schema of the outputs."""
        return cls.output_type.model_json_schema(by_alias=True, mode="serialization")
