"""The state store: what a flow remembers from one execution to the next."""

import random
import time
from collections.abc import Mapping
from typing import Any, NamedTuple, Protocol

from tiercel.errors import Retriable


class Place(NamedTuple):
    """Where a state is kept. `flow_id`: '' where all flows of the namespace share it; `sub_key`: '' outside
    of an each, whose value it is."""

    namespace: str
    flow_id: str
    name: str
    sub_key: str = ""


class State(NamedTuple):
    """One state: a JSON object. `revision`: how often it was written since it came to be, from 1."""

    data: dict[str, Any]
    revision: int


class StateStore(Protocol):
    """Where states live. Each call is atomic."""

    def get(self, place: Place) -> State | None:
        """Give a state, or None."""
        ...

    def put(self, place: Place, data: Mapping[str, Any], revision: int) -> bool:
        """Keep a state on top of a revision, 0 where there is none, and say whether that was still so."""
        ...

    def delete(self, place: Place) -> bool:
        """Remove a state, and say whether there was one."""
        ...


MOST_TRIES = 1000
"""So many others at once would have to write the same state."""
MOST_MILLISECONDS = 50


def merge(store: StateStore, place: Place, data: Mapping[str, Any]) -> dict[str, Any]:
    """Set some keys of a state, and give all of them; what others write at the same time is not lost."""
    for refusals in range(MOST_TRIES):
        if refusals:  # the more there are who write, the longer they keep out of each other's way
            time.sleep(random.uniform(0, min(refusals, MOST_MILLISECONDS) / 1000))
        found = store.get(place)
        merged = {**(found.data if found else {}), **data}
        if store.put(place, merged, found.revision if found else 0):
            return merged
    raise Retriable(f"The state '{place.name}' is written by too many executions at once; try again later.")
