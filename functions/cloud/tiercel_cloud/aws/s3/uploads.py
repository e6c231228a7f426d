"""Write files to a bucket."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlencode

from boto3.s3.transfer import TransferConfig
from pydantic import Field

from tiercel import task_files
from tiercel.context import ExecutionContext
from tiercel.errors import InvalidParameters, TaskFailed
from tiercel.paths import safe_join
from tiercel.plugin import BaseOutput, BasePlugin, JsonObject, PluginOutput, success
from tiercel_cloud.aws.connections import explaining, present
from tiercel_cloud.aws.s3.objects import FileInfo, S3Connection, file_info


class UploadParams(S3Connection):
    from_: str | list[str] | JsonObject = Field(
        alias="from",
        description="URI of a stored file or path in the task's directory; a list, or name to URI.",
    )
    key: str = Field(description="Key of the object; for several files, what their names are put behind.")
    metadata: dict[str, str] | None = Field(None, description="Metadata to keep with the object.")
    cache_control: str | None = Field(None, description="How the object may be cached.")
    content_type: str | None = Field(None, description="Content type.")
    content_encoding: str | None = Field(None, description="Content encoding.")
    content_disposition: str | None = Field(None, description="How a browser shows it.")
    content_language: str | None = Field(None, description="Language of the content.")
    content_length: int | None = Field(None, description="Without meaning here: the size is known.")
    expires: str | None = Field(None, description="When it is no longer cacheable, in ISO 8601.")
    acl: str | None = Field(None, description="Canned access list, such as public-read.")
    storage_class: Any = Field(None, description="Storage class, such as STANDARD_IA.")
    server_side_encryption: Any = Field(None, description="Encryption at rest, such as AES256.")
    bucket_key_enabled: bool | None = Field(None, description="Whether to use the bucket's key with KMS.")
    checksum_algorithm: Any = Field(None, description="Algorithm of the checksum, such as SHA256.")
    object_lock_mode: Any = Field(None, description="GOVERNANCE or COMPLIANCE.")
    object_lock_legal_hold_status: Any = Field(None, description="ON or OFF.")
    object_lock_retain_until_date: str | None = Field(
        None, description="Until when it is locked, in ISO 8601."
    )
    checksum: str | None = Field(None, description="The checksum, if it is known; with `checksumAlgorithm`.")
    tagging: dict[str, str] | None = Field(None, description="Tags of the object.")
    compatibility_mode: bool = Field(False, description="Without meaning here.")
    concurrent_uploads: int = Field(50, gt=0, description="How many parts are sent at a time.")

    def extra(self) -> JsonObject:
        """Give the properties of the object as boto3 takes them."""
        checksum = f"Checksum{self.checksum_algorithm}" if self.checksum else ""
        extra = {
            "Metadata": self.metadata,
            "CacheControl": self.cache_control,
            "ContentType": self.content_type,
            "ContentEncoding": self.content_encoding,
            "ContentDisposition": self.content_disposition,
            "ContentLanguage": self.content_language,
            "Expires": self.expires,
            "ACL": self.acl,
            "StorageClass": self.storage_class,
            "ServerSideEncryption": self.server_side_encryption,
            "BucketKeyEnabled": self.bucket_key_enabled,
            "ChecksumAlgorithm": self.checksum_algorithm,
            "ObjectLockMode": self.object_lock_mode,
            "ObjectLockLegalHoldStatus": self.object_lock_legal_hold_status,
            "ObjectLockRetainUntilDate": self.object_lock_retain_until_date,
            "Tagging": urlencode(self.tagging) if self.tagging else None,
            **({checksum: self.checksum} if checksum else {}),
        }
        return present(extra) | self.asked()


class UploadOutput(BaseOutput):
    e_tag: str | None = Field(None, description="Entity tag of the object.")
    version_id: str | None = Field(None, description="Version of the object.")
    bucket: str = Field(description="The bucket.")
    key: str = Field(description="The key.")
    files: dict[str, FileInfo] | None = Field(None, description="What became of each file, by key.")


class Upload(BasePlugin[UploadParams, UploadOutput]):
    """Write one or more files to a bucket."""

    task_types = ("io.kestra.plugin.aws.s3.Upload",)
    catalog_differences: ClassVar[Mapping[str, str]] = {
        "from": "rendered: Kestra renders it in its code, though the property is not marked"
    }

    def run(self, params: UploadParams, context: ExecutionContext) -> PluginOutput:
        client = params.s3()
        sources = named_sources(params, context)
        files = {key: send(client, params, key, source) for key, source in sources.items()}
        output = UploadOutput(bucket=params.bucket, key=params.key)
        if list(files) == [params.key]:
            output.e_tag, output.version_id = files[params.key].e_tag, files[params.key].version_id
        else:
            output.files = files
        return success(output)


def named_sources(params: UploadParams, context: ExecutionContext) -> dict[str, Path]:
    """Give the local file for each key; stored files are fetched first."""
    if isinstance(params.from_, str) and not params.from_.startswith(("[", "{")):
        return {params.key: local_file(params.from_, context)}
    if isinstance(params.from_, list):
        paths = [local_file(uri, context) for uri in params.from_]
        return {f"{params.key.rstrip('/')}/{path.name}": path for path in paths}
    files = task_files.read_files(params.from_, "from")
    if not files:
        raise InvalidParameters("`from` names no file: give the URI of a stored file, a list, or a map.")
    return {f"{params.key.rstrip('/')}/{name}": local_file(str(uri), context) for name, uri in files.items()}


def local_file(source: str, context: ExecutionContext) -> Path:
    """Give a file of the task's directory, or fetch a stored one into it."""
    if source.startswith("kestra://"):
        return context.download(source)
    path = safe_join(context.directory, source)
    if not path.is_file():
        raise TaskFailed(f"There is no file '{source}' to upload: give the URI of a stored file in `from`.")
    return path


def send(client: Any, params: UploadParams, key: str, path: Path) -> FileInfo:
    """Upload one file, in parts where it is big, and read what became of it."""
    config = TransferConfig(max_concurrency=params.concurrent_uploads)
    with explaining(f"write {key} to the bucket {params.bucket}"):
        client.upload_file(str(path), params.bucket, key, ExtraArgs=params.extra(), Config=config)
        answer = client.head_object(Bucket=params.bucket, Key=key, **params.asked())
    return file_info(answer)
