"""Answers that families send to a queue, fetched by an engine that stays; one that sleeps is handed them."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import partial

from tiercel.adapters.sqs import BATCH, Record
from tiercel.calling import in_thread
from tiercel.errors import TiercelError
from tiercel_orchestrator.dispatch.queues import QueueDispatcher
from tiercel_orchestrator.dispatch.returning import Answer, read
from tiercel_orchestrator.shell.engine import Engine

logger = logging.getLogger("tiercel.receiving")
WAIT_SECONDS = 10
"""How long a queue is asked for the first message; when the engine ends meanwhile, nobody hears of it."""
PAUSE_SECONDS = 5.0
"""How long a queue is left alone that cannot be asked."""


class Receiving:
    """Takes in what comes by the results' queue, a batch in one commit."""

    def __init__(self, queues: QueueDispatcher, engine: Engine) -> None:
        self.queues = queues
        self.engine = engine
        self.sqs = queues.sqs

    async def run(self) -> None:
        """Receive without end."""
        while True:
            try:
                receive = partial(self.sqs.receive, self.queues.results, BATCH, WAIT_SECONDS)
                records = await in_thread(receive)
                done = await self.take(records)
                await in_thread(partial(self.sqs.delete, self.queues.results, done))
            except TiercelError as error:
                logger.warning("no answers come: %s Trying again.", error)
                await asyncio.sleep(PAUSE_SECONDS)

    async def take(self, records: Sequence[Record]) -> list[Record]:
        """Take in a batch; give what is done with. What is for another store is left to its orchestrator."""
        answers: dict[str, Answer] = {}
        done = []
        for record in records:
            try:
                answer = await in_thread(partial(read, self.queues.tokens, self.queues.storage, record))
            except TiercelError as error:
                logger.error("message %s: %s", record["messageId"], error)
                continue
            if answer is None:
                self.engine.wake()
                done.append(record)
            else:
                answers[record["messageId"]] = answer
        unknown = await self.engine.answering.take_in([*answers.values()]) if answers else []
        ours = {name for name, answer in answers.items() if answer not in unknown}
        return [*done, *(record for record in records if record["messageId"] in ours)]


@asynccontextmanager
async def receiving(queues: QueueDispatcher, engine: Engine) -> AsyncIterator[None]:
    """Receive answers meanwhile."""
    task = asyncio.create_task(Receiving(queues, engine).run())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
