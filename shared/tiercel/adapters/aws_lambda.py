"""A family on AWS Lambda: HTTP API events, SQS batches and direct invocations, one dispatcher behind them."""

import asyncio
import logging
import os
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from tiercel.adapters import cold
from tiercel.adapters.observing import Metrics, log_json, said_with
from tiercel.adapters.step_functions import TOKEN, Waiting
from tiercel.doors import Dispatcher, check_timeout, read_envelope, refused, with_timeout
from tiercel.envelope import Envelope, Result
from tiercel.errors import InvalidFlow
from tiercel.registry import Family
from tiercel.services import Services
from tiercel.settings import Settings

if TYPE_CHECKING:
    from tiercel.adapters.working import Working

logger = logging.getLogger("tiercel.lambda")
ANSWER_SECONDS = 3.0
"""How much of the function's time is left for stopping a task and answering."""

Event = dict[str, Any]


def lambda_handler(family: Family, *, long_running: bool = False) -> "LambdaHandler":
    """Give the handler of a family; under Lambda's runtime its log is JSON."""
    if "AWS_LAMBDA_RUNTIME_API" in os.environ:
        log_json(service_of(family))
    return LambdaHandler(family, long_running=long_running)


class LambdaHandler:
    """Take an event in by its shape. FastAPI and Mangum are imported when the first HTTP event comes."""

    def __init__(
        self,
        family: Family,
        services: Services | None = None,
        settings: Settings | None = None,
        long_running: bool = False,
    ) -> None:
        self.dispatcher = Dispatcher(family, services, settings, Metrics(service_of(family)))
        self.long_running = long_running

    def __call__(self, event: Event, context: Any) -> Any:
        request = getattr(context, "aws_request_id", None)
        if "http" in event.get("requestContext", {}):
            asyncio.set_event_loop(self.loop)  # Mangum asks for the current one
            http = self.http
            cold.over()
            with said_with(correlation_id=event["requestContext"].get("requestId"), request_id=request):
                return http(event, context)
        cold.over()
        with said_with(request_id=request):
            if is_batch(event):
                return self.loop.run_until_complete(self.batch(event["Records"], context))
            return self.loop.run_until_complete(self.direct(event, context))

    @cached_property
    def loop(self) -> asyncio.AbstractEventLoop:
        """Give the loop that serves all doors for as long as the process lives."""
        return asyncio.new_event_loop()

    @cached_property
    def http(self) -> Callable[[Event, Any], Any]:
        """Build the HTTP door."""
        from mangum import Mangum

        from tiercel.http.app import app_of

        send = self.working.leave if self.dispatcher.settings.work_queue else None
        app = app_of(self.dispatcher, long_running=self.long_running, send=send)
        return Mangum(app, lifespan="off")

    async def direct(self, event: Event, context: Any) -> Event:
        """Run the envelope that is the event; answer with its result, and under its task token."""
        token, content = token_of(event)
        try:
            result = await self.run(read_envelope(content), context)
        except InvalidFlow as error:
            result = refused(error)
        if token:
            await self.answer(token, result)
        return result.model_dump(mode="json", by_alias=True)

    async def batch(self, records: list[Event], context: Any) -> Event:
        """Run the envelopes of a batch side by side; only what could not be run or reported is sent again."""
        outcomes = await asyncio.gather(
            *(self.record(record, context) for record in records), return_exceptions=True
        )
        failures = []
        for record, outcome in zip(records, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                logger.error("message %s: %s", record["messageId"], outcome)
                failures.append({"itemIdentifier": record["messageId"]})
        return {"batchItemFailures": failures}

    async def record(self, record: Event, context: Any) -> None:
        """Run one message of a batch and report its result."""
        with said_with(correlation_id=record["messageId"]):
            if self.working.is_late(record):
                logger.info("nobody waits for this message any more: its task was sent again")
                return
            async with self.working.held(record):
                token, content = token_of(await self.working.content(record))
                envelope = read_envelope(content)
                work = self.run(envelope, context)
                if self.working.is_kept(record):
                    await self.working.keep(record, envelope, work)
                elif token:
                    await self.answer(token, await work)
                else:
                    await self.working.report(envelope, await work)

    async def run(self, envelope: Envelope, context: Any) -> Result:
        """Run an envelope within what is left of the function's time, if it can ever be enough."""
        try:
            check_timeout(envelope, self.dispatcher.settings)
        except InvalidFlow as error:
            return refused(error)
        left = context.get_remaining_time_in_millis() / 1000 - ANSWER_SECONDS
        run = envelope.context
        with said_with(execution_id=run.execution_id, task_run_id=run.task_run_id):
            return await self.dispatcher.run(with_timeout(envelope, max(left, 0.001)))

    async def answer(self, token: str, result: Result) -> None:
        """Answer the state machine that waits."""
        from tiercel.calling import in_thread

        await in_thread(lambda: self.waiting.answer(token, result))

    @cached_property
    def waiting(self) -> Waiting:
        """Give what answers state machines."""
        return Waiting()

    @cached_property
    def working(self) -> "Working":
        """Give what knows the queues."""
        from tiercel.adapters.working import Working

        return Working(self.dispatcher)


def is_batch(event: Event) -> bool:
    """Say whether an event is a batch of SQS messages."""
    records = event.get("Records")
    return isinstance(records, list) and all(record.get("eventSource") == "aws:sqs" for record in records)


def token_of(content: Any) -> tuple[str | None, Any]:
    """Take the task token out of an event; what remains is the envelope."""
    if not isinstance(content, dict) or TOKEN not in content:
        return None, content
    token = content[TOKEN]
    return token if isinstance(token, str) else None, {k: v for k, v in content.items() if k != TOKEN}


def service_of(family: Family) -> str:
    """Name a family in logs and metrics, without reading its manifest."""
    return os.environ.get("POWERTOOLS_SERVICE_NAME") or family.package.removeprefix("tiercel_")
