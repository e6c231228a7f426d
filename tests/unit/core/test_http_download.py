"""http.Download: streamed into internal storage."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest

from tests.unit.core.web import Web, serving
from tiercel.envelope import Result
from tiercel.plugin import State
from tiercel.storage import Storage
from tiercel.testing import MemoryServices, run_plugin
from tiercel_core.http.downloads import Download

BIG = bytes(range(256)) * 8192  # two megabytes
ROUTES = {
    "/files/data.csv": lambda handler: handler.give(200, BIG),
    "/named": lambda handler: handler.give(
        200, b"x", Content_Disposition='attachment; filename="../../a b.txt"'
    ),
    "/star": lambda handler: handler.give(
        200, b"x", Content_Disposition="attachment; filename*=UTF-8''%C3%A9.txt"
    ),
    "/": lambda handler: handler.give(200, b"x"),
    "/empty": lambda handler: handler.give(200),
    "/gone": lambda handler: handler.give(404, b"not here"),
    "/endless": lambda handler: handler.give_open_end(iter(lambda: b"x" * 65536, b"")),
    "/huge": lambda handler: handler.give_open_end(iter([b"x"])),
    "/cut": lambda handler: cut(handler),
}


def cut(handler: Any) -> None:
    """Promise more than comes."""
    handler.send_response(200)
    handler.send_header("Content-Length", "3000000")
    handler.end_headers()
    handler.wfile.write(BIG)
    handler.close_connection = True


@pytest.fixture
def web() -> Iterator[Web]:
    with serving(ROUTES) as found:
        yield found


@pytest.fixture
def services() -> Iterator[MemoryServices]:
    with MemoryServices() as found:
        yield found


def fetch(web: Web, services: MemoryServices, path: str, **params: Any) -> Result:
    return run_plugin(Download, {"uri": f"{web.url}{path}", **params}, services=services)


def error_of(result: Result) -> str:
    assert result.state is State.FAILED
    assert result.error is not None
    return result.error.message


def test_a_file_is_stored_with_its_name(web: Web, services: MemoryServices) -> None:
    result = fetch(web, services, "/files/data.csv")
    assert result.state is State.SUCCESS, result.error
    assert result.data["uri"].endswith("/data.csv")
    assert (result.data["code"], result.data["length"]) == (200, len(BIG))
    assert services.storage.read(None, result.data["uri"]) == BIG
    assert {metric.name: metric.value for metric in result.metrics} == {"response.length": len(BIG)}


@pytest.mark.parametrize(
    ("path", "params", "name"),
    [
        ("/named", {}, "a b.txt"),
        ("/star", {}, "é.txt"),
        ("/", {}, "download"),
        ("/named", {"saveAs": "mine.bin"}, "mine.bin"),
    ],
)
def test_a_file_is_named_and_never_a_path(
    web: Web, services: MemoryServices, path: str, params: dict[str, Any], name: str
) -> None:
    from tiercel.storage.uris import key_of

    assert key_of(fetch(web, services, path, **params).data["uri"]).rpartition("/")[2] == name


def test_a_link_leads_to_the_file_where_the_store_has_links(
    web: Web, services: MemoryServices, tmp_path: Path
) -> None:
    assert "url" not in fetch(web, services, "/named").data
    services.storage = Storage(str(tmp_path))
    with urlopen(fetch(web, services, "/files/data.csv").data["url"]) as file:
        assert file.read() == BIG


def test_nothing_is_a_failure_unless_it_may_be(web: Web, services: MemoryServices) -> None:
    assert "failOnEmptyResponse" in error_of(fetch(web, services, "/empty"))
    assert fetch(web, services, "/empty", failOnEmptyResponse=False).data["length"] == 0


def test_a_failure_leaves_no_file(web: Web, services: MemoryServices) -> None:
    assert "answered 404: not here" in error_of(fetch(web, services, "/gone"))
    cut_off = fetch(web, services, "/cut")
    assert "failed" in error_of(cut_off)
    assert cut_off.error and cut_off.error.kind == "Retriable"
    assert list(services.storage.list(None, "kestra:///default")) == []


def test_what_has_no_end_is_refused(
    web: Web, services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiercel_core.http.downloads.MOST_BYTES", 3 << 20)
    assert "more than 3,145,728 bytes" in error_of(fetch(web, services, "/endless"))
    small = fetch(web, services, "/files/data.csv", options={"maxContentLength": 1000})
    assert "more than 1,000 bytes" in error_of(small)
    assert list(services.storage.list(None, "kestra:///default")) == []
