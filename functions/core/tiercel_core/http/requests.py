"""Call an address, and keep the answer as an output."""

from typing import Any

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.errors import TaskFailed
from tiercel.http.client import RESPONSE_BYTES, Response, shown
from tiercel.http.options import HttpConfiguration
from tiercel.plugin import BaseOutput, BasePlugin, PluginOutput, success
from tiercel_core.http.exchange import (
    RequestParams,
    exchange,
    headers_of,
    read_answer,
    show,
)


class EncryptableParams(RequestParams):
    encrypt_body: bool = Field(
        False, description="Whether the body is given encrypted, as `encryptedBody`, and only so."
    )


class RequestOutput(BaseOutput):
    uri: str | None = Field(None, description="Address that answered, after redirects.")
    code: int | None = Field(None, description="Status of the answer.")
    headers: dict[str, list[str]] | None = Field(None, description="Headers of the answer.")
    body: Any = Field(None, description="Body of the answer, as text.")
    encrypted_body: str | None = Field(None, description="Body of the answer, encrypted.")
    form_data: dict[str, Any] | None = Field(None, description="The form that was sent.")


class Request(BasePlugin[EncryptableParams, RequestOutput]):
    """Send an HTTP request and keep its answer as output."""

    task_types = ("io.kestra.plugin.core.http.Request", "io.kestra.plugin.fs.http.Request")

    async def run(self, params: EncryptableParams, context: ExecutionContext) -> PluginOutput:
        return success(await request(params, context))


async def request(params: EncryptableParams, context: ExecutionContext) -> RequestOutput:
    """Send the request and give the outputs."""
    async with exchange(params, params.method.upper(), context) as answer:
        response = await read_answer(answer, params, RESPONSE_BYTES)
        headers = headers_of(answer)
    text = text_of(response)
    show(context, params.options or HttpConfiguration(), "RESPONSE", {}, text)
    context.log.debug(f"{params.method.upper()} {shown(response.url)} answered {response.status}")
    output = RequestOutput(
        uri=response.url, code=response.status, headers=headers, form_data=params.form_data
    )
    if params.encrypt_body:
        return output.model_copy(update={"encrypted_body": encrypted(text, context)})
    return output.model_copy(update={"body": text})


def text_of(response: Response) -> str | None:
    """Read the body as text; None where there is none."""
    if not response.content:
        return None
    try:
        return response.content.decode(response.encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise TaskFailed(
            f"{shown(response.url)} answered with something that is no text in {response.encoding}; "
            "fetch it by io.kestra.plugin.core.http.Download, or correct `options.defaultCharset`."
        ) from error


def encrypted(text: str | None, context: ExecutionContext) -> str | None:
    """Encrypt a body with the key of this installation."""
    if text is None:
        return None
    key = context.services.encryption_key
    if not key:
        raise TaskFailed(
            "`encryptBody` needs a key, and this installation has none: "
            "set TIERCEL_ENCRYPTION_KEY to 16, 24 or 32 bytes in base64."
        )
    from tiercel.expressions.encryption import encrypt_text  # cryptography is heavy, and few tasks encrypt

    return encrypt_text(key, text)
