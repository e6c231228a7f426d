"""Queues of SQS. All calls block; boto3 is imported with the first of them."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

from tiercel.errors import Retriable, TaskFailed, TiercelError
from tiercel.http.callbacks import SIGNATURE

BATCH = 10
"""How many messages one call may send."""
LEASED_UNTIL = "Tiercel-Leased-Until"
"""Until when the answer to a message is waited for, in seconds since 1970: after that it was sent again."""
RUN = "Tiercel-Run"
"""Which run a message belongs to, where its caller asks for it."""
LONGEST_DELAY_SECONDS = 900
TRIES = 6
BUSY = ("ThrottlingException", "RequestThrottled", "ServiceUnavailable", "InternalError", "OverLimit")

Record = dict[str, Any]


class Message(NamedTuple):
    """What is sent: a body, and what stands beside it."""

    body: str
    signature: str | None = None
    leased_until: int | None = None
    run_id: str | None = None
    delay_seconds: int = 0

    def parameters(self) -> dict[str, Any]:
        """Write it as SQS takes it."""
        attributes: dict[str, Any] = {}
        if self.signature is not None:
            attributes[SIGNATURE] = {"DataType": "String", "StringValue": self.signature}
        if self.leased_until is not None:
            attributes[LEASED_UNTIL] = {"DataType": "Number", "StringValue": str(self.leased_until)}
        if self.run_id is not None:
            attributes[RUN] = {"DataType": "String", "StringValue": self.run_id}
        found: dict[str, Any] = {"MessageBody": self.body}
        if attributes:
            found["MessageAttributes"] = attributes
        if self.delay_seconds:
            found["DelaySeconds"] = self.delay_seconds
        return found


class Sqs:
    """A client of SQS, for any number of threads."""

    @cached_property
    def client(self) -> Any:
        """Connect."""
        import boto3
        from botocore.config import Config

        retries: Any = {"total_max_attempts": TRIES, "mode": "standard"}
        return boto3.client("sqs", config=Config(retries=retries, max_pool_connections=BATCH))

    def send(self, queue: str, message: Message) -> None:
        """Send one message."""
        self.called(queue, "send_message", **message.parameters())

    def send_many(self, queue: str, messages: Sequence[Message]) -> list[TiercelError | None]:
        """Send up to `BATCH` messages in one call; give for each why it could not be sent, if so."""
        entries = [{"Id": str(number), **one.parameters()} for number, one in enumerate(messages)]
        answer = self.called(queue, "send_message_batch", Entries=entries)
        refused = {one["Id"]: one for one in answer.get("Failed", ())}
        return [
            trouble(queue, one.get("Code", ""), one.get("Message", "")) if one else None
            for one in (refused.get(str(number)) for number in range(len(messages)))
        ]

    def hide(self, queue: str, receipt: str, seconds: int) -> None:
        """Keep a message that is worked on from others for so long from now on."""
        self.called(queue, "change_message_visibility", ReceiptHandle=receipt, VisibilityTimeout=seconds)

    def receive(self, queue: str, most: int, wait_seconds: int) -> list[Record]:
        """Take messages, as Lambda hands them to a function; waits for the first one."""
        answer = self.called(
            queue,
            "receive_message",
            MaxNumberOfMessages=most,
            WaitTimeSeconds=wait_seconds,
            MessageAttributeNames=["All"],
        )
        return [record_of(one) for one in answer.get("Messages", ())]

    def delete(self, queue: str, records: Sequence[Record]) -> None:
        """Take away messages that were worked on."""
        entries = [{"Id": str(n), "ReceiptHandle": one["receiptHandle"]} for n, one in enumerate(records)]
        if entries:
            self.called(queue, "delete_message_batch", Entries=entries)

    def called(self, queue: str, operation: str, **parameters: Any) -> dict[str, Any]:
        """Call SQS; what goes wrong is a sentence."""
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self.client, operation)(QueueUrl=queue, **parameters)
        except ClientError as error:
            said = error.response.get("Error", {})
            raise trouble(queue, str(said.get("Code", "")), str(said.get("Message", ""))) from error
        except BotoCoreError as error:
            raise Retriable(
                f"The queue {queue} cannot be reached ({error}); look at the network and the credentials."
            ) from error
        return answer


def record_of(message: Mapping[str, Any]) -> Record:
    """Write a message as it comes in a batch."""
    attributes = message.get("MessageAttributes") or {}
    return {
        "messageId": message["MessageId"],
        "receiptHandle": message["ReceiptHandle"],
        "body": message["Body"],
        "eventSource": "aws:sqs",
        "messageAttributes": {name: {"stringValue": one["StringValue"]} for name, one in attributes.items()},
    }


def trouble(queue: str, code: str, message: str) -> TiercelError:
    """Word what SQS says; `Retriable` where it was busy."""
    name = code.rpartition(".")[2] or "no reason"
    if name in BUSY:
        return Retriable(f"The queue {queue} is busy ({name}); try again later.")
    said = f" ({message.rstrip('.')})" if message else ""
    return TaskFailed(
        f"The queue {queue} answered {name}{said}; correct its URL, or what this process may do with it."
    )


def attribute(record: Record, name: str) -> str | None:
    """Give what stands beside a message that came in a batch."""
    found = (record.get("messageAttributes") or {}).get(name)
    return None if found is None else str(found.get("stringValue"))
