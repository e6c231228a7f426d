"""The key-value store: Kestra's rules, and many writers."""

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tiercel.errors import TaskFailed, TiercelError
from tiercel.kv import KeyChanged
from tiercel.kv.sqlite import SqliteKeyValueStore

WRITER = """
import sys
from pathlib import Path
from tiercel.errors import TaskFailed
from tiercel.kv.sqlite import SqliteKeyValueStore
store = SqliteKeyValueStore(Path(sys.argv[1]))
won = 0
for number in range(50):
    try:
        store.put("n", f"key-{number}", sys.argv[2], overwrite=False)
        won += 1
    except TaskFailed:
        pass
print(won)
"""


class Clock:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.now = datetime(2024, 1, 1, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store(clock: Clock) -> Iterator[SqliteKeyValueStore]:
    store = SqliteKeyValueStore(None, clock)
    yield store
    store.close()


@pytest.mark.parametrize("value", ["text", 1, 1.5, True, None, {"a": [1, "ü"]}, []])
def test_a_value_comes_back_as_it_was(store: SqliteKeyValueStore, value: object) -> None:
    store.put("n", "k", value)
    entry = store.get("n", "k")
    assert entry
    assert entry.value == value


@pytest.mark.parametrize(
    ("value", "kind"), [("x", "STRING"), (1, "NUMBER"), (True, "BOOLEAN"), ({}, "JSON"), (None, "JSON")]
)
def test_the_kind_follows_from_the_value_unless_it_is_said(
    store: SqliteKeyValueStore, value: object, kind: str
) -> None:
    assert store.put("n", "k", value).kind == kind
    assert store.put("n", "k", value, kind="DATE").kind == "DATE"


def test_namespaces_are_apart(store: SqliteKeyValueStore) -> None:
    store.put("a", "k", 1)
    assert store.get("a.b", "k") is None
    assert store.keys("a.b") == []


def test_an_expired_key_is_absent_from_every_answer(store: SqliteKeyValueStore, clock: Clock) -> None:
    store.put("n", "short", 1, ttl=timedelta(minutes=1))
    store.put("n", "long", 1, ttl=timedelta(hours=1))
    clock.now += timedelta(minutes=1)
    assert store.get("n", "short") is None
    assert store.keys("n") == ["long"]
    assert store.delete("n", "short") is False
    clock.now += timedelta(hours=1)
    assert store.purge(["other"]) == 0
    assert store.purge() == 2


def test_an_existing_key_is_not_replaced_unless_that_is_allowed(
    store: SqliteKeyValueStore, clock: Clock
) -> None:
    store.put("n", "k", 1, ttl=timedelta(minutes=1))
    with pytest.raises(TaskFailed, match="`overwrite: true`"):
        store.put("n", "k", 2, overwrite=False)
    entry = store.get("n", "k")
    assert entry
    assert entry.value == 1
    clock.now += timedelta(minutes=1)
    assert store.put("n", "k", 2, overwrite=False).value == 2


def test_a_replaced_key_keeps_its_birthday_and_a_reborn_one_does_not(
    store: SqliteKeyValueStore, clock: Clock
) -> None:
    born = store.put("n", "k", 1, ttl=timedelta(minutes=1)).created_at
    clock.now += timedelta(seconds=1)
    replaced = store.put("n", "k", 2, ttl=timedelta(minutes=1))
    assert (replaced.created_at, replaced.updated_at) == (born, clock.now)
    clock.now += timedelta(minutes=1)
    assert store.put("n", "k", 3).created_at == clock.now


def test_a_key_is_written_only_on_top_of_the_revision_that_its_writer_read(
    store: SqliteKeyValueStore, clock: Clock
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


def test_an_entry_is_inherited_from_the_nearest_namespace_that_has_it(store: SqliteKeyValueStore) -> None:
    store.put("a", "k", 1)
    store.put("a.b", "k", 2)
    store.put("a.b.c.d", "k", 3)
    entry = store.get("a.b.c", "k", inherited=True)
    assert entry
    assert entry.value == 2
    assert store.get("a.b.c", "k") is None
    assert store.get("ab.c", "k", inherited=True) is None


def test_a_key_that_is_replaced_without_ttl_lives_for_ever(store: SqliteKeyValueStore, clock: Clock) -> None:
    store.put("n", "k", 1, ttl=timedelta(minutes=1))
    store.put("n", "k", 2)
    clock.now += timedelta(days=1)
    assert store.get("n", "k")


def test_keys_are_found_by_prefix_and_wildcards_are_letters(store: SqliteKeyValueStore) -> None:
    for key in ("b_1", "a%", "bx1", "b_2"):
        store.put("n", key, 1)
    assert store.keys("n", "b_") == ["b_1", "b_2"]
    assert store.keys("n", "a%") == ["a%"]


def test_deleting_says_whether_there_was_a_key(store: SqliteKeyValueStore) -> None:
    store.put("n", "k", 1)
    assert (store.delete("n", "k"), store.delete("n", "k")) == (True, False)


def test_threads_that_create_one_key_agree_on_one_winner(tmp_path: Path) -> None:
    store = SqliteKeyValueStore(tmp_path / "kv.db")
    won: list[int] = []

    def create(number: int) -> None:
        try:
            store.put("n", "k", number, overwrite=False)
            won.append(number)
        except TaskFailed:
            pass

    threads = [threading.Thread(target=create, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    entry = store.get("n", "k")
    store.close()
    assert entry
    assert won == [entry.value]


def test_processes_that_start_on_no_file_lose_no_update(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "kv.db"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name], stdout=subprocess.PIPE, text=True)
        for name in "abcd"
    ]
    won = {name: int(writer.communicate()[0]) for name, writer in zip("abcd", writers, strict=True)}
    store = SqliteKeyValueStore(path)
    owners = [entry.value for entry in store.entries("n")]
    store.close()
    assert {name: owners.count(name) for name in "abcd"} == won
    assert len(owners) == 50


def test_a_directory_that_cannot_be_written_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(TiercelError, match="set TIERCEL_HOME"):
        SqliteKeyValueStore(tmp_path / "file" / "kv.db").get("n", "k")
