"""The orchestrator as a function on AWS Lambda: `handler`."""

import asyncio
import logging
import os
from collections.abc import Sequence
from functools import cache
from typing import Any

from tiercel.adapters.observing import log_json, said_with
from tiercel.adapters.schedules import Schedules
from tiercel.calling import in_thread
from tiercel.errors import InvalidFlow, TiercelError
from tiercel.http.signing import TokenKeys
from tiercel.services import Services, local_services
from tiercel.settings import Settings
from tiercel_orchestrator.dispatch.deployed import Deployed
from tiercel_orchestrator.dispatch.returning import WAKE, Answer, read
from tiercel_orchestrator.dispatch.tokens import Tokens
from tiercel_orchestrator.waking import gateway
from tiercel_orchestrator.waking.alarm import Alarm
from tiercel_orchestrator.waking.orchestrator import Orchestrator, Start

logger = logging.getLogger("tiercel.waking")
STORE = "TIERCEL_STORE"
SCHEDULES = ("TIERCEL_SCHEDULE_GROUP", "TIERCEL_SCHEDULE_ROLE_ARN")
CLOSING_SECONDS = 10.0
"""How much of the function's time is left for what is under way, to be ended or given back."""

Event = dict[str, Any]

if "AWS_LAMBDA_RUNTIME_API" in os.environ:
    log_json("orchestrator")


class Waking:
    """Takes an event in by its shape: messages, a time to look, or the wish to start something."""

    def __init__(self, settings: Settings, function: str) -> None:
        keys = TokenKeys.of(settings)
        store = os.environ.get(STORE)
        if keys is None or store is None or settings.results_queue is None:
            raise TiercelError(
                f"The orchestrator wants {STORE}, a postgresql:// URL, TIERCEL_RESULTS_QUEUE_URL, and "
                "TIERCEL_JWT_KEY with its private half, or TIERCEL_JWT_SECRET."
            )
        self.keys, self.tokens = keys, Tokens(keys)
        self.loop = asyncio.new_event_loop()
        self.services: Services = local_services(settings=settings)
        group, role = (os.environ.get(name) for name in SCHEDULES)
        schedules = Schedules(group, role, function) if group and role else None
        deployed = Deployed.of(settings, store) if settings.service_registry else None
        alarm = Alarm(settings.results_queue, schedules)
        self.orchestrator = Orchestrator(settings.home, store, alarm, deployed)

    def __call__(self, event: Event, context: Any) -> Any:
        left = context.get_remaining_time_in_millis() / 1000 - CLOSING_SECONDS
        with said_with(request_id=context.aws_request_id):
            return self.loop.run_until_complete(self.woken(event, left))

    async def woken(self, event: Event, seconds: float) -> Any:
        """Do what an event wants, and for so long what follows from it."""
        if "http" in event.get("requestContext", {}):
            return await gateway.answer(event, self.keys, self.orchestrator)
        if "Records" in event:
            return await self.batch(event["Records"], seconds)
        if event.keys() >= WAKE.keys() or event.get("source") == "aws.events":
            return await self.orchestrator.sweep(seconds)
        try:
            return await self.orchestrator.start(Start.read(event))
        except InvalidFlow as error:
            problems = [problem.as_dict() for problem in error.problems]
            return {"error": {"kind": "InvalidFlow", "message": str(error), "problems": problems}}

    async def batch(self, records: Sequence[Event], seconds: float) -> Event:
        """Take in results and what was lost, all in one commit; what is none of ours stays in its queue."""
        answers: list[Answer] = []
        failures = []
        for record in records:
            try:
                answer = await self.read(record)
            except TiercelError as error:
                logger.error("message %s: %s", record["messageId"], error)
                failures.append({"itemIdentifier": record["messageId"]})
            else:
                answers += [answer] if answer else []
        if answers:
            await self.orchestrator.take_in(answers, seconds)
        elif len(failures) < len(records):
            await self.orchestrator.sweep(seconds)
        return {"batchItemFailures": failures}

    async def read(self, record: Event) -> Answer | None:
        """Read a message; None where it says no more than that it is time to look."""
        return await in_thread(lambda: read(self.tokens, self.services.storage, record))


@cache
def waking(function: str) -> Waking:
    """Build it once a process."""
    return Waking(Settings.read(), function)


def handler(event: Event, context: Any) -> Any:
    """Answer one event."""
    return waking(context.invoked_function_arn)(event, context)
