"""Fetch objects of a bucket into internal storage."""

from typing import Any

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.plugin import BasePlugin, PluginOutput, success
from tiercel_cloud.aws.connections import explaining, present
from tiercel_cloud.aws.s3.objects import FileInfo, ListingParams, file_info


class DownloadParams(ListingParams):
    key: str | None = Field(
        None, description="Key of the one object; without it, all that the listing gives."
    )
    version_id: str | None = Field(None, description="Version of the object.")
    compatibility_mode: bool = Field(False, description="Without meaning here.")
    validate_checksum: bool = Field(False, description="Whether the content is checked against its checksum.")


class DownloadOutput(FileInfo):
    files: dict[str, FileInfo] | None = Field(
        None, description="The files, by key, where no `key` was given."
    )


class Download(BasePlugin[DownloadParams, DownloadOutput]):
    """Fetch one object of a bucket, or all that a listing gives, into internal storage."""

    task_types = ("io.kestra.plugin.aws.s3.Download",)

    def run(self, params: DownloadParams, context: ExecutionContext) -> PluginOutput:
        client = params.s3()
        if params.key:
            info = fetch(client, params, params.key, context)
            return success(DownloadOutput(**info.model_dump()))
        with explaining(f"list the bucket {params.bucket}"):
            keys = [entry["Key"] for entry in params.entries(client)]
        wanted = [key for key in keys if not key.endswith("/")]
        return success(DownloadOutput(files={key: fetch(client, params, key, context) for key in wanted}))


def fetch(client: Any, params: DownloadParams, key: str, context: ExecutionContext) -> FileInfo:
    """Fetch one object, in pieces, and put it into internal storage."""
    mode = "ENABLED" if params.validate_checksum else None
    path = context.directory / "object"
    with explaining(f"read {key} from the bucket {params.bucket}"):
        answer = client.get_object(
            Bucket=params.bucket,
            Key=key,
            **present({"VersionId": params.version_id, "ChecksumMode": mode}),
            **params.asked(),
        )
        with path.open("wb") as file:
            for chunk in answer["Body"].iter_chunks(1 << 20):
                file.write(chunk)
    uri = context.upload(path, key.rsplit("/", 1)[-1])
    path.unlink()
    return file_info(answer, uri)
