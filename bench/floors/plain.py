"""A bare handler that reads its event and writes its answer by pydantic, and knows SQS's batches."""

import json
from typing import Any

from pydantic import BaseModel


class Context(BaseModel):
    """Who asks."""

    namespace: str = "default"
    execution_id: str = "adhoc"
    variables: dict[str, Any] = {}


class Task(BaseModel):
    """What is asked."""

    taskType: str
    params: dict[str, Any] = {}
    context: Context = Context()


class Answer(BaseModel):
    """What comes of it."""

    state: str
    data: dict[str, Any]


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Answer a task with its own parameters, a batch with those that failed: none."""
    if "Records" in event:
        for record in event["Records"]:
            answer(json.loads(record["body"]))
        return {"batchItemFailures": []}
    return answer(event)


def answer(content: dict[str, Any]) -> dict[str, Any]:
    """Answer one task."""
    task = Task.model_validate(content)
    return Answer(state="SUCCESS", data=task.params).model_dump()
