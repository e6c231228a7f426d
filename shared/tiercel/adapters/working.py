"""Messages that a family's worker takes from its queue: read, kept from others meanwhile, and answered."""

import asyncio
import contextlib
import logging
import time
from collections.abc import AsyncIterator, Coroutine
from typing import TYPE_CHECKING, Any

from tiercel.adapters.sqs import LEASED_UNTIL, RUN, Message, Record, Sqs, attribute
from tiercel.errors import TiercelError

if TYPE_CHECKING:
    from tiercel.doors import Dispatcher
    from tiercel.envelope import Envelope, Result

logger = logging.getLogger("tiercel.lambda")
BEATS = 3
"""How often a worker says that it lives within the time for which a message is hidden."""


class Working:
    """The worker's side of its queue and of the queue of results."""

    def __init__(self, dispatcher: "Dispatcher") -> None:
        self.dispatcher = dispatcher
        self.settings = dispatcher.settings
        self.sqs = Sqs()

    def is_late(self, record: Record) -> bool:
        """Say whether nobody waits for the answer to a message any more: its task was sent again."""
        until = attribute(record, LEASED_UNTIL)
        return until is not None and float(until) < time.time()

    async def content(self, record: Record) -> Any:
        """Read a message, the rest of it from internal storage; `InvalidFlow` where it is none of ours."""
        from tiercel.calling import in_thread
        from tiercel.messages import read

        return await in_thread(lambda: read(record["body"], self.dispatcher.services.storage))

    @contextlib.asynccontextmanager
    async def held(self, record: Record) -> AsyncIterator[None]:
        """Hide a message for a short while, again and again: when this process dies, another takes it soon.

        The queue itself hides it for much longer, as AWS wants it for workers that say nothing meanwhile.
        """
        queue, receipt = self.settings.work_queue, record.get("receiptHandle")
        if queue is None or receipt is None:
            yield
            return
        beating = asyncio.create_task(self._beat(queue, receipt))
        try:
            yield
        finally:
            beating.cancel()

    async def _beat(self, queue: str, receipt: str) -> None:
        from tiercel.calling import in_thread

        seconds = self.settings.hidden_seconds
        while True:
            try:
                await in_thread(lambda: self.sqs.hide(queue, receipt, max(1, round(seconds))))
            except TiercelError as error:
                logger.warning("the message cannot be hidden from others: %s", error)
            await asyncio.sleep(seconds / BEATS)

    async def leave(self, envelope: "Envelope", run_id: str) -> None:
        """Leave an envelope to the family's worker, as a run that its caller asks for."""
        from tiercel.calling import in_thread
        from tiercel.messages import envelope_text

        queue = self.settings.work_queue
        assert queue is not None
        storage = self.dispatcher.services.storage
        body = await in_thread(lambda: envelope_text(envelope, storage))
        await in_thread(lambda: self.sqs.send(queue, Message(body, run_id=run_id)))

    def is_kept(self, record: Record) -> bool:
        """Say whether a message belongs to a run that its caller asks for."""
        return attribute(record, RUN) is not None

    async def keep(self, record: Record, envelope: "Envelope", work: "Coroutine[Any, Any, Result]") -> None:
        """Carry out the run of a message, unless it is over, and tell its caller if that is wanted."""
        from tiercel.http import callbacks
        from tiercel.http.runs import watched

        rows, run_id = self.dispatcher.rows, str(attribute(record, RUN))
        if rows is None:
            work.close()
            raise TiercelError(
                "The message names a run, and there is no TIERCEL_SERVICE_TOKEN to keep it under."
            )
        run = await rows.beat(run_id)
        if run is None or run.result is not None:
            logger.info("run %s was over before it began", run_id)
            work.close()
            return
        ended = await rows.finish(run_id, await watched(rows, run_id, work))
        if envelope.callback and ended and ended.result:
            await callbacks.send(self.dispatcher.services.http, envelope, ended.result)

    async def report(self, envelope: "Envelope", result: "Result") -> None:
        """Send a result where it is waited for; where nobody waits, the function's log keeps it."""
        from tiercel.calling import in_thread
        from tiercel.http import callbacks
        from tiercel.messages import result_text

        callback, queue = envelope.callback, self.settings.results_queue
        if callback and callback.url != queue:
            await callbacks.send(self.dispatcher.services.http, envelope, result)
            return
        storage = self.dispatcher.services.storage
        body = await in_thread(lambda: result_text(envelope.context, result, storage))
        if queue is None:
            logger.info("%s", body)
            return
        signed = callbacks.signature(callback.key, body.encode()) if callback else None
        await in_thread(lambda: self.sqs.send(queue, Message(body, signed)))
