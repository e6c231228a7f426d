"""One-shot timers of EventBridge Scheduler. All calls block; boto3 is imported with the first of them."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from tiercel.errors import Retriable


@dataclass
class Schedules:
    """Timers of one group that call one function; each is deleted once it has.

    `role`: the ARN of the role under which Scheduler calls.
    """

    group: str
    role: str
    function: str

    @cached_property
    def client(self) -> Any:
        """Connect."""
        import boto3

        return boto3.client("scheduler")

    def once(self, at: datetime, event: Mapping[str, Any]) -> None:
        """Call the function at a full minute; one that is set for that minute already does for both."""
        from botocore.exceptions import BotoCoreError, ClientError

        moment = at.astimezone(UTC)
        try:
            self.client.create_schedule(
                Name=f"wake-{moment:%Y%m%d%H%M}",
                GroupName=self.group,
                ScheduleExpression=f"at({moment:%Y-%m-%dT%H:%M:00})",
                FlexibleTimeWindow={"Mode": "OFF"},
                ActionAfterCompletion="DELETE",
                Target={"Arn": self.function, "RoleArn": self.role, "Input": json.dumps(dict(event))},
            )
        except ClientError as error:
            if error.response.get("Error", {}).get("Code") != "ConflictException":
                raise Retriable(f"A timer for {moment} could not be set: {error}.") from error
        except BotoCoreError as error:
            raise Retriable(f"A timer for {moment} could not be set: {error}.") from error
