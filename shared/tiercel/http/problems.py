"""The one shape of an HTTP error: `{"error": {"kind", "message", "problems"}}`, as in a failed result."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic_core import to_json
from starlette.responses import Response


class Refused(Exception):
    """A request that is not carried out. `kind` names the reason for programs, the text for people."""

    def __init__(
        self,
        status: int,
        kind: str,
        message: str,
        problems: Sequence[Mapping[str, Any]] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.problems = problems
        self.headers = headers

    def response(self) -> Response:
        """Write the answer."""
        error = {"kind": self.kind, "message": str(self), "problems": list(self.problems)}
        return json_response({"error": error}, self.status, self.headers)


def too_large(most: int) -> Refused:
    """Refuse a body with 413."""
    message = f"The envelope is larger than {most:,} bytes; store big values and send their URI."
    return Refused(413, "TooLarge", message)


def json_response(content: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """Answer with JSON."""
    return Response(to_json(content, by_alias=True), status, headers, "application/json")
