"""Fifty writers of one key at once, on each store: what reported success is there."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Barrier
from typing import Any, TypeAlias

import pytest

from tests.unit.stores import KINDS, Request, functions_of
from tiercel.errors import TaskFailed
from tiercel.kv import KeyChanged, KeyExists, KeyValueStore
from tiercel.kv.postgres import PostgresKeyValueStore
from tiercel.kv.sqlite import SqliteKeyValueStore
from tiercel.state import Place, StateStore, merge
from tiercel.state.postgres import PostgresStateStore
from tiercel.state.sqlite import SqliteStateStore

WRITERS = 50
PROCESSES = 4
Stores: TypeAlias = tuple[KeyValueStore, StateStore]
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


@pytest.fixture(params=KINDS)
def stores(request: Request, tmp_path: Path) -> Iterator[Stores]:
    if request.param == "sqlite":
        path = tmp_path / "values.db"
        opened: Any = (SqliteKeyValueStore(path), SqliteStateStore(path))
    else:
        functions = functions_of(request.param, request)
        opened = (PostgresKeyValueStore(functions), PostgresStateStore(functions))
    yield opened
    for store in opened:
        store.close()


def at_once(write: Callable[[int], Any]) -> list[Any]:
    """Let all writers begin at the same moment, and give what each of them says."""
    barrier = Barrier(WRITERS)

    def begin(number: int) -> Any:
        barrier.wait()
        return write(number)

    with ThreadPoolExecutor(WRITERS) as pool:
        return list(pool.map(begin, range(WRITERS)))


def test_each_write_is_a_revision_of_its_own_and_the_last_one_stays(stores: Stores) -> None:
    kv, _ = stores
    revisions = at_once(lambda number: kv.put("n", "k", number).revision)
    entry = kv.get("n", "k")
    assert entry
    assert sorted(revisions) == list(range(1, WRITERS + 1))
    assert revisions[entry.value] == WRITERS == entry.revision


def test_one_of_those_that_may_not_overwrite_wins(stores: Stores) -> None:
    kv, _ = stores

    def create(number: int) -> bool:
        try:
            return bool(kv.put("n", "k", number, overwrite=False))
        except KeyExists:
            return False

    won = at_once(create)
    entry = kv.get("n", "k")
    assert entry
    assert [number for number, one in enumerate(won) if one] == [entry.value]


def test_a_count_that_is_written_on_top_of_what_was_read_misses_nobody(stores: Stores) -> None:
    kv, _ = stores

    def add_one(_: int) -> None:
        while True:
            entry = kv.get("n", "k")
            value, revision = (entry.value, entry.revision) if entry else (0, 0)
            with suppress(KeyChanged):
                kv.put("n", "k", value + 1, revision=revision)
                return

    at_once(add_one)
    entry = kv.get("n", "k")
    assert entry
    assert (entry.value, entry.revision) == (WRITERS, WRITERS)


def test_states_that_are_merged_at_once_are_all_there(stores: Stores) -> None:
    _, states = stores
    place = Place("n", "f", "default")
    at_once(lambda number: merge(states, place, {str(number): number}))
    state = states.get(place)
    assert state
    assert state.data == {str(number): number for number in range(WRITERS)}


def test_processes_that_start_on_no_file_lose_no_update(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "kv.db"
    names = [str(number) for number in range(PROCESSES)]
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path), name], stdout=subprocess.PIPE, text=True)
        for name in names
    ]
    won = {name: int(writer.communicate()[0]) for name, writer in zip(names, writers, strict=True)}
    store = SqliteKeyValueStore(path)
    owners = [entry.value for entry in store.entries("n")]
    store.close()
    assert {name: owners.count(name) for name in names} == won
    assert len(owners) == 50


def test_a_writer_that_is_refused_is_told_what_to_do(stores: Stores) -> None:
    kv, _ = stores
    kv.put("n", "k", 1)
    with pytest.raises(TaskFailed, match="`overwrite: true`"):
        kv.put("n", "k", 2, overwrite=False)
    with pytest.raises(TaskFailed, match="read it again"):
        kv.put("n", "k", 2, revision=7)
