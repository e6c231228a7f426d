"""Buckets and objects: what the tasks on S3 share."""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pydantic import Field

from tiercel.plugin import BaseOutput, JsonObject
from tiercel_cloud.aws.connections import AwsConnection, present

CHECKSUMS = ("CRC64NVME", "CRC32C", "CRC32", "SHA256", "SHA1")


class S3Connection(AwsConnection):
    """What every task on S3 takes."""

    force_path_style: bool | None = Field(
        None, description="Whether the bucket stands in the path of the address, as MinIO wants it."
    )
    request_payer: str | None = Field(None, description="`requester` to pay for access to somebody's bucket.")
    bucket: str = Field(description="Name of the bucket.")
    expected_bucket_owner: str | None = Field(None, description="Account that has to own the bucket.")

    def s3(self) -> Any:
        """Open a client."""
        style = {"addressing_style": "path"} if self.force_path_style else {}
        return self.client("s3", s3=style)

    def asked(self) -> JsonObject:
        """Give what every request carries."""
        return present(
            {"RequestPayer": self.request_payer, "ExpectedBucketOwner": self.expected_bucket_owner}
        )


class ListingParams(S3Connection):
    """What selects objects of a bucket."""

    prefix: str | None = Field(None, description="Only keys that begin so.")
    delimiter: str | None = Field(None, description="Leave out keys that have this behind the prefix.")
    marker: str | None = Field(None, description="Only keys behind this one.")
    max_keys: int = Field(1000, description="How many objects one request asks for.")
    regexp: str | None = Field(None, description="Only keys that this regular expression matches as a whole.")
    max_files: int = Field(25, description="How many objects to take at most.")

    def entries(self, client: Any) -> Iterator[JsonObject]:
        """Give what a listing says of the objects, page by page."""
        pages = client.get_paginator("list_objects").paginate(
            Bucket=self.bucket,
            PaginationConfig={"PageSize": self.max_keys},
            **present({"Prefix": self.prefix, "Delimiter": self.delimiter, "Marker": self.marker}),
            **self.asked(),
        )
        found = (entry for page in pages for entry in page.get("Contents", ()))
        pattern = re.compile(self.regexp or ".*", re.DOTALL)
        yield from islice((entry for entry in found if pattern.fullmatch(entry["Key"])), self.max_files)


class FileInfo(BaseOutput):
    uri: str | None = Field(None, description="URI in internal storage.")
    content_length: int | None = Field(None, description="Size in bytes.")
    content_type: str | None = Field(None, description="Content type.")
    metadata: dict[str, str] | None = Field(None, description="The object's own metadata.")
    version_id: str | None = Field(None, description="Version of the object.")
    e_tag: str | None = Field(None, description="Entity tag of the object.")
    checksum_algorithm: str | None = Field(None, description="Algorithm of the checksum.")
    checksum_value: str | None = Field(None, description="The checksum that AWS keeps.")


def file_info(answer: JsonObject, uri: str | None = None) -> FileInfo:
    """Read what S3 says of an object."""
    checksums = {name: answer[f"Checksum{name}"] for name in CHECKSUMS if answer.get(f"Checksum{name}")}
    algorithm = next(iter(checksums), None)
    return FileInfo(
        uri=uri,
        content_length=answer.get("ContentLength"),
        content_type=answer.get("ContentType"),
        metadata=answer.get("Metadata"),
        version_id=answer.get("VersionId"),
        e_tag=answer.get("ETag"),
        checksum_algorithm=algorithm,
        checksum_value=checksums.get(algorithm) if algorithm else None,
    )
