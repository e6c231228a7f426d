"""The dispatcher's interface."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol, TypeAlias

from tiercel.envelope import Envelope, Result
from tiercel.plugin import LogLine

if TYPE_CHECKING:
    from tiercel_orchestrator.dispatch.queues import QueueDispatcher

Sink: TypeAlias = Callable[[LogLine], None]


class Dispatcher(Protocol):
    """Takes a task to the family that owns its type and brings its answer back."""

    async def run(self, envelope: Envelope, sink: Sink | None = None) -> Result:
        """Run one task to its end; cancelling the call stops the task. `sink` sees its log lines.

        A task that came from in process is seen line by line, one from elsewhere when it has ended.
        """

    async def post(self, envelope: Envelope) -> datetime | None:
        """Leave one task to its family's queue; give until when its answer is waited for.

        None where its family has no queue: then it is to be run.
        """

    @property
    def queues(self) -> "QueueDispatcher | None":
        """Give what leaves tasks to queues, where a family has one: their answers are to be received."""

    @property
    def elsewhere(self) -> int:
        """Count the tasks under way that cost this process no slot: other machines work on them."""

    def told(self, task_run_id: str, body: bytes, signed: str) -> bool:
        """Take a result that its family sent back; False where nobody here waits for it.

        `BadSignature` or `InvalidFlow` says why it is refused.
        """

    async def close(self) -> None:
        """Let go of connections."""
