"""kv and state."""

from datetime import timedelta
from typing import Any

import pytest

from tiercel.envelope import Result
from tiercel.errors import TaskFailed
from tiercel.plugin import State
from tiercel.testing import MemoryServices, run_plugin
from tiercel_core import debug, kv, state

FLOW: dict[str, Any] = {
    "namespace": "a.b",
    "flow_id": "f",
    "variables": {"flow": {"namespace": "a.b", "id": "f"}},
}


def message_of(result: Result) -> str:
    assert result.state is State.FAILED
    assert result.error is not None
    return result.error.message


@pytest.mark.parametrize(
    ("text", "value", "kind"),
    [
        ("{{ inputs.n + 1 }}", 3, "NUMBER"),
        ("{{ inputs.n == 2 }}", True, "BOOLEAN"),
        ("{{ inputs.map }}", {"a": [1]}, "JSON"),
        ("{{ inputs.n }} or more", "2 or more", "STRING"),
        ("2", "2", "STRING"),
    ],
)
def test_without_a_kind_a_whole_expression_keeps_its_type(text: str, value: Any, kind: str) -> None:
    variables = {**FLOW["variables"], "inputs": {"n": 2, "map": {"a": [1]}}}
    with MemoryServices() as services:
        run_plugin(kv.Set, {"key": "k", "value": text}, services=services, **{**FLOW, "variables": variables})
        entry = services.kv.get("a.b", "k")
        assert entry is not None
        assert (entry.value, entry.kind) == (value, kind)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (None, "x", "x"),
        ("NUMBER", "3.5", 3.5),
        ("NUMBER", "3", 3),
        ("BOOLEAN", "true", True),
        ("JSON", '{"a": [1]}', {"a": [1]}),
        ("DATE", "2024-02-29", "2024-02-29"),
        ("DATETIME", "2024-02-29T10:00:00Z", "2024-02-29T10:00:00Z"),
        ("DATETIME", "2024-02-29T10:00:00.123456789+02:00", "2024-02-29T10:00:00.123456789+02:00"),
        ("DURATION", "PT1H", "PT1H"),
    ],
)
def test_a_value_is_kept_as_its_type_says(kind: str | None, text: str, value: Any) -> None:
    with MemoryServices() as services:
        run_plugin(kv.Set, {"key": "k", "value": text, "kvType": kind}, services=services, **FLOW)
        assert run_plugin(kv.Get, {"key": "k"}, services=services, **FLOW).data == {"value": value}


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("NUMBER", "x"),
        ("NUMBER", ""),
        ("BOOLEAN", "maybe"),
        ("DATE", "2023-02-29"),
        ("DATE", "5"),
        ("DATETIME", "5"),
        ("DATETIME", "yesterday"),
        ("JSON", "{"),
        ("DURATION", "1h"),
        ("DURATION", "60"),
    ],
)
def test_a_value_that_is_not_of_its_type_fails_with_both_named(kind: str, text: str) -> None:
    message = message_of(run_plugin(kv.Set, {"key": "k", "value": text, "kvType": kind}, **FLOW))
    assert kind in message
    assert text in message


def test_the_flows_namespace_is_the_default() -> None:
    with MemoryServices() as services:
        run_plugin(kv.Set, {"key": "k", "value": "x"}, services=services, **FLOW)
        assert services.kv.keys("a.b") == ["k"]


def test_a_key_that_may_not_be_overwritten_fails() -> None:
    with MemoryServices() as services:
        run_plugin(kv.Set, {"key": "k", "value": "x"}, services=services, **FLOW)
        again = run_plugin(kv.Set, {"key": "k", "value": "y", "overwrite": False}, services=services, **FLOW)
        assert "overwrite" in message_of(again)
        assert run_plugin(kv.Get, {"key": "k"}, services=services, **FLOW).data == {"value": "x"}


def test_a_key_with_a_ttl_of_nothing_is_gone() -> None:
    with MemoryServices() as services:
        run_plugin(kv.Set, {"key": "k", "value": "x", "ttl": "PT0.001S"}, services=services, **FLOW)
        run_plugin(kv.Set, {"key": "kept", "value": "x", "ttl": "P1D"}, services=services, **FLOW)
        assert run_plugin(kv.Get, {"key": "kept"}, services=services, **FLOW).data == {"value": "x"}


@pytest.mark.parametrize("plugin", [kv.Get, kv.Delete])
def test_a_missing_key_fails_only_if_asked_for(plugin: Any) -> None:
    assert run_plugin(plugin, {"key": "k"}, **FLOW).state is State.SUCCESS
    message = message_of(run_plugin(plugin, {"key": "k", "errorOnMissing": True}, **FLOW))
    assert message == "No value found for key 'k' in namespace 'a.b' and `errorOnMissing` is set to true"


def test_delete_says_whether_the_key_existed() -> None:
    with MemoryServices() as services:
        run_plugin(kv.Set, {"key": "k", "value": "x"}, services=services, **FLOW)
        assert run_plugin(kv.Delete, {"key": "k"}, services=services, **FLOW).data == {"deleted": True}
        assert run_plugin(kv.Delete, {"key": "k"}, services=services, **FLOW).data == {"deleted": False}


def test_keys_are_listed_by_prefix_in_order() -> None:
    with MemoryServices() as services:
        for key in ("b", "ab", "aa"):
            run_plugin(kv.Set, {"key": key, "value": "x"}, services=services, **FLOW)
        assert run_plugin(kv.GetKeys, {"prefix": "a"}, services=services, **FLOW).data == {
            "keys": ["aa", "ab"]
        }


def test_a_key_of_a_namespace_above_is_read_where_the_own_one_has_none() -> None:
    with MemoryServices() as services:
        services.kv.put("a", "k", "above")
        assert run_plugin(kv.Get, {"key": "k"}, services=services, **FLOW).data == {"value": "above"}
        services.kv.put("a.b", "k", "own")
        assert run_plugin(kv.Get, {"key": "k"}, services=services, **FLOW).data == {"value": "own"}


def test_a_key_of_a_namespace_above_is_not_deleted_by_the_way() -> None:
    with MemoryServices() as services:
        services.kv.put("a", "k", "above")
        assert run_plugin(kv.Delete, {"key": "k"}, services=services, **FLOW).data == {"deleted": False}
        assert services.kv.get("a", "k")


def test_a_key_may_be_set_in_a_namespace_above() -> None:
    with MemoryServices() as services:
        run_plugin(kv.Set, {"key": "k", "value": "x", "namespace": "a"}, services=services, **FLOW)
        assert services.kv.keys("a") == ["k"]


@pytest.mark.parametrize("namespace", ["a.c", "a.b.c", "b", "a.", "A"])
@pytest.mark.parametrize("plugin", [kv.Get, kv.Set, kv.Put, kv.Delete, kv.GetKeys])
def test_namespaces_beside_and_below_are_out_of_reach(plugin: Any, namespace: str) -> None:
    params = {"key": "k", "value": "x", "namespace": namespace}
    taken = {name: params[name] for name in params if name in plugin.parameter_schema()["properties"]}
    message = message_of(run_plugin(plugin, taken, **FLOW))
    assert f"'{namespace}' may not be reached from namespace 'a.b'" in message
    assert "TIERCEL_ALLOW_OTHER_NAMESPACES" in message


def test_other_namespaces_may_be_opened_by_a_setting() -> None:
    with MemoryServices() as services:
        services.other_namespaces = True
        run_plugin(kv.Set, {"key": "k", "value": "x", "namespace": "dev"}, services=services, **FLOW)
        found = run_plugin(kv.Get, {"key": "k", "namespace": "dev"}, services=services, **FLOW)
        assert found.data == {"value": "x"}
        assert run_plugin(kv.Get, {"key": "k"}, services=services, **FLOW).data == {}
        template = {"format": "{{ kv('k', 'dev') }}"}
        assert run_plugin(debug.Return, template, services=services, **FLOW).data == {"value": "x"}


@pytest.mark.parametrize("value", [{"a": [1, 2.0]}, 3, True, "text", "{{ vars.map }}"])
def test_put_keeps_a_value_of_any_type(value: Any) -> None:
    with MemoryServices() as services:
        assert run_plugin(kv.Put, {"key": "k", "value": value}, services=services, **with_map()).data == {}
        kept = run_plugin(kv.Get, {"key": "k"}, services=services, **FLOW).data["value"]
        assert kept == ('{"a":1}' if value == "{{ vars.map }}" else value)


def with_map() -> dict[str, Any]:
    return {**FLOW, "variables": {**FLOW["variables"], "vars": {"map": {"a": 1}}}}


def test_put_may_ask_for_a_key_that_is_there() -> None:
    asked = {"key": "k", "value": 2, "errorOnMissing": True}
    with MemoryServices() as services:
        assert "errorOnMissing" in message_of(run_plugin(kv.Put, asked, services=services, **FLOW))
        services.kv.put("a.b", "k", 1)
        assert run_plugin(kv.Put, asked, services=services, **FLOW).state is State.SUCCESS


class Purging:
    """A store with two keys that have expired and two that live, in each of three namespaces."""

    def __init__(self) -> None:
        self.services = MemoryServices()
        for namespace in ("a", "a.b", "c"):
            for key in ("ai_1", "old"):
                self.services.kv.put(namespace, key, 1, ttl=timedelta(microseconds=1))
            for key in ("ai_2", "new"):
                self.services.kv.put(namespace, key, 1)

    def size(self, **params: Any) -> int:
        """Purge, and give how many keys went."""
        with self.services:
            result = run_plugin(kv.PurgeKV, params, services=self.services, **FLOW)
            assert result.error is None, result.error
            return int(result.data["size"])


@pytest.mark.parametrize(
    ("params", "size"),
    [
        ({}, 6),
        ({"expiredOnly": False}, 12),
        ({"behavior": {"type": "key", "expiredOnly": False}}, 12),
        ({"behavior": {"type": "key"}}, 6),
        ({"behavior": {"type": "version", "keepAmount": 1}}, 0),
        ({"behavior": {"type": "key", "expiredOnly": False}, "expiredOnly": True}, 6),
        ({"namespaces": ["a"]}, 4),
        ({"namespaces": ["a"], "includeChildNamespaces": False}, 2),
        ({"namespaces": []}, 0),
        ({"namespacePattern": "a*"}, 4),
        ({"namespacePattern": "[ac]"}, 0),
        ({"keyPattern": "ai_*", "expiredOnly": False}, 6),
        ({"keyPattern": "AI_?"}, 0),
        ({"keyPattern": "[ao]*"}, 0),
    ],
)
def test_keys_are_purged_by_namespace_pattern_and_age(params: dict[str, Any], size: int) -> None:
    assert Purging().size(**params) == size


def test_a_purge_names_namespaces_or_a_pattern_of_them() -> None:
    both = {"namespaces": ["a"], "namespacePattern": "a*"}
    assert "leave one out" in message_of(run_plugin(kv.PurgeKV, both, **FLOW))


def test_a_value_that_is_no_json_is_refused_in_a_sentence() -> None:
    with MemoryServices() as services:
        for value in (float("nan"), "\ud800", object()):
            with pytest.raises(TaskFailed, match="The value of the key 'k' cannot be kept"):
                services.kv.put("a.b", "k", value)


def test_a_state_is_merged_and_counted() -> None:
    with MemoryServices() as services:
        run_plugin(state.Set, {"data": {"a": 1}}, services=services, **FLOW)
        result = run_plugin(state.Set, {"data": {"b": 2}}, services=services, **FLOW)
        assert result.data == {"count": 2, "key": "f_states_default"}
        assert run_plugin(state.Get, services=services, **FLOW).data == {"count": 2, "data": {"a": 1, "b": 2}}


def test_each_value_of_a_loop_has_its_own_state_unless_told_otherwise() -> None:
    with MemoryServices() as services:
        run_plugin(state.Set, {"data": {"a": 1}}, services=services, value="one", **FLOW)
        assert run_plugin(state.Get, services=services, value="two", **FLOW).data["count"] == 0
        run_plugin(
            state.Set, {"data": {"a": 1}, "taskrunValue": False}, services=services, value="one", **FLOW
        )
        shared = run_plugin(state.Get, {"taskrunValue": False}, services=services, value="two", **FLOW)
        assert shared.data["count"] == 1


def test_a_namespaces_state_is_shared_by_its_flows() -> None:
    other: dict[str, Any] = {**FLOW, "flow_id": "g"}
    with MemoryServices() as services:
        run_plugin(state.Set, {"data": {"a": 1}, "namespace": True}, services=services, **FLOW)
        assert run_plugin(state.Get, {"namespace": True}, services=services, **other).data["count"] == 1
        assert run_plugin(state.Get, services=services, **other).data["count"] == 0


@pytest.mark.parametrize("plugin", [state.Get, state.Delete])
def test_a_missing_state_fails_only_if_asked_for(plugin: Any) -> None:
    assert run_plugin(plugin, **FLOW).state is State.SUCCESS
    assert "errorOnMissing" in message_of(run_plugin(plugin, {"errorOnMissing": True}, **FLOW))


def test_a_deleted_state_is_gone() -> None:
    with MemoryServices() as services:
        run_plugin(state.Set, {"data": {"a": 1}}, services=services, **FLOW)
        assert run_plugin(state.Delete, services=services, **FLOW).data == {"deleted": True}
        assert run_plugin(state.Get, services=services, **FLOW).data == {"count": 0, "data": {}}
