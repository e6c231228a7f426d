"""Secrets: what a flow may use and nobody may read."""

from typing import Protocol


class Secrets(Protocol):
    """Where secrets live."""

    def get(self, key: str, namespace: str) -> str:
        """Give a secret as a namespace sees it; `TaskFailed` names the key where it is missing."""
        ...
