"""What a family's refusal means for a task run: FAILED, with a sentence that says what to change."""

import json
from typing import Any

from pydantic import ValidationError

from tiercel.envelope import Result, WireError, WireProblem
from tiercel.http.client import Response
from tiercel.plugin import State

Kind = Any
SHOWN_CHARACTERS = 300


def failed(kind: Kind, message: str, **more: Any) -> Result:
    """Give the result of a task that never ran, or of which nothing is known."""
    return Result(state=State.FAILED, error=WireError(kind=kind, message=message, **more))


def result_of(content: Any) -> Result | None:
    """Read a result, or None where a family would not have written this."""
    try:
        return Result.model_validate(content)
    except ValidationError:
        return None


def no_family(family: str, answer: Response) -> Result:
    """Say that whatever answers there is no family."""
    said = " ".join(answer.text.split())[:SHOWN_CHARACTERS]
    return failed(
        "TaskFailed",
        f"What answers at {answer.url} is no family app: it said {answer.status}"
        f"{f' ({said})' if said else ''}; correct the URL of family '{family}'.",
    )


def refusal(family: str, answer: Response) -> Result:
    """Word a status that is neither a result nor a promise of one."""
    error = _error_of(answer)
    said = str(error.get("message", ""))
    if answer.status in (401, 403):
        return failed(
            "TaskFailed",
            f"Family '{family}' at {answer.url} does not accept the orchestrator's token "
            f"({answer.status}{f': {said}' if said else ''}); "
            "set TIERCEL_JWT_SECRET or TIERCEL_HMAC_SECRET to the same secret there and here, or "
            "TIERCEL_JWT_KEY to one pair.",
        )
    if not said:
        return no_family(family, answer)
    if answer.status == 500:
        return failed("Bug", f"Family '{family}' failed: {said}")
    problems = [
        WireProblem(message=str(one.get("message", "")), path=str(one.get("path", "")))
        for one in error.get("problems", ())
    ]
    kind = "InvalidParameters" if answer.status in (404, 422) else "TaskFailed"
    return failed(kind, f"Family '{family}' refused the task: {said}", problems=problems)


def _error_of(answer: Response) -> dict[str, Any]:
    """Read the one shape of errors; empty where it is another."""
    try:
        content = json.loads(answer.content)
    except ValueError:
        return {}
    error = content.get("error") if isinstance(content, dict) else None
    return error if isinstance(error, dict) else {}
