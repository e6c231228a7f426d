"""What all HTTP tasks share: the request as a flow writes it, sent; its answer judged."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any

from pydantic import Field

from tiercel.calling import in_thread
from tiercel.context import ExecutionContext
from tiercel.errors import TaskFailed
from tiercel.http.client import Response, checked, read, shown
from tiercel.http.logins import logged_in
from tiercel.http.options import DEPRECATED, HttpConfiguration, SslOptions, call_options, is_failure
from tiercel.plugin import BaseParams
from tiercel.storage import uris

if TYPE_CHECKING:
    import httpx

MULTIPART = "multipart/form-data"
JSON = "application/json"
ERROR_BYTES = 1 << 20
"""How much of a failure's body is read: enough to show why."""
HIDDEN = ("authorization", "proxy-authorization", "cookie", "set-cookie")


class AnyRequestParams(BaseParams):
    uri: str = Field(description="Address to call.")
    body: str | None = Field(None, description="What to send, as text.")
    form_data: dict[str, Any] | None = Field(
        None,
        description="A form to send. As multipart/form-data, a kestra:/// URI stands for that file, and "
        "`{name, content}` for a file with a name of its own.",
    )
    params: dict[str, Any] | None = Field(None, description="Query parameters; a list repeats one.")
    content_type: str = Field(JSON, description="Content type of what is sent.")
    headers: dict[str, str] | None = Field(None, description="Headers to send.")
    options: HttpConfiguration | None = Field(None, description="How to connect, log in and judge answers.")
    allow_failed: bool | None = Field(
        None, description="Deprecated: use `options.allowFailed`.", json_schema_extra=DEPRECATED
    )
    ssl_options: SslOptions | None = Field(
        None, description="Deprecated: use `options.ssl`.", json_schema_extra=DEPRECATED
    )


class RequestParams(AnyRequestParams):
    method: str = Field("GET", description="The HTTP method.")


@asynccontextmanager
async def exchange(
    params: AnyRequestParams, method: str, context: ExecutionContext, **more: Any
) -> AsyncIterator["httpx.Response"]:
    """Send the request and give its answer, its body unread; one that is a failure raises.

    `more`: replaces parts of the request, such as `content`.
    """
    options = params.options or HttpConfiguration()
    login = await logged_in(context.http, options)
    login_headers = login.pop("headers", {})
    async with AsyncExitStack() as stack:
        body = await body_of(params, context, stack)
        request = {
            "params": params.params,
            **call_options(options, params.ssl_options),
            **login,
            **body,
            **more,
        }
        headers = {
            **body.get("headers", {}),
            **login_headers,
            **(params.headers or {}),
            **more.get("headers", {}),
        }
        show(context, options, "REQUEST", headers, body.get("content"))
        answer = await stack.enter_async_context(
            context.http.stream(method, params.uri, **{**request, "headers": headers})
        )
        show(context, options, "RESPONSE", answer.headers, None)
        if is_failure(answer.status_code, options, params.allow_failed):
            await refuse(method, answer, options)
        yield answer


async def body_of(
    params: AnyRequestParams, context: ExecutionContext, stack: AsyncExitStack
) -> dict[str, Any]:
    """Give the body as the client takes it, with the headers that it needs."""
    if params.form_data is None:
        content = params.body
        return {"content": content, "headers": {"Content-Type": params.content_type}} if content else {}
    if params.content_type.lower() == MULTIPART:
        parts = [(name, await part_of(value, context, stack)) for name, value in params.form_data.items()]
        return {"files": parts}  # the content type comes with its boundary
    return {"data": {name: value for name, value in params.form_data.items() if value is not None}}


async def part_of(value: Any, context: ExecutionContext, stack: AsyncExitStack) -> tuple[str | None, Any]:
    """Give one part of a multipart form: a file name, and its content or an open file."""
    name = None
    if isinstance(value, Mapping) and "content" in value:
        name, value = value.get("name"), value["content"]
    if not isinstance(value, str) or not value.startswith(f"{uris.SCHEME}/"):
        return name, "" if value is None else str(value)
    path = await in_thread(lambda: context.download(value))
    file = stack.enter_context(path.open("rb"))
    return str(name or PurePosixPath(value).name), file


async def refuse(method: str, answer: "httpx.Response", options: HttpConfiguration) -> None:
    """Raise for an answer that is a failure."""
    content = bytearray()
    async for chunk in answer.aiter_bytes():
        content += chunk
        if len(content) > ERROR_BYTES:
            break
    response = response_of(answer, bytes(content), options)
    checked(method, response)
    raise TaskFailed(
        f"{method} {shown(response.url)} answered {response.status}, which is none of the codes in "
        f"`options.allowedResponseCodes` ({', '.join(map(str, options.allowed_response_codes or ()))})."
    )


async def read_answer(answer: "httpx.Response", params: AnyRequestParams, max_bytes: int) -> Response:
    """Read the body of an answer, up to a limit."""
    options = params.options or HttpConfiguration()
    content = await read(answer, options.max_content_length or max_bytes, params.uri)
    return response_of(answer, content, options)


def response_of(answer: "httpx.Response", content: bytes, options: HttpConfiguration) -> Response:
    """Make the answer that messages and outputs are worded from."""
    headers = {name.lower(): value for name, value in answer.headers.items()}
    encoding = answer.charset_encoding or options.default_charset
    return Response(answer.status_code, headers, content, str(answer.url), encoding)


def headers_of(answer: "httpx.Response") -> dict[str, list[str]]:
    """Give the headers, each with all of its values."""
    return {name: answer.headers.get_list(name) for name in answer.headers}


def show(
    context: ExecutionContext,
    options: HttpConfiguration,
    side: str,
    headers: Mapping[str, str],
    body: Any,
) -> None:
    """Log the parts of an exchange that `options.logs` asks for, never what logs in."""
    wanted = options.logs or ()
    if f"{side}_HEADERS" in wanted and headers:
        shown_headers = {name: "***" if name.lower() in HIDDEN else text for name, text in headers.items()}
        context.log.info(f"{side.lower()} headers: {shown_headers}")
    if f"{side}_BODY" in wanted and body is not None:
        context.log.info(f"{side.lower()} body: {body}")
