"""The dispatcher's interface."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from tiercel.envelope import Envelope, Result
from tiercel.plugin import LogLine

Sink: TypeAlias = Callable[[LogLine], None]


class Dispatcher(Protocol):
    """Takes a task to the family that owns its type and brings its answer back."""

    async def run(self, envelope: Envelope, sink: Sink | None = None) -> Result:
        """Run one task to its end; cancelling the call stops the task. `sink` sees log lines as they come."""
