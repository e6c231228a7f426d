"""storage: files of internal storage."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tiercel.envelope import Result
from tiercel.plugin import State
from tiercel.testing import MemoryServices, run_plugin
from tiercel_core.storage.files import Concat, Delete, LocalFiles, Size, Write
from tiercel_core.storage.items import FilterItems
from tiercel_core.storage.splitting import Split


@pytest.fixture
def services() -> Iterator[MemoryServices]:
    with MemoryServices() as found:
        yield found


def stored(services: MemoryServices, content: bytes, name: str = "a.txt") -> str:
    return services.storage.put(f"kestra:///default/_files/{name}", content)


def message_of(result: Result) -> str:
    assert result.state is State.FAILED
    assert result.error is not None
    return result.error.message


def test_a_file_is_written_measured_and_removed(services: MemoryServices) -> None:
    uri = run_plugin(Write, {"content": "héllo", "extension": "txt"}, services=services).data["uri"]
    assert uri.endswith(".txt")
    assert run_plugin(Size, {"uri": uri}, services=services).data == {"size": 6}
    assert run_plugin(Delete, {"uri": uri}, services=services).data == {"uri": uri, "deleted": True}
    assert run_plugin(Delete, {"uri": uri}, services=services).data == {"uri": uri, "deleted": False}
    missing = run_plugin(Delete, {"uri": uri, "errorOnMissing": True}, services=services)
    assert message_of(missing).startswith(f"Unable to find a file with uri '{uri}'")


def test_files_are_joined_in_order_with_a_separator(services: MemoryServices) -> None:
    uris = [stored(services, b"a", "a"), stored(services, b"b", "b")]
    for files in (uris, json.dumps(uris), [*uris, None]):
        result = run_plugin(Concat, {"files": files, "separator": "|"}, services=services)
        assert services.storage.read(None, result.data["uri"]) == b"a|b|"
    assert "no list" in message_of(run_plugin(Concat, {"files": "nope"}, services=services))


def test_local_files_are_created_and_stored(services: MemoryServices) -> None:
    params = {"inputs": {"a.txt": stored(services, b"x"), "b/c.txt": "y"}, "outputs": ["**/*.txt"]}
    uris = run_plugin(LocalFiles, params, services=services).data["uris"]
    assert {path: services.storage.read(None, uri) for path, uri in uris.items()} == {
        "a.txt": b"x",
        "b/c.txt": b"y",
    }


ITEMS = b'{key:"k1",value:1}\n{"key": "k2", "value": 2}\n\n{key:"k3",value:"x"}\n'


@pytest.mark.parametrize(
    ("params", "kept"),
    [
        ({"errorOrNullBehavior": "INCLUDE"}, ["k2", "k3"]),
        ({"errorOrNullBehavior": "EXCLUDE"}, ["k2"]),
        ({"errorOrNullBehavior": "EXCLUDE", "filterType": "EXCLUDE"}, ["k1"]),
    ],
)
def test_items_are_kept_by_a_condition(
    services: MemoryServices, params: dict[str, Any], kept: list[str]
) -> None:
    common = {"from": stored(services, ITEMS), "filterCondition": "{{ value % 2 == 0 }}"}
    result = run_plugin(FilterItems, {**common, **params}, services=services)
    assert result.state is State.SUCCESS, result.error
    text = services.storage.read(None, result.data["uri"]).decode()
    assert [name for name in ("k1", "k2", "k3") if name in text] == kept
    assert (result.data["processedItemsTotal"], result.data["droppedItemsTotal"]) == (3, 3 - len(kept))


@pytest.mark.parametrize("condition", ["{{ value % 2 == 0 }}", "{{ null }}"])
def test_a_condition_without_an_answer_fails_and_names_the_item(
    services: MemoryServices, condition: str
) -> None:
    params = {"from": stored(services, ITEMS), "filterCondition": condition}
    assert "item" in message_of(run_plugin(FilterItems, params, services=services))


@pytest.mark.parametrize(
    ("params", "parts"),
    [
        ({"rows": 2}, [b"a1\na2\n", b"b1\n"]),
        ({"partitions": 2}, [b"a1\nb1\n", b"a2\n"]),
        ({"bytes": "6"}, [b"a1\na2\n", b"b1\n"]),
        ({"bytes": "1KB"}, [b"a1\na2\nb1\n"]),
        ({"regexPattern": "^(.)"}, [b"a1\na2\n", b"b1\n"]),
        ({"rows": 1, "separator": "2\n"}, [b"a1\na2\n", b"b12\n"]),
    ],
)
def test_rows_are_split(services: MemoryServices, params: dict[str, Any], parts: list[bytes]) -> None:
    uri = stored(services, b"a1\na2\nb1")
    result = run_plugin(Split, {"from": uri, **params}, services=services)
    assert result.state is State.SUCCESS, result.error
    assert [services.storage.read(None, part) for part in result.data["uris"]] == parts


@pytest.mark.parametrize(
    "params", [{}, {"bytes": "much"}, {"regexPattern": "("}, {"regexPattern": "a"}, {"rows": 0}]
)
def test_a_split_that_makes_no_sense_is_refused(services: MemoryServices, params: dict[str, Any]) -> None:
    result = run_plugin(Split, {"from": stored(services, b"a"), **params}, services=services)
    assert message_of(result)
