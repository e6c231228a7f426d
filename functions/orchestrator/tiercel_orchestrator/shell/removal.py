"""Executions that have had their day: removed with their rows and, if wanted, with their files."""

from collections.abc import Collection
from dataclasses import dataclass

from tiercel.storage import UNCHECKED, Storage, uris
from tiercel_orchestrator.store.port import Pruning, Removed, Store


@dataclass(slots=True)
class Count:
    """How many executions went, or would go, in how many trees."""

    executions: int = 0
    trees: int = 0


def prune(store: Store, storage: Storage | None, wanted: Pruning, *, dry_run: bool = False) -> Count:
    """Remove the trees of executions that may go, oldest first; `storage`: where their files are, if they go.

    With `dry_run`, only count. What is interrupted goes on with the next time.
    """
    count = Count()
    for trees in store.prunable(wanted):
        count.trees += len(trees)
        if dry_run:
            count.executions += sum(tree.size for tree in trees)
        else:
            count.executions += remove(store, storage, [tree.root_id for tree in trees], True, False)
    if wanted.before and not dry_run:
        store.remove_strays(wanted.before)
    return count


def remove(store: Store, storage: Storage | None, ids: Collection[str], trees: bool, keep_logs: bool) -> int:
    """Remove executions, with `trees` those that they started, too; give how many had ended and went.

    An execution goes after its files: who is interrupted in between finds it again, and what is left.
    """
    stripped = store.strip(ids, trees=trees, keep_logs=keep_logs)
    if storage is not None:
        for one in stripped:
            remove_files(storage, one)
    return store.drop([one.id for one in stripped])


def remove_files(storage: Storage, removed: Removed) -> None:
    """Remove the files of one execution from internal storage."""
    execution = uris.Execution(removed.namespace, removed.flow_id, removed.id)
    files = [file.uri for file in storage.list(UNCHECKED, uris.uri_of(uris.execution_key(execution)))]
    for uri in files:
        storage.delete(UNCHECKED, uri)
