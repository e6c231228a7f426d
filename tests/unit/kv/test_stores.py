"""The key-value store in SQLite, in Postgres and behind Supabase's REST interface: Kestra's rules."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import TypeAlias

import pytest

from tests.unit.stores import KINDS, Clock, Request, functions_of
from tiercel.errors import TaskFailed, TiercelError
from tiercel.kv import KeyChanged
from tiercel.kv.postgres import PostgresKeyValueStore
from tiercel.kv.sqlite import SqliteKeyValueStore

Store: TypeAlias = SqliteKeyValueStore | PostgresKeyValueStore


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=KINDS)
def store(request: Request, clock: Clock) -> Iterator[Store]:
    if request.param == "sqlite":
        opened: Store = SqliteKeyValueStore(None, clock)
    else:
        opened = PostgresKeyValueStore(functions_of(request.param, request), clock)
    yield opened
    opened.close()


@pytest.mark.parametrize(
    "value",
    [
        "text",
        "",
        "a\x00b \\u0000 'quoted' \"ü😀",
        0,
        -0.0,
        1,
        1.0,
        1.5,
        1e22,
        1e-7,
        0.1 + 0.2,
        2**63,
        10**40,
        True,
        None,
        {"b": [1, "ü", None], "a": {"nested": 1.0}},
        [],
        "2024-02-29T10:00:00Z",
        "PT1H",
    ],
    ids=repr,
)
def test_a_value_comes_back_exactly_as_it_was(store: Store, value: object) -> None:
    for kept in (store.put("n", "k", value), store.get("n", "k"), store.entries("n")[0]):
        assert kept
        assert repr(kept.value) == repr(value)  # so 1.0 is not 1, and keys are in their order


def test_a_key_may_have_any_letter_that_can_be_shown(store: Store) -> None:
    for key in ("a.b-c_d", "ü 😀", "a,b(c)\"'", "%*?"):
        store.put("n", key, key)
        found = store.get("n", key)
        assert found
        assert found.value == key
        assert store.delete("n", key)
    with pytest.raises(TaskFailed, match="The key is empty; give it a name"):
        store.put("n", "", 1)
    for key in ("a\x00", "a\nb", "\ud800"):
        with pytest.raises(TaskFailed, match="letters that cannot be shown"):
            store.put("n", key, 1)
        with pytest.raises(TaskFailed, match="letters that cannot be shown"):
            store.get("n", key)


def test_a_description_is_kept(store: Store) -> None:
    store.put("n", "k", 1, description="what for")
    entry = store.get("n", "k")
    assert entry
    assert (entry.namespace, entry.key, entry.kind, entry.description) == ("n", "k", "NUMBER", "what for")


@pytest.mark.parametrize("ttl", [timedelta(0), timedelta(seconds=-1)])
def test_a_time_to_live_of_nothing_is_over_at_once(store: Store, ttl: timedelta) -> None:
    store.put("n", "k", 1, ttl=ttl)
    assert store.get("n", "k") is None


def test_a_time_to_live_is_kept_to_the_millisecond_and_may_be_too_long(store: Store, clock: Clock) -> None:
    ttl = timedelta(days=400, seconds=5, milliseconds=1)
    assert store.put("n", "k", 1, ttl=ttl).expires_at == clock.now + ttl
    with pytest.raises(TaskFailed, match="is too long"):
        store.put("n", "k", 1, ttl=timedelta.max)


def test_namespaces_are_listed_and_purged_by_pattern(store: Store, clock: Clock) -> None:
    for namespace in ("b", "a.b", "a"):
        for key in ("x_1", "x%2", "x\\3", "X_1"):
            store.put(namespace, key, 1, ttl=timedelta(minutes=1) if key == "x_1" else None)
    assert store.namespaces() == ["a", "a.b", "b"]
    clock.now += timedelta(minutes=1)
    assert store.namespaces() == ["a", "a.b", "b"]
    assert store.purge(["b"], "x?1") == 1
    assert store.purge(["a", "a.b"], "x_*", expired_only=False) == 2
    assert store.purge(None, "x\\*", expired_only=False) == 3
    assert store.purge([], expired_only=False) == 0
    assert store.keys("b") == ["X_1", "x%2"]
    assert store.purge(expired_only=False) == 6
    assert store.namespaces() == []


@pytest.mark.parametrize(
    ("value", "kind"), [("x", "STRING"), (1, "NUMBER"), (True, "BOOLEAN"), ({}, "JSON"), (None, "JSON")]
)
def test_the_kind_follows_from_the_value_unless_it_is_said(store: Store, value: object, kind: str) -> None:
    assert store.put("n", "k", value).kind == kind
    assert store.put("n", "k", value, kind="DATE").kind == "DATE"


def test_namespaces_are_apart(store: Store) -> None:
    store.put("a", "k", 1)
    assert store.get("a.b", "k") is None
    assert store.keys("a.b") == []


def test_an_expired_key_is_absent_from_every_answer(store: Store, clock: Clock) -> None:
    store.put("n", "short", 1, ttl=timedelta(minutes=1))
    store.put("n", "long", 1, ttl=timedelta(hours=1))
    clock.now += timedelta(minutes=1)
    assert store.get("n", "short") is None
    assert store.keys("n") == ["long"]
    assert store.delete("n", "short") is False
    clock.now += timedelta(hours=1)
    assert store.purge(["other"]) == 0
    assert store.purge() == 2


def test_an_existing_key_is_not_replaced_unless_that_is_allowed(store: Store, clock: Clock) -> None:
    store.put("n", "k", 1, ttl=timedelta(minutes=1))
    with pytest.raises(TaskFailed, match="`overwrite: true`"):
        store.put("n", "k", 2, overwrite=False)
    entry = store.get("n", "k")
    assert entry
    assert entry.value == 1
    clock.now += timedelta(minutes=1)
    assert store.put("n", "k", 2, overwrite=False).value == 2


def test_a_replaced_key_keeps_its_birthday_and_a_reborn_one_does_not(store: Store, clock: Clock) -> None:
    born = store.put("n", "k", 1, ttl=timedelta(minutes=1)).created_at
    clock.now += timedelta(seconds=1)
    replaced = store.put("n", "k", 2, ttl=timedelta(minutes=1))
    assert (replaced.created_at, replaced.updated_at) == (born, clock.now)
    clock.now += timedelta(minutes=1)
    assert store.put("n", "k", 3).created_at == clock.now


def test_a_key_is_written_only_on_top_of_the_revision_that_its_writer_read(
    store: Store, clock: Clock
) -> None:
    with pytest.raises(KeyChanged, match="no longer at revision 1"):
        store.put("n", "k", 1, revision=1)
    assert store.put("n", "k", 1, revision=0, ttl=timedelta(minutes=1)).revision == 1
    with pytest.raises(KeyChanged):
        store.put("n", "k", 2, revision=0)
    assert store.put("n", "k", 2, revision=1, ttl=timedelta(minutes=1)).revision == 2
    clock.now += timedelta(minutes=1)
    with pytest.raises(KeyChanged):
        store.put("n", "k", 3, revision=2)
    assert store.put("n", "k", 3, revision=0).revision == 1


def test_an_entry_is_inherited_from_the_nearest_namespace_that_has_it(store: Store) -> None:
    store.put("a", "k", 1)
    store.put("a.b", "k", 2)
    store.put("a.b.c.d", "k", 3)
    entry = store.get("a.b.c", "k", inherited=True)
    assert entry
    assert entry.value == 2
    assert store.get("a.b.c", "k") is None
    assert store.get("ab.c", "k", inherited=True) is None


def test_a_key_that_is_replaced_without_ttl_lives_for_ever(store: Store, clock: Clock) -> None:
    store.put("n", "k", 1, ttl=timedelta(minutes=1))
    store.put("n", "k", 2)
    clock.now += timedelta(days=1)
    assert store.get("n", "k")


def test_keys_are_found_by_prefix_and_wildcards_are_letters(store: Store) -> None:
    for key in ("b_1", "a%", "bx1", "b_2"):
        store.put("n", key, 1)
    assert store.keys("n", "b_") == ["b_1", "b_2"]
    assert store.keys("n", "a%") == ["a%"]


def test_keys_are_listed_however_many_there_are(store: Store) -> None:
    keys = [f"k{number:03}" for number in range(55)]
    for key in keys:
        store.put("n", key, key)
    assert store.keys("n") == keys
    assert [entry.value for entry in store.entries("n")] == keys


def test_deleting_says_whether_there_was_a_key(store: Store) -> None:
    store.put("n", "k", 1)
    assert (store.delete("n", "k"), store.delete("n", "k")) == (True, False)


def test_a_directory_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TiercelError, match="set TIERCEL_HOME"):
        SqliteKeyValueStore(tmp_path / "file" / "kv.db").get("n", "k")
