"""What AWS's errors mean."""

from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, NoCredentialsError

from tiercel.errors import Retriable, TaskFailed
from tiercel_cloud.aws.connections import explaining


def answer(status: int, code: str) -> ClientError:
    response: Any = {
        "Error": {"Code": code, "Message": "m"},
        "ResponseMetadata": {"HTTPStatusCode": status},
    }
    return ClientError(response, "Operation")


@pytest.mark.parametrize(
    "error",
    [answer(503, "SlowDown"), answer(429, "X"), answer(500, "InternalError"), answer(400, "RequestTimeout")],
)
def test_a_busy_answer_may_be_tried_again(error: ClientError) -> None:
    with pytest.raises(Retriable, match=r"do it.*retry"), explaining("do it"):
        raise error


@pytest.mark.parametrize(
    ("error", "remedy"),
    [(answer(403, "AccessDenied"), "permissions"), (answer(404, "NoSuchKey"), "properties")],
)
def test_a_refusal_says_what_to_check(error: ClientError, remedy: str) -> None:
    with pytest.raises(TaskFailed, match=remedy) as raised, explaining("do it"):
        raise error
    assert not isinstance(raised.value, Retriable)


def test_an_address_that_does_not_answer_may_be_tried_again() -> None:
    with pytest.raises(Retriable), explaining("do it"):
        raise EndpointConnectionError(endpoint_url="http://x")


@pytest.mark.parametrize("error", [NoCredentialsError(), BotoCoreError()])
def test_what_was_never_sent_is_the_authors_to_correct(error: BotoCoreError) -> None:
    with pytest.raises(TaskFailed) as raised, explaining("do it"):
        raise error
    assert not isinstance(raised.value, Retriable)
