"""Fetch a file into internal storage, streamed: what is held in memory does not grow with it."""

import re
from collections.abc import AsyncIterator
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import unquote, urlsplit

from pydantic import Field

from tiercel.calling import in_thread
from tiercel.context import ExecutionContext
from tiercel.errors import TaskFailed
from tiercel.http.client import shown
from tiercel.http.options import HttpConfiguration
from tiercel.plugin import BaseOutput, BasePlugin, PluginOutput, success
from tiercel_core.http.exchange import RequestParams, exchange, headers_of

if TYPE_CHECKING:
    import httpx

CHUNK_BYTES = 1 << 20
MOST_BYTES = 8 << 30
"""An answer beyond this is taken for an endless one, unless `options.maxContentLength` says otherwise."""
NAMED = re.compile(
    r"filename\*=(?:[\w-]+'[\w-]*')?(?P<star>[^;]+)|filename=\"?(?P<plain>[^\";]+)", re.IGNORECASE
)
LINK_SECONDS = 3600


class DownloadParams(RequestParams):
    fail_on_empty_response: bool = Field(True, description="Whether an empty answer is a failure.")
    save_as: str | None = Field(
        None, description="Name of the file; that of the answer, or the end of the address, if left out."
    )


class DownloadOutput(BaseOutput):
    uri: str | None = Field(None, description="URI of the file in internal storage.")
    url: str | None = Field(None, description="Address that anybody may fetch the file from, for an hour.")
    code: int | None = Field(None, description="Status of the answer.")
    length: int | None = Field(None, description="Size of the file in bytes.")
    headers: dict[str, list[str]] | None = Field(None, description="Headers of the answer.")


class Download(BasePlugin[DownloadParams, DownloadOutput]):
    """Fetch a file from an address into internal storage."""

    task_types = ("io.kestra.plugin.core.http.Download", "io.kestra.plugin.fs.http.Download")
    catalog_differences: ClassVar[dict[str, str]] = {
        "url": "a link to the file, for those who cannot read internal storage"
    }

    async def run(self, params: DownloadParams, context: ExecutionContext) -> PluginOutput:
        async with exchange(params, params.method.upper(), context) as answer:
            body = Body(answer, params)
            uri = await context.upload_stream(body.chunks(), params.save_as or name_of(answer))
            context.metric("response.length", body.length)
            output = DownloadOutput(
                uri=uri,
                url=await in_thread(lambda: context.services.storage.link(uri, LINK_SECONDS)),
                code=answer.status_code,
                length=body.length,
                headers=headers_of(answer),
            )
        return success(output)


class Body:
    """The body of an answer as it comes, counted."""

    def __init__(self, answer: "httpx.Response", params: DownloadParams) -> None:
        self.answer = answer
        self.params = params
        self.length = 0
        options = params.options or HttpConfiguration()
        self.most = options.max_content_length or MOST_BYTES

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the body in chunks of about a megabyte; too much of it, or nothing, is a failure."""
        self.check(int(self.answer.headers.get("content-length") or 0))
        gathered = bytearray()
        async for chunk in self.answer.aiter_bytes():
            gathered += chunk
            if len(gathered) >= CHUNK_BYTES:
                yield self.counted(gathered)
                gathered = bytearray()
        if gathered:
            yield self.counted(gathered)
        if not self.length and self.params.fail_on_empty_response:
            raise TaskFailed(
                f"{shown(str(self.answer.url))} answered with nothing; "
                "set `failOnEmptyResponse` to false if that is well."
            )

    def counted(self, chunk: bytearray) -> bytes:
        """Count a chunk, and refuse what is too much."""
        self.length += len(chunk)
        self.check(self.length)
        return bytes(chunk)

    def check(self, length: int) -> None:
        """Refuse an answer that is too long, or has no end."""
        if length > self.most:
            raise TaskFailed(
                f"{shown(str(self.answer.url))} answers with more than {self.most:,} bytes; set "
                "`options.maxContentLength` if that is well."
            )


def name_of(answer: "httpx.Response") -> str:
    """Name the file as the answer does, or as its address ends; a name only, never a path."""
    match = NAMED.search(answer.headers.get("content-disposition", ""))
    given = unquote((match["star"] or match["plain"]).strip()) if match else ""
    name = given or unquote(urlsplit(str(answer.url)).path)
    return PurePosixPath(name.replace("\\", "/").replace("\0", "")).name.strip(". ") or "download"
