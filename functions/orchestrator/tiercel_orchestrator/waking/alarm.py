"""What wakes a sleeping orchestrator at the next moment that something waits for."""

import json
import logging
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import ceil

from tiercel import clock
from tiercel.adapters.schedules import Schedules
from tiercel.adapters.sqs import LONGEST_DELAY_SECONDS, Message, Sqs
from tiercel.calling import in_thread
from tiercel.errors import TiercelError
from tiercel_orchestrator.dispatch.returning import WAKE
from tiercel_orchestrator.shell.engine import Engine

logger = logging.getLogger("tiercel.waking")
LONGEST_DELAY = timedelta(seconds=LONGEST_DELAY_SECONDS)


@dataclass
class Alarm:
    """Rings by a delayed message, which is exact, and where that is too long, by Scheduler first.

    Without `schedules`, delayed messages follow each other.
    """

    queue: str
    schedules: Schedules | None = None
    sqs: Sqs = field(default_factory=Sqs)

    async def set(self, engine: Engine, due: datetime) -> None:
        """Ring at a moment, or before; where it cannot be set, the slow rule finds what is due."""
        now = clock.now()
        at = self.moment(due, now)
        if not await engine.in_store(engine.store.arm, at, now):
            return  # one that rings before is set, and whoever hears it sets the next
        try:
            await in_thread(lambda: self.ring(at, now))
        except TiercelError as error:
            logger.warning("the orchestrator is not woken at %s: %s", at, error)

    def moment(self, due: datetime, now: datetime) -> datetime:
        """Give the moment of the next ring."""
        if due - now <= LONGEST_DELAY:
            return max(due, now)
        return now + LONGEST_DELAY if self.schedules is None else due.replace(second=0, microsecond=0)

    def ring(self, at: datetime, now: datetime) -> None:
        """Set what rings; blocks."""
        seconds = ceil((at - now).total_seconds())
        if seconds <= LONGEST_DELAY_SECONDS or self.schedules is None:
            delay = min(max(seconds, 0), LONGEST_DELAY_SECONDS)
            self.sqs.send(self.queue, Message(json.dumps(WAKE), delay_seconds=delay))
        else:
            self.schedules.once(at, WAKE)
