"""Families behind queues: envelopes are left there, workers take them, their answers come by another queue.

A queue does not lose a message whose worker dies: it shows it to another, and puts it among the dead letters
after a few times. A dispatch's lease is for what somebody took away: it is longer than a queue ever is.
"""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial

from tiercel import clock, messages
from tiercel.adapters.sqs import BATCH, Message, Sqs
from tiercel.calling import in_thread
from tiercel.envelope import Callback, Envelope
from tiercel.errors import TiercelError
from tiercel.storage import Storage
from tiercel_orchestrator.dispatch.tokens import Tokens

CALL_BYTES = messages.LIMIT_BYTES
"""How much one call may carry, all its messages together."""


class Outbox:
    """The messages to one queue: those that come while a call is under way go together in the next one."""

    def __init__(self, sqs: Sqs, queue: str) -> None:
        self.sqs = sqs
        self.queue = queue
        self.waiting: list[tuple[Message, asyncio.Future[None]]] = []
        self.sending: asyncio.Task[None] | None = None

    async def put(self, message: Message) -> None:
        """Send a message; `TiercelError` says why it could not be sent."""
        sent: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append((message, sent))
        if self.sending is None or self.sending.done():
            self.sending = asyncio.create_task(self._send_all())
        await sent

    async def _send_all(self) -> None:
        while self.waiting:
            together = self._next()
            try:
                outcomes = await in_thread(
                    partial(self.sqs.send_many, self.queue, [message for message, _ in together])
                )
            except TiercelError as error:
                outcomes = [error] * len(together)
            for (_, sent), outcome in zip(together, outcomes, strict=True):
                if sent.done():
                    continue
                if outcome is None:
                    sent.set_result(None)
                else:
                    sent.set_exception(outcome)

    def _next(self) -> list[tuple[Message, "asyncio.Future[None]"]]:
        """Take as many as one call may carry."""
        size, number = 0, 0
        for message, _ in self.waiting[:BATCH]:
            size += len(message.body.encode())
            if number and size > CALL_BYTES:
                break
            number += 1
        together, self.waiting = self.waiting[:number], self.waiting[number:]
        return together


@dataclass
class QueueDispatcher:
    """Leaves tasks to families' queues. `queues`: by family; `results`: the URL of the queue of answers."""

    queues: Mapping[str, str]
    results: str
    tokens: Tokens
    storage: Storage
    lease: timedelta
    sqs: Sqs = field(default_factory=Sqs)

    def __post_init__(self) -> None:
        if self.tokens.keys is None:
            raise TiercelError(
                "Families behind queues want tokens, and sign their answers: set TIERCEL_JWT_KEY or "
                "TIERCEL_JWT_SECRET."
            )
        self.outboxes = {family: Outbox(self.sqs, queue) for family, queue in self.queues.items()}

    async def post(self, family: str, envelope: Envelope) -> datetime:
        """Leave a task to its family's queue; give until when its answer is waited for."""
        run = envelope.context
        until = clock.now() + self.lease
        key = self.tokens.callback_key(run.task_run_id, run.lease)
        token = self.tokens.token(run, self.lease.total_seconds(), family)
        signed = envelope.model_copy(update={"token": token, "callback": Callback(url=self.results, key=key)})
        text = await in_thread(partial(messages.envelope_text, signed, self.storage))
        await self.outboxes[family].put(Message(text, leased_until=int(until.timestamp())))
        return until
