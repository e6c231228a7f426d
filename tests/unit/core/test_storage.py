"""storage: files of internal storage."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tiercel.envelope import Result
from tiercel.plugin import State
from tiercel.testing import MemoryServices, run_plugin
from tiercel_core.storage.files import Concat, Delete, LocalFiles, PurgeCurrentExecutionFiles, Size, Write
from tiercel_core.storage.items import Filter, FilterItems
from tiercel_core.storage.ordering import DeduplicateItems, Reverse
from tiercel_core.storage.purging import PurgeStorage
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


@pytest.mark.parametrize(
    ("content", "params", "expected"),
    [
        (b"1\n2\n3\n", {}, b"3\n2\n1\n"),
        (b"1\n2\n3", {}, b"3\n2\n1\n"),
        (b"\n1\n\n", {}, b"\n1\n\n"),
        (b"", {}, b""),
        (b"a||b||", {"separator": "||"}, b"b||a||"),
        ("é;ü;".encode("utf-16-le"), {"separator": ";", "charset": "UTF-16LE"}, "ü;é;".encode("utf-16-le")),
    ],
)
def test_rows_are_put_in_reverse_order(
    services: MemoryServices, content: bytes, params: dict[str, Any], expected: bytes
) -> None:
    result = run_plugin(Reverse, {"from": stored(services, content), **params}, services=services)
    assert result.state is State.SUCCESS, result.error
    assert result.data["uri"].endswith(".txt")
    assert services.storage.read(None, result.data["uri"]) == expected


def test_rows_are_reversed_across_the_edges_of_chunks(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiercel_core.storage.ordering.CHUNK_BYTES", 4)
    rows = [f"row-{number}" for number in range(50)]
    uri = stored(services, "||".join(rows).encode())
    result = run_plugin(Reverse, {"from": uri, "separator": "||"}, services=services)
    expected = "".join(f"{row}||" for row in reversed(rows))
    assert services.storage.read(None, result.data["uri"]).decode() == expected


def test_a_file_without_separators_is_not_held_in_memory(
    services: MemoryServices, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiercel_core.storage.splitting.ROW_BYTES", 1000)
    uri = stored(services, b"x" * 2000)
    for plugin, params in ((Reverse, {}), (Split, {"rows": 1})):
        message = message_of(run_plugin(plugin, {"from": uri, "separator": ";", **params}, services=services))
        assert "longer than 1,000 bytes" in message


def test_an_unknown_charset_is_named(services: MemoryServices) -> None:
    result = run_plugin(Reverse, {"from": stored(services, b"a"), "charset": "KLINGON"}, services=services)
    assert "KLINGON" in message_of(result)


@pytest.mark.parametrize(("content", "said"), [(b"1\n\xff\n", "utf-8"), (b"1\n{'a\n", "not Ion")])
@pytest.mark.parametrize("plugin", [FilterItems, DeduplicateItems])
def test_an_item_that_cannot_be_read_is_named(
    services: MemoryServices, plugin: Any, content: bytes, said: str
) -> None:
    uri = stored(services, content)
    condition = {"filterCondition": "{{ true }}"} if plugin is FilterItems else {"expr": "{{ value }}"}
    message = message_of(run_plugin(plugin, {"from": uri, **condition}, services=services))
    assert message.startswith("Item 2 of the file cannot be read (")
    assert said in message


def test_of_items_with_the_same_key_the_last_one_stays(services: MemoryServices) -> None:
    items = b'{"k": 1, "v": "a"}\n{"k": 2, "v": "b"}\n\n{"k": 1, "v": "c"}\n'
    result = run_plugin(
        DeduplicateItems, {"from": stored(services, items), "expr": "{{ k }}"}, services=services
    )
    assert services.storage.read(None, result.data["uri"]) == b'{"k": 2, "v": "b"}\n{"k": 1, "v": "c"}\n'
    counts = {"numKeys": 2, "processedItemsTotal": 3, "droppedItemsTotal": 1}
    assert {name: result.data[name] for name in counts} == counts


def test_an_item_whose_key_cannot_be_worked_out_fails_with_its_number(services: MemoryServices) -> None:
    uri = stored(services, b'{"k": 1}\n{"v": 2}\n')
    result = run_plugin(DeduplicateItems, {"from": uri, "expr": "{{ k }}"}, services=services)
    assert "failed for item 2" in message_of(result)


def test_the_files_of_an_execution_are_removed_and_no_others(services: MemoryServices) -> None:
    kept = stored(services, b"x")
    big = services.storage.put(
        "kestra:///default/adhoc/executions/adhoc/tasks/t/r/.outputs/1/big.json", b"[]"
    )
    other = services.storage.put("kestra:///default/adhoc/executions/other/tasks/t/r/a", b"x")
    uri = run_plugin(Write, {"content": "x"}, services=services).data["uri"]
    assert run_plugin(PurgeCurrentExecutionFiles, services=services).data == {"uris": [uri]}
    assert not services.storage.exists(None, uri)
    assert all(services.storage.exists(None, one) for one in (kept, big, other))


def test_filter_is_filter_items(services: MemoryServices) -> None:
    params = {"from": stored(services, ITEMS), "filterCondition": "{{ key == 'k1' }}"}
    assert run_plugin(Filter, params, services=services).data["droppedItemsTotal"] == 2


@pytest.mark.parametrize(
    ("params", "counts", "left"),
    [
        ({"endDate": "2000-01-01"}, (3, 0, 0), 5),
        ({"endDate": "2999-01-01"}, (3, 3, 4), 5),
        ({"endDate": "2999-01-01", "dryRun": False}, (3, 3, 4), 1),
        ({"endDate": "2999-01-01", "dryRun": False, "flowId": "f"}, (2, 2, 3), 2),
        ({"endDate": "2999-01-01", "dryRun": False, "namespace": "default.sub"}, (1, 1, 1), 4),
        ({"endDate": "2999-01-01", "dryRun": False, "startDate": "2998-01-01"}, (3, 0, 0), 5),
    ],
)
def test_what_executions_left_is_purged_by_age(
    services: MemoryServices, params: dict[str, Any], counts: tuple[int, int, int], left: int
) -> None:
    for place in (
        "default/f/executions/1/tasks/t/r/a",
        "default/f/executions/1/tasks/t/r/b",
        "default/f/executions/2/inputs/i/c",
        "default/sub/g/executions/3/tasks/t/r/d",
        "default/_files/executions/4/e",
    ):
        services.storage.put(f"kestra:///{place}", b"x")
    data = run_plugin(PurgeStorage, params, services=services).data
    assert (data["scannedCount"], data["purgedCount"], data["deletedFilesCount"]) == counts
    assert len(list(services.storage.list(None, "kestra:///default"))) == left


def test_the_files_of_other_namespaces_are_not_purged(services: MemoryServices) -> None:
    said = message_of(
        run_plugin(PurgeStorage, {"endDate": "2999-01-01", "namespace": "other"}, services=services)
    )
    assert "'other'" in said
    assert "no date" in message_of(purge_with_bad_date(services))


def purge_with_bad_date(services: MemoryServices) -> Result:
    services.storage.put("kestra:///default/f/executions/1/a", b"x")
    return run_plugin(PurgeStorage, {"endDate": "soon"}, services=services)
