"""aws.s3 on moto's server, over HTTP."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.unit.cloud.emulator import KEY, moto_server, s3_client
from tiercel.envelope import Result
from tiercel.plugin import BasePlugin, State
from tiercel.testing import MemoryServices, run_plugin
from tiercel_cloud.aws.s3.downloads import Download
from tiercel_cloud.aws.s3.listing import List
from tiercel_cloud.aws.s3.uploads import Upload

Params = dict[str, Any]


@pytest.fixture(scope="module")
def endpoint() -> Iterator[str]:
    with moto_server() as address:
        yield address


@pytest.fixture
def bucket(endpoint: str, request: pytest.FixtureRequest) -> Params:
    """Make a bucket for one test, and give the properties that reach it."""
    name = f"bucket-{abs(hash(request.node.name))}"
    s3_client(endpoint).create_bucket(Bucket=name)
    return {
        "bucket": name,
        "endpointOverride": endpoint,
        "region": "us-east-1",
        "accessKeyId": KEY,
        "secretKeyId": KEY,
    }


def put(bucket: Params, *keys: str) -> None:
    for key in keys:
        s3_client(bucket["endpointOverride"]).put_object(Bucket=bucket["bucket"], Key=key, Body=key.encode())


def keys_of(result: Result) -> list[str]:
    assert result.state is State.SUCCESS, result.error
    return [entry["key"] for entry in result.data["objects"]]


def message_of(result: Result) -> str:
    assert result.state is State.FAILED
    assert result.error is not None
    return result.error.message


def test_a_listing_describes_each_object(bucket: Params) -> None:
    put(bucket, "a/b.txt")
    (entry,) = run_plugin(List, bucket).data["objects"]
    assert (entry["uri"], entry["size"]) == (f"s3://{bucket['bucket']}/a/b.txt", 7)
    assert entry["etag"]
    assert entry["lastModified"].endswith("Z")


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, ["a/", "a/1", "a/2", "b"]),
        ({"prefix": "a/"}, ["a/", "a/1", "a/2"]),
        ({"regexp": ".*2"}, ["a/2"]),
        ({"filter": "FILES"}, ["a/1", "a/2", "b"]),
        ({"filter": "DIRECTORY"}, ["a/"]),
        ({"maxFiles": 2}, ["a/", "a/1"]),
        ({"maxKeys": 1}, ["a/", "a/1", "a/2", "b"]),
        ({"marker": "a/1"}, ["a/2", "b"]),
    ],
)
def test_a_listing_gives_what_it_is_asked_for(bucket: Params, params: Params, expected: list[str]) -> None:
    put(bucket, "a/", "a/1", "a/2", "b")
    assert keys_of(run_plugin(List, {**bucket, **params})) == expected


def test_a_stored_file_goes_up_and_comes_down(bucket: Params) -> None:
    with MemoryServices() as services:
        uri = services.storage.put("kestra:///default/_files/a.txt", b"hello")
        sent = run_plugin(
            Upload,
            {
                **bucket,
                "from": "{{ uri }}",
                "key": "x/a.txt",
                "contentType": "text/plain",
                "metadata": {"m": "1"},
            },
            services=services,
            variables={"uri": uri},
        )
        assert sent.state is State.SUCCESS, sent.error
        assert sent.data["key"] == "x/a.txt"
        assert sent.data["eTag"]
        got = run_plugin(Download, {**bucket, "key": "x/a.txt"}, services=services)
        assert services.storage.read(None, got.data["uri"]) == b"hello"
        assert (got.data["contentLength"], got.data["contentType"]) == (5, "text/plain")
        assert got.data["metadata"] == {"m": "1"}


@pytest.mark.parametrize("form", ["list", "map", "text"])
def test_several_files_go_behind_the_key(bucket: Params, form: str) -> None:
    with MemoryServices() as services:
        uris = [services.storage.put(f"kestra:///default/_files/{name}", b"x") for name in ("a", "b")]
        named = {"a": uris[0], "b": uris[1]}
        source = {"list": uris, "map": named, "text": json.dumps(named)}[form]
        sent = run_plugin(Upload, {**bucket, "from": source, "key": "many/"}, services=services)
        assert sent.state is State.SUCCESS, sent.error
        assert list(sent.data["files"]) == ["many/a", "many/b"]
    assert keys_of(run_plugin(List, bucket)) == ["many/a", "many/b"]


def test_several_objects_are_fetched_by_prefix(bucket: Params) -> None:
    put(bucket, "in/", "in/1", "in/2", "out/3")
    with MemoryServices() as services:
        got = run_plugin(Download, {**bucket, "prefix": "in/"}, services=services)
        contents = {key: services.storage.read(None, info["uri"]) for key, info in got.data["files"].items()}
        assert contents == {"in/1": b"in/1", "in/2": b"in/2"}


@pytest.mark.parametrize(("plugin", "more"), [(List, {}), (Download, {"key": "k"})])
def test_a_bucket_that_does_not_exist_is_named(
    bucket: Params, plugin: type[BasePlugin[Any, Any]], more: Params
) -> None:
    message = message_of(run_plugin(plugin, {**bucket, "bucket": "no-such-bucket", **more}))
    assert "no-such-bucket" in message
    assert "404 NoSuchBucket" in message


def test_an_object_that_does_not_exist_is_named(bucket: Params) -> None:
    message = message_of(run_plugin(Download, {**bucket, "key": "nope"}))
    assert "nope" in message
    assert "NoSuchKey" in message


def test_a_file_that_is_not_there_is_not_sent(bucket: Params) -> None:
    assert "'nope.txt'" in message_of(run_plugin(Upload, {**bucket, "from": "nope.txt", "key": "k"}))
    assert "names no file" in message_of(run_plugin(Upload, {**bucket, "from": "{}", "key": "k"}))


def test_a_dead_address_may_be_tried_again(bucket: Params) -> None:
    result = run_plugin(List, {**bucket, "endpointOverride": "http://127.0.0.1:1"})
    assert result.error is not None
    assert result.error.kind == "Retriable"


def test_keys_are_masked_and_never_said(bucket: Params) -> None:
    secret = "a-very-secret-key-of-mine"
    result = run_plugin(List, {**bucket, "bucket": "no-such-bucket", "secretKeyId": secret})
    assert secret not in result.model_dump_json()
