"""Flow triggers as a flow declares them: what they listen to, and what has to hold (`trigger.Flow`)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tiercel.flows.models import Flow, Trigger

TYPES = frozenset({"io.kestra.plugin.core.trigger.Flow", "io.kestra.core.models.triggers.types.Flow"})
TERMINATED = ("FAILED", "WARNING", "SUCCESS", "KILLED", "CANCELLED", "RETRIED", "SKIPPED", "RESUBMITTED")
"""The states that a trigger listens to where it names none."""
_MULTIPLE = "MultipleCondition"


@dataclass(frozen=True, slots=True)
class Several:
    """Events that have to happen all within one window of time, or as many of them as `least` says.

    `conditions`, `flows` and `where`: what each event is like, by name. `window`: as written.
    """

    id: str
    window: Mapping[str, Any]
    conditions: Mapping[str, Mapping[str, Any]]
    flows: Mapping[str, Mapping[str, Any]]
    where: Mapping[str, Mapping[str, Any]]
    reset: bool = True
    least: int | None = None

    @property
    def names(self) -> frozenset[str]:
        """All that has to happen."""
        return frozenset((*self.conditions, *self.flows, *self.where))


@dataclass(frozen=True, slots=True)
class Listener:
    """One Flow trigger of one flow."""

    flow: Flow
    trigger: Trigger

    @property
    def name(self) -> str:
        """How people call it."""
        return f"The trigger '{self.trigger.id}' of {self.flow.namespace}.{self.flow.id}"

    @property
    def states(self) -> frozenset[str]:
        """The states that it listens to."""
        return frozenset(self.trigger.properties.get("states") or TERMINATED)

    @property
    def conditions(self) -> list[Mapping[str, Any]]:
        """What has to hold of every event by itself."""
        return [one for one in self._conditions() if not _is_multiple(one)]

    @property
    def several(self) -> list[Several]:
        """What has to come together before it fires; nothing where one event is enough."""
        found = [_of_condition(one) for one in self._conditions() if _is_multiple(one)]
        properties = self.trigger.properties
        if preconditions := properties.get("preconditions"):
            found.append(_of_preconditions(preconditions))
        if depends_on := properties.get("dependsOn"):
            found.append(_of_dependencies(depends_on, properties))
        return found

    def hears(self, namespace: str, flow_id: str) -> bool:
        """Say whether it listens to executions of a flow at all: not to those of its own."""
        return (namespace, flow_id) != (self.flow.namespace, self.flow.id)

    def _conditions(self) -> list[Mapping[str, Any]]:
        return list(self.trigger.properties.get("conditions") or ())


def listeners_of(flow: Flow) -> Iterator[Listener]:
    """Give the Flow triggers of a flow that are in use."""
    for trigger in flow.triggers if not flow.disabled else ():
        if trigger.type in TYPES and not trigger.properties.get("disabled"):
            yield Listener(flow, trigger)


def _is_multiple(condition: Mapping[str, Any]) -> bool:
    return str(condition.get("type", "")).rpartition(".")[2] == _MULTIPLE


def _of_condition(condition: Mapping[str, Any]) -> Several:
    old = {name: condition[name] for name in ("window", "windowAdvance") if name in condition}
    window = condition.get("timeWindow") or old
    reset = condition.get("resetOnSuccess", True)
    return Several(str(condition.get("id")), window, condition.get("conditions") or {}, {}, {}, reset)


def _of_preconditions(preconditions: Mapping[str, Any]) -> Several:
    flows = {f"flow {number}": one for number, one in enumerate(preconditions.get("flows") or ())}
    where = {f"where {one['id']}": one for one in preconditions.get("where") or ()}
    window = preconditions.get("timeWindow") or {}
    reset = preconditions.get("resetOnSuccess", True)
    return Several(str(preconditions.get("id")), window, {}, flows, where, reset)


def _of_dependencies(depends_on: Any, properties: Mapping[str, Any]) -> Several:
    flows = {f"flow {number}": one for number, one in enumerate(depends_on)}
    mode = properties.get("mode", "ALL")
    least = {"ANY": 1, "AT_LEAST": properties.get("minSatisfied") or 1}.get(mode)
    return Several("dependsOn", properties.get("window") or {}, {}, flows, {}, True, least)
