"""A small cloud: queues in moto's server, and handlers in processes of their own that are fed from them."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any

import boto3

from tiercel.calling import in_thread
from tiercel_orchestrator.cli.gateway import functions_of
from tiercel_orchestrator.gateway.functions import Function, FunctionFailed

REGION, ACCOUNT = "eu-central-1", "123456789012"
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_DEFAULT_REGION": REGION,
}
TRIES = 3
VISIBLE_SECONDS = 10
HIDDEN_SECONDS = 2
"""How long a queue hides a message, and a worker that says that it lives."""
KILLED = 10
"""One in so many events is worked on by a process that is killed meanwhile."""
LATEST_SECONDS = 0.02
"""How long after a process took an event it is killed, at most."""


@dataclass
class Queues:
    """The queues of a bundle, each with its dead letters."""

    client: Any
    urls: dict[str, str] = field(default_factory=dict)

    def make(self, name: str) -> None:
        """Make a queue and that of its dead letters."""
        dead = self.client.create_queue(QueueName=f"{name}-dead")["QueueUrl"]
        redrive = {
            "deadLetterTargetArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}-dead",
            "maxReceiveCount": TRIES,
        }
        attributes = {"VisibilityTimeout": str(VISIBLE_SECONDS), "RedrivePolicy": json.dumps(redrive)}
        url = self.client.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        self.urls |= {name: url, f"{name}-dead": dead}

    def take(self, name: str, most: int) -> list[dict[str, Any]]:
        """Take messages as Lambda hands them to a function; waits a second for the first of them."""
        answer = self.client.receive_message(
            QueueUrl=self.urls[name],
            MaxNumberOfMessages=most,
            WaitTimeSeconds=1,
            AttributeNames=["All"],
            MessageAttributeNames=["All"],
        )
        return [
            {
                "messageId": one["MessageId"],
                "receiptHandle": one["ReceiptHandle"],
                "body": one["Body"],
                "attributes": one["Attributes"],
                "messageAttributes": {
                    key: {"stringValue": value["StringValue"], "dataType": value["DataType"]}
                    for key, value in one.get("MessageAttributes", {}).items()
                },
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:{REGION}:{ACCOUNT}:{name}",
                "awsRegion": REGION,
            }
            for one in answer.get("Messages", ())
        ]

    def done(self, name: str, records: Sequence[Mapping[str, Any]]) -> None:
        """Take away what was worked on."""
        entries = [{"Id": str(n), "ReceiptHandle": one["receiptHandle"]} for n, one in enumerate(records)]
        if entries:
            self.client.delete_message_batch(QueueUrl=self.urls[name], Entries=entries)

    def sizes(self) -> dict[str, int]:
        """Count the messages of each queue, hidden ones too."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        found = {}
        for name, url in self.urls.items():
            counts = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
            found[name] = sum(int(counts[one]) for one in names)
        return found


class Killer:
    """Kills one process in ten while it works on an event, but over no message so often that it is dead."""

    def __init__(self, seed: int, one_in: int = KILLED) -> None:
        self.random = Random(seed)
        self.one_in = one_in
        self.events = 0
        self.killed = 0

    def chooses(self, records: Sequence[Mapping[str, Any]]) -> bool:
        """Say whether the process that takes these has to die."""
        self.events += 1
        spared = any(int(one["attributes"]["ApproximateReceiveCount"]) >= TRIES for one in records)
        return not spared and self.random.randrange(self.one_in) == 0

    async def kill(self, function: Function) -> None:
        """Kill a process a moment after it took its event, unless it has answered by then."""
        while function.current is None:
            await asyncio.sleep(0)
        taken = function.current
        await asyncio.sleep(self.random.uniform(0, LATEST_SECONDS))
        if function.current is taken and function.process is not None:
            function.process.kill()
            self.killed += 1


@dataclass
class Feeding:
    """Feeds functions from queues, as an event source mapping does."""

    queues: Queues
    killer: Killer

    async def feed(self, function: Function, name: str, most: int) -> None:
        """Hand batches of a queue to one function, without end."""
        while True:
            records = await in_thread(lambda: self.queues.take(name, most))
            if not records:
                continue
            calling = asyncio.create_task(function.invoke({"Records": records}))
            if self.killer.chooses(records):
                await asyncio.wait(
                    {calling, asyncio.create_task(self.killer.kill(function))},
                    return_when=asyncio.FIRST_COMPLETED,
                )
            try:
                answer = await calling
            except (FunctionFailed, TimeoutError):
                continue  # what was taken is seen again when its time is up
            failed = {one["itemIdentifier"] for one in answer["batchItemFailures"]}
            finished = [one for one in records if one["messageId"] not in failed]
            await in_thread(lambda done=finished: self.queues.done(name, done))  # type: ignore[misc]


@dataclass(frozen=True)
class Cloud:
    """What runs: the queues, and the orchestrator as callers invoke it."""

    queues: Queues
    front: Function


@asynccontextmanager
async def cloud(
    endpoint: str, home: Path, setting: Callable[[str, str], None], *, workers: int, killer: Killer
) -> AsyncIterator[Cloud]:
    """Run the orchestrator and the family core as functions; `setting` sets what all of them are told."""
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": endpoint}.items():
        setting(name, value)
    queues = Queues(boto3.client("sqs"))
    for name in ("core", "results"):
        queues.make(name)
    setting("TIERCEL_RESULTS_QUEUE_URL", queues.urls["results"])
    setting("TIERCEL_FAMILY_QUEUES", json.dumps({"core": queues.urls["core"]}))
    setting("TIERCEL_WORK_QUEUE_URL", queues.urls["core"])
    setting("TIERCEL_HIDDEN_SECONDS", str(HIDDEN_SECONDS))
    handler = "tiercel_orchestrator.waking.aws_lambda.handler"
    handlers = {"front": handler, "results": handler, "dead": handler}
    handlers |= {f"core-{number}": "tiercel_core.app.handler" for number in range(workers)}
    async with functions_of(handlers, home) as functions:
        for name, function in functions.items():
            # each is a machine of its own
            function.environment = {**function.environment, "TIERCEL_HOME": str(home / name)}
        feeding = Feeding(queues, killer)
        spared = Feeding(queues, Killer(0, 10**9))
        tasks = [
            asyncio.create_task(feeding.feed(functions["results"], "results", 10)),
            asyncio.create_task(spared.feed(functions["dead"], "core-dead", 10)),
            *(
                asyncio.create_task(feeding.feed(functions[f"core-{number}"], "core", 1))
                for number in range(workers)
            ),
        ]
        try:
            yield Cloud(queues, functions["front"])
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
