"""What all conditions share: they look at an event and say yes or no."""

from collections.abc import Mapping
from typing import Any, ClassVar, Generic, Literal, TypeAlias

from tiercel.context import ExecutionContext
from tiercel.plugin import P, PluginOutput, success
from tiercel_core.declarations import Declaration

Event: TypeAlias = Mapping[str, Any]
"""What happened. `execution`: the one that changed, `flow`: its flow; both as the REST API shows them."""

StateName: TypeAlias = Literal[
    "CREATED",
    "SUBMITTED",
    "RUNNING",
    "PAUSED",
    "RESTARTED",
    "KILLING",
    "SUCCESS",
    "WARNING",
    "FAILED",
    "KILLED",
    "CANCELLED",
    "QUEUED",
    "RETRYING",
    "RETRIED",
    "SKIPPED",
    "BREAKPOINT",
    "RESUBMITTED",
]


class Condition(Declaration[P], Generic[P]):
    """Say whether an event is one that a trigger fires for."""

    kind: ClassVar[str] = "condition"

    def evaluate(self, params: P, event: Event) -> bool:
        """Answer for one event; `params` arrive rendered."""
        raise NotImplementedError(f"{type(self).__name__} declares no evaluate")

    def run(self, params: P, context: ExecutionContext) -> PluginOutput:
        event = context.variables.get("event", context.variables)
        return success({"condition": self.evaluate(params, event)})
