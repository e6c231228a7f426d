"""Where calls of the store run: on a thread of its own."""

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, TypeVar

T = TypeVar("T")


class InStore(Protocol):
    """Runs a call on the store's own thread."""

    def __call__(self, call: Callable[..., T], *arguments: Any) -> Awaitable[T]:
        """Run it there, and give what it gives."""
