"""The state store."""

from collections.abc import Iterator

import pytest

from tiercel.state.sqlite import SqliteStateStore


@pytest.fixture
def store() -> Iterator[SqliteStateStore]:
    store = SqliteStateStore(None)
    yield store
    store.close()


def test_a_state_is_kept_by_flow_name_and_sub_key(store: SqliteStateStore) -> None:
    store.set("n", "f", "default", {"a": 1})
    store.set("n", "f", "default", {"a": 2}, sub_key="value")
    store.set("n", "f", "default", {"a": 3}, sub_key="value")
    assert store.get("n", "f", "default") == {"a": 1}
    assert store.get("n", "f", "default", "value") == {"a": 3}
    assert store.get("n", "other", "default") is None


def test_deleting_says_whether_there_was_a_state(store: SqliteStateStore) -> None:
    store.set("n", "f", "default", {})
    assert (store.delete("n", "f", "default"), store.delete("n", "f", "default")) == (True, False)
