"""Where internal storage is: a directory, S3, GCS, Azure or Supabase Storage, told apart by one URL."""

import json
import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import parse_qsl, unquote, urlsplit

from tiercel.errors import TaskFailed, TiercelError

if TYPE_CHECKING:
    from urllib.parse import SplitResult

    from obstore.store import ObjectStore, RetryConfig

SUPABASE_PATH = "/storage/v1/s3"
SUPABASE_KEYS = ("SUPABASE_S3_ACCESS_KEY_ID", "SUPABASE_S3_SECRET_ACCESS_KEY")
GCS_KEY_FIELDS = ("client_email", "private_key", "private_key_id")
RETRIES: "RetryConfig" = {"max_retries": 3, "retry_timeout": timedelta(seconds=30)}
"""A store that is away is a task's failure soon; the flow's own retry goes on from there."""


class BadStorageUrl(TiercelError):
    """TIERCEL_STORAGE_URL cannot be used."""


def connect(url: str, environment: Mapping[str, str] | None = None) -> "ObjectStore":
    """Open the object store behind a URL; what is no URL is a directory.

    `s3://bucket/prefix?endpoint=…&region=…`, `gs://bucket/prefix?endpoint=…`,
    `az://container/prefix?endpoint=…`, `supabase://project/bucket?region=…`, `memory://`, `file:///path`.
    Credentials come from the environment, as each cloud's own tools read them.
    """
    from obstore.store import LocalStore, MemoryStore

    if url == "memory://":
        return MemoryStore()
    if path := directory_of(url):
        return LocalStore(path, mkdir=True)
    try:
        parts = urlsplit(url)
        return opener_of(parts)(
            parts, dict(parse_qsl(parts.query)), os.environ if environment is None else environment
        )
    except TiercelError:
        raise
    except Exception as error:
        raise TaskFailed(
            f"Internal storage '{shown(url)}' cannot be opened ({first_line(error)}); "
            "correct TIERCEL_STORAGE_URL."
        ) from error


def directory_of(url: str) -> Path | None:
    """Give the directory that a URL means; None for what is a bucket."""
    if url.startswith("file://"):
        return Path(unquote(urlsplit(url).path))
    return None if "://" in url else Path(url).absolute()


def opener_of(
    parts: "SplitResult",
) -> "Callable[[SplitResult, dict[str, str], Mapping[str, str]], ObjectStore]":
    """Give what opens a URL of this scheme."""
    openers = {"s3": s3, "gs": gcs, "az": azure, "azure": azure, "supabase": supabase}
    if parts.scheme not in openers:
        known = ", ".join(f"{name}://" for name in openers)
        raise BadStorageUrl(
            f"TIERCEL_STORAGE_URL begins with '{parts.scheme}://', which is no storage; "
            f"write a directory, or one of {known}."
        )
    if not parts.netloc:
        raise BadStorageUrl(
            f"TIERCEL_STORAGE_URL '{shown(parts.geturl())}' names no bucket; write it behind //."
        )
    return openers[parts.scheme]


def s3(parts: "SplitResult", query: dict[str, str], environment: Mapping[str, str]) -> "ObjectStore":
    """Open a bucket of S3, or of what speaks its language."""
    return s3_store(parts.netloc, parts.path, query.get("endpoint"), query.get("region"), {})


def supabase(parts: "SplitResult", query: dict[str, str], environment: Mapping[str, str]) -> "ObjectStore":
    """Open a bucket of Supabase Storage by its S3 door; `project` is its reference, or a host."""
    bucket, _, prefix = parts.path.strip("/").partition("/")
    if not bucket:
        raise BadStorageUrl("TIERCEL_STORAGE_URL names no bucket; write supabase://project/bucket.")
    missing = [name for name in SUPABASE_KEYS if not environment.get(name)]
    if missing:
        raise BadStorageUrl(
            f"Supabase Storage needs {' and '.join(missing)}: create S3 access keys in its settings."
        )
    host = parts.netloc if "." in parts.netloc else f"{parts.netloc}.storage.supabase.co"
    scheme = "http" if host.startswith(("127.0.0.1", "localhost")) else "https"
    keys = dict(zip(("access_key_id", "secret_access_key"), map(environment.get, SUPABASE_KEYS), strict=True))
    endpoint = f"{scheme}://{host}{SUPABASE_PATH}"
    return s3_store(bucket, prefix, endpoint, query.get("region", "us-east-1"), keys)


def s3_store(
    bucket: str, prefix: str, endpoint: str | None, region: str | None, keys: Mapping[str, Any]
) -> "ObjectStore":
    """Make a store that speaks S3's language."""
    from obstore.store import S3Store

    config: dict[str, Any] = {**keys}
    if endpoint:
        config["endpoint"] = endpoint
    if region:
        config["region"] = region
    return S3Store(
        bucket,
        prefix=prefix.strip("/") or None,
        config=cast("Any", config),
        **client_options(endpoint),
        retry_config=RETRIES,
    )


def gcs(parts: "SplitResult", query: dict[str, str], environment: Mapping[str, str]) -> "ObjectStore":
    """Open a bucket of Google Cloud Storage; an endpoint is an emulator, which asks for no log-in."""
    from obstore.store import GCSStore

    endpoint = query.get("endpoint")
    emulator = {"gcs_base_url": endpoint, "disable_oauth": True} | dict.fromkeys(GCS_KEY_FIELDS, "")
    config: dict[str, Any] = {"service_account_key": json.dumps(emulator)} if endpoint else {}
    return GCSStore(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        config=cast("Any", config),
        **client_options(endpoint),
        retry_config=RETRIES,
    )


def azure(parts: "SplitResult", query: dict[str, str], environment: Mapping[str, str]) -> "ObjectStore":
    """Open a container of Azure Blob Storage."""
    from obstore.store import AzureStore

    endpoint = query.get("endpoint")
    config: dict[str, Any] = {"endpoint": endpoint} if endpoint else {}
    return AzureStore(
        parts.netloc,
        prefix=parts.path.strip("/") or None,
        config=cast("Any", config),
        **client_options(endpoint),
        retry_config=RETRIES,
    )


def client_options(endpoint: str | None) -> dict[str, Any]:
    """Allow plain HTTP where the endpoint itself says so."""
    return {"client_options": {"allow_http": True}} if (endpoint or "").startswith("http://") else {}


def shown(url: str) -> str:
    """Write a URL for a message: without what may be secret."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}"


def first_line(error: Exception) -> str:
    """Leave out the debugging dump that obstore appends to its messages."""
    return str(error).partition("\n")[0]
