"""Types that a flow declares and nobody runs as a task: triggers, conditions, task runners."""

from typing import ClassVar, Generic

from tiercel.context import ExecutionContext
from tiercel.errors import InvalidFlow
from tiercel.plugin import BasePlugin, O, P, PluginOutput


class Declaration(BasePlugin[P, O], Generic[P, O]):
    """Describe a type that stands in a flow beside its tasks; `kind` says where."""

    kind: ClassVar[str]

    def run(self, params: P, context: ExecutionContext) -> PluginOutput:
        raise InvalidFlow(
            f"`{context.task_type}` is a {self.kind} and cannot be run as a task: "
            "declare it where the flow's reference has it."
        )
