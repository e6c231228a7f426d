"""The state store: what a flow remembers from one execution to the next."""

from typing import Any, Protocol


class StateStore(Protocol):
    """Where states live: one JSON object per namespace, flow, name and sub key.

    `sub_key`: the value of the enclosing each, '' outside of one.
    """

    def get(self, namespace: str, flow_id: str, name: str, sub_key: str = "") -> dict[str, Any] | None:
        """Give a state, or None."""
        ...

    def set(self, namespace: str, flow_id: str, name: str, data: dict[str, Any], sub_key: str = "") -> None:
        """Keep a state, replacing what was there."""
        ...

    def delete(self, namespace: str, flow_id: str, name: str, sub_key: str = "") -> bool:
        """Remove a state, and say whether there was one."""
        ...
