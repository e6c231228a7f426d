"""A family on AWS Lambda: HTTP API events, SQS batches and direct invocations, one dispatcher behind them."""

import asyncio
import json
import logging
from collections.abc import Callable
from functools import cached_property
from typing import Any

from tiercel.doors import Dispatcher, read_envelope, refused, with_timeout
from tiercel.envelope import Envelope, Result
from tiercel.errors import InvalidFlow
from tiercel.registry import Family
from tiercel.services import Services
from tiercel.settings import Settings

logger = logging.getLogger("tiercel.lambda")
ANSWER_SECONDS = 3.0
"""How much of the function's time is left for stopping a task and answering."""

Event = dict[str, Any]


def lambda_handler(family: Family, *, long_running: bool = False) -> "LambdaHandler":
    """Give the handler of a family."""
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
        self.dispatcher = Dispatcher(family, services, settings)
        self.long_running = long_running

    def __call__(self, event: Event, context: Any) -> Any:
        if "http" in event.get("requestContext", {}):
            asyncio.set_event_loop(self.loop)  # Mangum asks for the current one
            return self.http(event, context)
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

        return Mangum(app_of(self.dispatcher, long_running=self.long_running), lifespan="off")

    async def direct(self, event: Event, context: Any) -> Event:
        """Run the envelope that is the event, and answer with its result."""
        try:
            result = await self.run(read_envelope(event), context)
        except InvalidFlow as error:
            result = refused(error)
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
        try:
            content = json.loads(record["body"])
        except ValueError as error:
            raise InvalidFlow(f"The message is no JSON: {error}.") from error
        envelope = read_envelope(content)
        await self.report(envelope, await self.run(envelope, context))

    async def run(self, envelope: Envelope, context: Any) -> Result:
        """Run an envelope within what is left of the function's time."""
        left = context.get_remaining_time_in_millis() / 1000 - ANSWER_SECONDS
        return await self.dispatcher.run(with_timeout(envelope, max(left, 0.001)))

    async def report(self, envelope: Envelope, result: Result) -> None:
        """Send a result to the queue of results; without one, the function's log keeps it."""
        run = envelope.context
        message = json.dumps(
            {
                "executionId": run.execution_id,
                "taskRunId": run.task_run_id,
                "attempt": run.attempt,
                "lease": run.lease,
                "result": result.model_dump(mode="json", by_alias=True),
            }
        )
        queue = self.dispatcher.settings.results_queue
        if queue is None:
            logger.info("%s", message)
            return
        from tiercel.calling import in_thread

        await in_thread(lambda: self.sqs.send_message(QueueUrl=queue, MessageBody=message))

    @cached_property
    def sqs(self) -> Any:
        """Connect to SQS."""
        import boto3

        return boto3.client("sqs")


def is_batch(event: Event) -> bool:
    """Say whether an event is a batch of SQS messages."""
    records = event.get("Records")
    return isinstance(records, list) and all(record.get("eventSource") == "aws:sqs" for record in records)
