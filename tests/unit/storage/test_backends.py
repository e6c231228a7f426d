"""One suite for every place that internal storage may be."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from pathlib import Path
from urllib.request import urlopen

import pytest

from tests.unit.storage import emulators
from tiercel.envelope import RunContext
from tiercel.errors import TaskFailed, TiercelError
from tiercel.storage import Storage
from tiercel.storage.backends import connect

RUN = RunContext(namespace="a.b", flow_id="f", execution_id="e", task_id="t", task_run_id="r")
ROOT = "kestra:///a/b/f/executions/e/tasks/t/r"
BACKENDS = {
    "s3": emulators.s3_url,
    "gcs": emulators.gcs_url,
    "azure": emulators.azure_url,
    "supabase": emulators.supabase_url,
}


@pytest.fixture(scope="module", params=["memory", "directory", *BACKENDS])
def storage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Storage]:
    places = {"memory": "memory://", "directory": str(tmp_path_factory.mktemp("storage"))}
    with pytest.MonkeyPatch.context() as patch:
        place = (
            BACKENDS[request.param](patch)
            if request.param in BACKENDS
            else nullcontext(places[request.param])
        )
        with place as url:
            yield Storage(url)


def test_what_is_written_is_read_measured_and_removed(storage: Storage) -> None:
    uri = storage.upload(RUN, b"one\ntwo\n", "dir/my file é+%.txt")
    assert storage.read(RUN, uri) == b"one\ntwo\n"
    assert storage.size(RUN, uri) == 8
    assert [(file.uri, file.size_bytes) for file in storage.list(RUN, f"{ROOT}/dir")] == [(uri, 8)]
    assert storage.delete(RUN, uri) is True
    assert storage.delete(RUN, uri) is False
    assert storage.exists(RUN, uri) is False
    with pytest.raises(TaskFailed, match="no such file"):
        storage.read(RUN, uri)


def test_what_is_written_again_replaces_what_was_there(storage: Storage) -> None:
    uri = storage.upload(RUN, b"long content", "again")
    assert storage.upload(RUN, b"short", "again") == uri
    assert storage.read(RUN, uri) == b"short"


def test_files_in_parts_go_both_ways_as_streams(storage: Storage, tmp_path: Path) -> None:
    line = b"0123456789" * 10 + b"\n"
    content = line * 120_000  # twelve megabytes: three parts
    source = tmp_path / "big"
    source.write_bytes(content)
    for uri in (
        storage.upload(RUN, source),
        asyncio.run(storage.upload_stream(RUN, halves(content), "big2")),
    ):
        with storage.open(RUN, uri) as file:
            assert sum(1 for read in file if read == line) == 120_000
        assert storage.download(RUN, uri, tmp_path / "..").stat().st_size == len(content)


async def halves(content: bytes, *, broken: bool = False) -> AsyncIterator[bytes]:
    middle = len(content) // 2
    yield content[:middle]
    if broken:
        raise ConnectionError("the other side went away")
    yield content[middle:]


def test_a_stream_that_breaks_off_leaves_no_file(storage: Storage) -> None:
    with pytest.raises(ConnectionError, match="went away"):
        asyncio.run(storage.upload_stream(RUN, halves(b"x" * (12 << 20), broken=True), "broken"))
    assert not storage.exists(RUN, f"{ROOT}/broken")


def test_an_empty_file_is_a_file(storage: Storage) -> None:
    uri = storage.upload(RUN, b"", "empty")
    assert (storage.size(RUN, uri), storage.read(RUN, uri)) == (0, b"")


def test_files_are_copied_within_the_store(storage: Storage) -> None:
    uri = storage.upload(RUN, b"x", "original")
    assert storage.read(RUN, storage.copy(RUN, uri, "kestra:///a/b/_files/copy")) == b"x"
    with pytest.raises(TaskFailed, match="no such file"):
        storage.copy(RUN, f"{ROOT}/nothing", "kestra:///a/b/_files/copy")
    with pytest.raises(TaskFailed, match="Unable to change"):
        storage.copy(RUN, uri, "kestra:///other/_files/copy")


def test_namespaces_with_files_are_found(storage: Storage) -> None:
    for namespace in ("n", "n/one", "n/one/deep", "n/two"):
        storage.put(f"kestra:///{namespace}/_files/x/y", b"x")
    storage.put("kestra:///n/one/flow/executions/e/_files", b"x")
    assert storage.namespaces("n") == ["n", "n.one", "n.one.deep", "n.two"]
    assert storage.namespaces("n.one") == ["n.one", "n.one.deep"]


def test_a_link_leads_to_the_file_where_the_store_has_links(storage: Storage) -> None:
    uri = storage.upload(RUN, b"linked", "linked")
    if storage.url == "memory://" or "gs://" in storage.url:  # no keys: see test_signing.py
        pytest.skip("this store gives no links here")
    link = storage.link(uri, 60)
    assert link is not None
    with urlopen(link) as answer:
        assert answer.read() == b"linked"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://bucket", "begins with 'ftp://'"),
        ("s3:///prefix", "names no bucket"),
        ("supabase://project", "names no bucket"),
        ("supabase://project/bucket", "SUPABASE_S3_ACCESS_KEY_ID"),
    ],
)
def test_a_url_that_cannot_be_used_is_a_sentence(url: str, said: str) -> None:
    with pytest.raises(TiercelError, match=said):
        connect(url, {})


def test_a_store_that_is_away_may_be_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tiercel.storage.backends.RETRIES", {"max_retries": 0})
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    dead = Storage("s3://bucket?endpoint=http://127.0.0.1:1&region=us-east-1")
    with pytest.raises(TaskFailed, match="internal storage answered"):
        dead.read(RUN, f"{ROOT}/x")
