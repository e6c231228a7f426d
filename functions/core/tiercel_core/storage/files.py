"""Whole files: make, measure, join, remove, and exchange them with the task's directory."""

import json
from collections.abc import Iterator
from typing import Any

from pydantic import Field

from tiercel import task_files
from tiercel.context import ExecutionContext
from tiercel.errors import InvalidParameters, TaskFailed
from tiercel.offload import OUTPUTS
from tiercel.plugin import BaseOutput, BaseParams, BasePlugin, JsonObject, NoParams, PluginOutput, success
from tiercel.storage import uris

CHUNK_BYTES = 1 << 20


class UriOutput(BaseOutput):
    uri: str = Field(description="URI of the file in internal storage.")


class WriteParams(BaseParams):
    content: str = Field(description="What the file holds.")
    extension: str | None = Field(None, description="End of its name, such as .csv.")


class Write(BasePlugin[WriteParams, UriOutput]):
    """Make a file in internal storage."""

    task_types = ("io.kestra.plugin.core.storage.Write",)

    def run(self, params: WriteParams, context: ExecutionContext) -> PluginOutput:
        extension = f".{params.extension.lstrip('.')}" if params.extension else ""
        return success(UriOutput(uri=context.upload(params.content.encode(), f"content{extension}")))


class SizeParams(BaseParams):
    uri: str = Field(description="URI of the file.")


class SizeOutput(BaseOutput):
    size: int = Field(description="Size in bytes.")


class Size(BasePlugin[SizeParams, SizeOutput]):
    """Measure a file of internal storage."""

    task_types = ("io.kestra.plugin.core.storage.Size", "io.kestra.core.tasks.storages.Size")

    def run(self, params: SizeParams, context: ExecutionContext) -> PluginOutput:
        return success(SizeOutput(size=context.services.storage.size(context.run, params.uri)))


class DeleteParams(BaseParams):
    uri: str = Field(description="URI of the file.")
    error_on_missing: bool = Field(False, description="Whether a missing file is a failure.")


class DeleteOutput(BaseOutput):
    uri: str = Field(description="URI of the file.")
    deleted: bool = Field(description="Whether there was such a file.")


class Delete(BasePlugin[DeleteParams, DeleteOutput]):
    """Remove a file from internal storage."""

    task_types = ("io.kestra.plugin.core.storage.Delete", "io.kestra.core.tasks.storages.Delete")

    def run(self, params: DeleteParams, context: ExecutionContext) -> PluginOutput:
        deleted = context.services.storage.delete(context.run, params.uri)
        if params.error_on_missing and not deleted:
            raise TaskFailed(
                f"Unable to find a file with uri '{params.uri}' and `errorOnMissing` is true; "
                "it may have been deleted before: leave `errorOnMissing` out to let that pass."
            )
        return success(DeleteOutput(uri=params.uri, deleted=deleted))


class ConcatParams(BaseParams):
    files: Any = Field(description="URIs of the files, in order: a list, or a JSON text of one.")
    separator: str | None = Field(None, description="What stands behind each file.")
    extension: str = Field(".tmp", description="End of the name of the new file.")


class Concat(BasePlugin[ConcatParams, UriOutput]):
    """Join files of internal storage to one."""

    task_types = ("io.kestra.plugin.core.storage.Concat", "io.kestra.core.tasks.storages.Concat")

    def run(self, params: ConcatParams, context: ExecutionContext) -> PluginOutput:
        joined = chunks_of(uris_of(params.files), (params.separator or "").encode(), context)
        return success(UriOutput(uri=context.upload(joined, f"concat{params.extension}")))


def chunks_of(files: list[str], separator: bytes, context: ExecutionContext) -> Iterator[bytes]:
    """Give the content of files one after another, the separator behind each."""
    for uri in files:
        with context.services.storage.open(context.run, uri) as source:
            while chunk := source.read(CHUNK_BYTES):
                yield chunk
        if separator:
            yield separator


def uris_of(files: Any) -> list[str]:
    """Read a list of URIs, or a JSON text of one; what is null is left out."""
    try:
        found = json.loads(files) if isinstance(files, str) else files
    except ValueError:
        found = None
    if not isinstance(found, list):
        raise InvalidParameters("`files` is no list of URIs: write one, or an expression that gives one.")
    return [str(uri) for uri in found if uri is not None]


class LocalFilesParams(BaseParams):
    inputs: JsonObject | str | None = Field(
        None, description="Files to create: path to content or to the URI of a stored file."
    )
    outputs: list[str] | None = Field(None, description="Globs of the files to store.")


class LocalFilesOutput(BaseOutput):
    uris: dict[str, str] = Field(description="URIs of the stored files, by path.")


class LocalFiles(BasePlugin[LocalFilesParams, LocalFilesOutput]):
    """Create and store files of a directory (deprecated: use a WorkingDirectory's own properties)."""

    task_types = ("io.kestra.plugin.core.storage.LocalFiles", "io.kestra.core.tasks.storages.LocalFiles")

    def run(self, params: LocalFilesParams, context: ExecutionContext) -> PluginOutput:
        task_files.lay_out(params.inputs, context, "inputs")
        return success(LocalFilesOutput(uris=task_files.collect(params.outputs, context)))


class PurgeCurrentExecutionFilesOutput(BaseOutput):
    uris: list[str] = Field(description="URIs of the files that were removed.")


class PurgeCurrentExecutionFiles(BasePlugin[NoParams, PurgeCurrentExecutionFilesOutput]):
    """Remove all files that the tasks of this execution have stored so far."""

    task_types = (
        "io.kestra.plugin.core.storage.PurgeCurrentExecutionFiles",
        "io.kestra.core.tasks.storages.PurgeExecution",
        "io.kestra.plugin.core.storage.PurgeExecution",
    )

    def run(self, params: NoParams, context: ExecutionContext) -> PluginOutput:
        storage, root = (
            context.services.storage,
            uris.uri_of(uris.execution_key(uris.execution_of(context.run))),
        )
        # big outputs are values that later tasks may still read, though they lie in files
        found = [file.uri for file in storage.list(context.run, root) if f"/{OUTPUTS}/" not in file.uri]
        removed = [uri for uri in found if storage.delete(context.run, uri)]
        return success(PurgeCurrentExecutionFilesOutput(uris=removed))
