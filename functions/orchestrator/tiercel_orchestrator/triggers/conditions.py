"""Conditions of triggers, which families evaluate as they run tasks."""

import dataclasses
import logging
from collections.abc import Iterable, Mapping
from typing import Any

from tiercel import expressions
from tiercel.calling import in_thread
from tiercel.envelope import Envelope, RunContext
from tiercel.errors import TaskFailed
from tiercel.flows.values import as_text, labels_of
from tiercel.services import Services
from tiercel_orchestrator.dispatch.port import Dispatcher

logger = logging.getLogger("tiercel.triggers")


@dataclasses.dataclass(frozen=True, slots=True)
class Situation:
    """What conditions are asked about: `event` with the execution and its flow as the REST API shows them.

    `context`: on whose behalf expressions are rendered, with the variables that they see.
    """

    context: RunContext
    event: Mapping[str, Any] = dataclasses.field(default_factory=dict)


class Conditions:
    """Asks the families."""

    def __init__(self, dispatcher: Dispatcher, services: Services) -> None:
        self.dispatcher = dispatcher
        self.services = services

    async def all_hold(self, conditions: Iterable[Mapping[str, Any]], situation: Situation) -> bool:
        """Say whether all conditions hold; the first that does not ends the asking."""
        for condition in conditions:
            if not await self.holds(condition, situation):
                return False
        return True

    async def holds(self, condition: Mapping[str, Any], situation: Situation) -> bool:
        """Say whether a condition holds; `TaskFailed` says why it cannot be evaluated."""
        variables = {**situation.context.variables, "event": dict(situation.event)}
        result = await self.dispatcher.run(
            Envelope(
                task_type=str(condition.get("type")),
                params={name: value for name, value in condition.items() if name not in ("type", "id")},
                context=situation.context.model_copy(update={"variables": variables}),
            )
        )
        if result.error:
            kind = condition.get("type")
            raise TaskFailed(f"its condition {kind} cannot be evaluated: {result.error.message}")
        return bool(result.data.get("condition"))

    async def when(self, properties: Mapping[str, Any], situation: Situation) -> bool:
        """Say whether a trigger's `when` holds, as it does where there is none."""
        text = as_text(properties.get("when", "true"))
        return expressions.truthy(await in_thread(lambda: self.render(text, situation)))

    def labels(self, properties: Mapping[str, Any], situation: Situation) -> dict[str, str]:
        """Give a trigger's labels, rendered, without those that cannot be; blocks as `render` may."""
        labels: dict[str, str] = {}
        for name, value in labels_of(properties.get("labels"), "labels").items():
            try:
                labels[name] = as_text(self.render(value, situation))
            except expressions.ExpressionError as error:
                logger.warning("the label '%s' of a trigger is left out: %s", name, error)
        return labels

    def render(self, value: Any, situation: Situation) -> Any:
        """Render every text in a value; blocks where a template reads files or asks a service."""
        services = self.services.expressions(situation.context)
        return expressions.render_deep(value, situation.context.variables, services)
