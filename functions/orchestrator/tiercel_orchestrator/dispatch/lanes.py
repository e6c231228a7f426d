"""One family's share: so many tasks at once, some in wait, the rest put off, so that none blocks another."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta

from tiercel import clock

WAITING = 100
"""How many tasks of a family may wait in memory; what comes beyond goes back to the store for a while."""
SHORTEST_SECONDS, LONGEST_SECONDS = 1.0, 60.0


class Lane:
    """Lets a family's tasks through, `limit` at a time, in the order in which they came."""

    def __init__(self, limit: int, waiting: int = WAITING) -> None:
        self.limit = limit
        self.most_waiting = waiting
        self.waiting = 0
        self.put_off = 0
        """How many went back to the store and may still be there."""
        self.began: dict[int, float] = {}
        self.usual_seconds = 0.0
        self.closed_until = 0.0
        self._slots = asyncio.Semaphore(limit)
        self._tickets = 0

    @property
    def full(self) -> bool:
        """Say whether a task that comes now has to be put off."""
        return self.waiting >= self.most_waiting

    def postponed(self) -> datetime:
        """Put a task off until its turn has probably come."""
        ahead = self.waiting + self.put_off
        self.put_off += 1
        seconds = self._seconds() * ahead / self.limit
        return clock.now() + timedelta(seconds=min(max(seconds, SHORTEST_SECONDS), LONGEST_SECONDS))

    def _seconds(self) -> float:
        """Guess how long a task takes: as those before, or as long as the oldest has taken so far."""
        oldest = min(self.began.values(), default=time.monotonic())
        return max(self.usual_seconds, time.monotonic() - oldest)

    @asynccontextmanager
    async def slot(self) -> AsyncIterator[None]:
        """Wait for a slot, and hold it."""
        self.waiting += 1
        try:
            await self._slots.acquire()
        finally:
            self.waiting -= 1
        self.put_off = max(0, self.put_off - 1)
        self._tickets += 1
        ticket = self._tickets
        self.began[ticket] = time.monotonic()
        try:
            yield
        finally:
            took = time.monotonic() - self.began.pop(ticket)
            self.usual_seconds += (took - self.usual_seconds) / 4
            self._slots.release()

    def close(self, seconds: float) -> None:
        """Send the family nothing new for a while: it said that it is busy."""
        self.closed_until = max(self.closed_until, time.monotonic() + seconds)

    async def opened(self) -> None:
        """Wait until the family may be sent something."""
        while (left := self.closed_until - time.monotonic()) > 0:
            await asyncio.sleep(left)
