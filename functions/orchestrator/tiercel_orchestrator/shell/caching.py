"""Outputs of tasks, kept for the next time that they run with the same properties (`taskCache`)."""

import contextlib
import hashlib
import json
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pydantic_core import to_json

from tiercel import clock, expressions
from tiercel.envelope import RunContext
from tiercel.errors import TiercelError
from tiercel.flows.durations import parse_duration
from tiercel.flows.models import Task
from tiercel.offload import offload
from tiercel.services import Services
from tiercel.storage import UNCHECKED, uris

logger = logging.getLogger("tiercel.engine")
FOLDER = "task-cache"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the outputs of one task with certain properties are kept, and how long they are good."""

    uri: str
    ttl: timedelta | None


def place_of(task: Task, context: RunContext, services: Services) -> Place | None:
    """Say where a task's outputs are kept; None where it does not want that, or cannot be rendered here.

    The place follows from the type and the rendered properties: other values are kept elsewhere.
    """
    wanted: Mapping[str, Any] = task.properties.get("taskCache") or {}
    if wanted.get("enabled") is not True:
        return None
    try:
        rendered = expressions.render_deep(task.params, context.variables, services.expressions(context))
    except expressions.ExpressionError:
        return None  # the task itself will say so
    text = json.dumps([task.type, rendered], sort_keys=True, default=str)
    digest = hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()
    folder = uris.namespace_path(context.namespace), context.flow_id, FOLDER, task.id
    ttl = wanted.get("ttl")
    return Place(
        uris.uri_of(uris.key_below(*folder, f"{digest}.json")), parse_duration(str(ttl)) if ttl else None
    )


def kept(place: Place, context: RunContext, services: Services) -> dict[str, Any] | None:
    """Give the outputs that are kept at a place; None where there are none, or no good ones."""
    try:
        if not services.storage.exists(UNCHECKED, place.uri):
            return None
        found = json.loads(services.storage.read(UNCHECKED, place.uri))
        if place.ttl is not None and clock.parse_timestamp(found["at"]) + place.ttl < clock.now():
            return None
        return offload(found["outputs"], context, services.storage)
    except (TiercelError, ValueError, KeyError) as error:
        logger.warning("%s cannot be used: %s", place.uri, error)
        return None


def keep(place: Place, outputs: Mapping[str, Any], services: Services) -> None:
    """Keep a task's outputs; where that fails, the next run does its work again."""
    with contextlib.suppress(TiercelError):
        whole = {name: _whole(value, services) for name, value in outputs.items()}
        services.storage.put(place.uri, to_json({"at": clock.timestamp(), "outputs": whole}))


def _whole(value: Any, services: Services) -> Any:
    """Give a value that was left in internal storage: the file goes with its execution."""
    if isinstance(value, Mapping) and "$ref" in value:
        return json.loads(services.storage.read(UNCHECKED, str(value["$ref"])))
    return value
