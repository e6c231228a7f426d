"""Families behind URLs: each envelope is posted to the app that serves its type."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial

from tiercel.calling import in_thread
from tiercel.clock import timestamp
from tiercel.envelope import Callback, Envelope, Result, WireLog
from tiercel.http.client import HttpClient
from tiercel.http.guard import Guard
from tiercel.plugin import LogLine, State
from tiercel.storage import Storage
from tiercel_orchestrator.dispatch.conversation import Conversation, Pace
from tiercel_orchestrator.dispatch.lanes import Lane
from tiercel_orchestrator.dispatch.port import Sink
from tiercel_orchestrator.dispatch.returning import returned, with_whole_log
from tiercel_orchestrator.dispatch.routes import Target, is_loopback
from tiercel_orchestrator.dispatch.tokens import Tokens

logger = logging.getLogger("tiercel.dispatch")
SPARE_CONNECTIONS = 20


@dataclass
class HttpDispatcher:
    """Sends tasks to families' apps, each family within its own limits.

    `callback_url`: where this orchestrator takes results back; without one, they are polled only.
    """

    targets: Mapping[str, Target]
    tokens: Tokens
    storage: Storage
    callback_url: str | None = None
    pace: Pace = field(default_factory=Pace)
    elsewhere: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.lanes = {name: Lane(target.concurrency) for name, target in self.targets.items()}
        together = sum(target.concurrency for target in self.targets.values())
        # the operator names these addresses, so they may be private ones
        self.client = HttpClient(Guard(private_targets=True), connections=together + SPARE_CONNECTIONS)
        self.expected: dict[tuple[str, int], asyncio.Future[Result]] = {}

    async def run(self, family: str, envelope: Envelope, sink: Sink | None = None) -> Result:
        """Run one task in a family; a result that asks to be run later where the family has enough to do."""
        lane = self.lanes[family]
        if lane.full:
            return Result(state=State.SKIPPED, snooze_until=timestamp(lane.postponed()))
        notes: list[WireLog] = []

        def note(message: str) -> None:
            line = LogLine(timestamp(), "WARN", f"{message[:1].upper()}{message[1:]}")
            notes.append(WireLog(timestamp=line.timestamp, level=line.level, message=line.message))
            logger.warning("task run %s: %s", envelope.context.task_run_id, message)
            if sink:
                sink(line)

        self.elsewhere += 1
        try:
            async with lane.slot():
                conversation = self._conversation(family, lane, envelope, note)
                result = await self._first(conversation, envelope)
        finally:
            self.elsewhere -= 1
        if result.logs_ref is not None:
            result = await in_thread(partial(with_whole_log, result, self.storage))
        return _seen(result, notes, sink)

    def _conversation(
        self, family: str, lane: Lane, envelope: Envelope, note: Callable[[str], None]
    ) -> Conversation:
        target = self.targets[family]
        envelope = envelope.model_copy(update={"callback": self._callback(target, envelope)})
        if self.tokens.secrets:  # the request's own header is a signature
            envelope.token = self.tokens.token(envelope.context, family=family)
        return Conversation(family, target, lane, envelope, self.client, self.tokens, self.pace, note)

    def _callback(self, target: Target, envelope: Envelope) -> Callback | None:
        """Say where to send the result, unless that means another machine there than here."""
        if self.callback_url is None or (is_loopback(self.callback_url) and not target.loopback):
            return None
        run = envelope.context
        return Callback(
            url=f"{self.callback_url}/v1/callbacks/{run.task_run_id}",
            key=self.tokens.callback_key(run.task_run_id, run.lease),
        )

    async def _first(self, conversation: Conversation, envelope: Envelope) -> Result:
        """Take the result that comes first: asked for, or told by the family."""
        name = (envelope.context.task_run_id, envelope.context.lease)
        told = self.expected[name] = asyncio.get_running_loop().create_future()
        asked = asyncio.create_task(conversation.result())
        try:
            await asyncio.wait({told, asked}, return_when=asyncio.FIRST_COMPLETED)
            return told.result() if told.done() else asked.result()
        except asyncio.CancelledError:
            await _cancelled(asked)
            await conversation.stop()
            raise
        finally:
            self.expected.pop(name, None)
            await _cancelled(asked)

    def told(self, task_run_id: str, body: bytes, signed: str) -> bool:
        """Take a result that its family sent back; False where nobody here waits for it."""
        answer = returned(self.tokens, task_run_id, body, signed)
        waiting = self.expected.get((answer.run_id, answer.lease))
        if waiting is None or waiting.done():
            return False
        waiting.set_result(answer.result)
        return True

    async def close(self) -> None:
        """Let go of connections."""
        await self.client.close()


async def _cancelled(task: "asyncio.Task[Result]") -> None:
    """Cancel a task and wait until it is over."""
    task.cancel()
    # not `await task`: that would swallow a cancellation of our own
    await asyncio.wait({task})
    if not task.cancelled():
        task.exception()


def _seen(result: Result, notes: list[WireLog], sink: Sink | None) -> Result:
    """Show the log to whoever watches: it comes in one piece, at the end."""
    lines = list(result.logs)
    if result.error and not any(line.message == result.error.message for line in lines):
        lines.append(WireLog(timestamp=timestamp(), level="ERROR", message=result.error.message))
    for line in lines if sink else ():
        assert sink is not None
        sink(LogLine(line.timestamp, line.level, line.message))
    return result.model_copy(update={"logs": [*notes, *lines]})
