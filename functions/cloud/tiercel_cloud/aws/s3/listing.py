"""List what a bucket holds."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.plugin import BaseOutput, BasePlugin, PluginOutput, success
from tiercel_cloud.aws.connections import explaining
from tiercel_cloud.aws.s3.objects import ListingParams


class Owner(BaseOutput):
    id: str | None = Field(None, description="Account id.")
    display_name: str | None = Field(None, description="Name.")


class S3Object(BaseOutput):
    uri: str = Field(description="Address of the object, s3://bucket/key.")
    key: str = Field(description="Its key.")
    etag: str | None = Field(None, description="Its entity tag.")
    size: int | None = Field(None, description="Its size in bytes.")
    last_modified: datetime | None = Field(None, description="When it was last changed.")
    owner: Owner | None = Field(None, description="Who owns it.")
    checksum_algorithm: str | None = Field(None, description="Algorithm of its checksum.")
    checksum_value: str | None = Field(None, description="The checksum; a listing does not tell it.")


class ListParams(ListingParams):
    compatibility_mode: bool | None = Field(None, description="Without meaning here.")
    encoding_type: str | None = Field(None, description="Without meaning here: keys are given as they are.")
    filter: Literal["FILES", "DIRECTORY", "BOTH"] = Field(
        "BOTH", description="Whether to give files, directories (keys that end in /), or both."
    )


class ListOutput(BaseOutput):
    objects: list[S3Object] = Field(description="The objects, in order of key.")


class List(BasePlugin[ListParams, ListOutput]):
    """List the objects of a bucket."""

    task_types = ("io.kestra.plugin.aws.s3.List",)

    def run(self, params: ListParams, context: ExecutionContext) -> PluginOutput:
        with explaining(f"list the bucket {params.bucket}"):
            found = [
                S3Object(
                    uri=f"s3://{params.bucket}/{entry['Key']}",
                    key=entry["Key"],
                    etag=entry.get("ETag", "").strip('"'),
                    size=entry.get("Size"),
                    last_modified=entry.get("LastModified"),
                    owner=owner_of(entry.get("Owner")),
                    checksum_algorithm=next(iter(entry.get("ChecksumAlgorithm", ())), None),
                )
                for entry in params.entries(params.s3())
                if fits(entry["Key"], params.filter)
            ]
        context.metric("size", len(found))
        return success(ListOutput(objects=found))


def owner_of(found: dict[str, str] | None) -> Owner | None:
    """Read an owner."""
    return Owner(id=found.get("ID"), display_name=found.get("DisplayName")) if found else None


def fits(key: str, wanted: str) -> bool:
    """Tell whether a key is of the wanted sort; what ends in / is a directory."""
    return wanted == "BOTH" or key.endswith("/") == (wanted == "DIRECTORY")
