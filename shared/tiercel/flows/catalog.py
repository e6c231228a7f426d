"""What reading a flow asks of the registry: the schema of a type, and the nearest known one."""

from collections.abc import Mapping
from typing import Any, Protocol


class PluginSchema(Protocol):
    """A known type. `parameters`: the JSON schema of its own properties, as pydantic emits it, in camelCase.

    `x-static: true` marks a property that is not rendered; all others may hold expressions that stand for any
    value. `x-task: true` stands for a whole task.
    """

    @property
    def kind(self) -> str:
        """task, trigger, condition, taskrunner or other."""

    @property
    def parameters(self) -> Mapping[str, Any]:
        """The JSON schema of the type's own properties."""


class Catalog(Protocol):
    """The types that are at hand, aliases included."""

    def schema_of(self, type_id: str) -> PluginSchema | None:
        """Give the schema of a type; None if no installed family has it."""

    def nearest(self, type_id: str) -> str | None:
        """Give the known type whose name is closest; None if none is close."""
