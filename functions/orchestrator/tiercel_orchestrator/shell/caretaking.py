"""What an engine does with executions for the tasks that run beside it."""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TypeVar

from tiercel.operations import ExecutionQuery, FoundExecution, LogQuery, Purge, Purged, TriggerName
from tiercel.storage import UNCHECKED, Storage, uris
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.rows import Execution
from tiercel_orchestrator.shell import removal

if TYPE_CHECKING:
    from tiercel_orchestrator.shell.engine import Engine

T = TypeVar("T")
PAGE = 1000


class Caretaking:
    """Does it on the engine's loop; to be called from any other thread."""

    def __init__(self, engine: "Engine") -> None:
        self.engine = engine
        self.loop = asyncio.get_running_loop()

    def find(self, wanted: ExecutionQuery) -> Iterator[FoundExecution]:
        """Give executions, the oldest first, a page at a time."""
        after = 0
        while page := self._in_store(self.engine.store.find_executions, wanted, after, PAGE):
            yield from (found for _, found in page if began_within(wanted, found))
            after = page[-1][0]

    def purge(self, execution_ids: Sequence[str], wanted: Purge) -> Purged:
        """Remove executions that have ended, or what belongs to them."""
        purged = Purged()
        for execution_id in execution_ids:
            execution = self._in_store(self.engine.store.execution, execution_id)
            if execution is not None and execution.state in states.ENDED:
                self._purge(execution, wanted, purged)
        return purged

    def _purge(self, execution: Execution, wanted: Purge, purged: Purged) -> None:
        """Remove one; the execution itself goes last, so that who is interrupted finds it again."""
        store = self.engine.store
        if wanted.logs:
            purged.logs += self._in_store(store.purge_rows, "logs", execution.id)
        if wanted.metrics:
            purged.metrics += self._in_store(store.purge_rows, "metrics", execution.id)
        if wanted.files:
            purged.files += remove_files(self.engine.services.storage, execution)
        if wanted.executions:
            removed = (removal.remove, store, None, [execution.id], False, not wanted.logs)
            purged.executions += self._in_store(*removed)

    def resume(self, execution_id: str, inputs: dict[str, Any]) -> None:
        """Go on with an execution that is paused."""
        self._on_loop(self.engine.operations.resume(execution_id, inputs))

    def switch_trigger(self, trigger: TriggerName, enabled: bool) -> None:
        """Switch a trigger on or off."""
        self._on_loop(self.engine.operations.switch_trigger(trigger, enabled=enabled))

    def logs(self, wanted: LogQuery) -> Iterator[dict[str, Any]]:
        """Give log lines, the oldest first, a page at a time."""
        after = 0
        while page := self._in_store(self.engine.store.find_logs, wanted, after, PAGE):
            yield from (found.view() for found in page)
            after = page[-1].position

    def purge_logs(self, wanted: LogQuery) -> int:
        """Delete log lines and say how many there were."""
        return self._in_store(self.engine.store.purge_logs, wanted)

    def _in_store(self, call: Callable[..., T], *arguments: Any) -> T:
        return self._on_loop(self.engine.in_store(call, *arguments))

    def _on_loop(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result()


def began_within(wanted: ExecutionQuery, found: FoundExecution) -> bool:
    """Say whether an execution began in the time that is asked about."""
    early = wanted.start is not None and found.started_at < wanted.start
    return not early and (wanted.end is None or found.started_at < wanted.end)


def remove_files(storage: Storage, execution: Execution) -> int:
    """Remove the files of one execution from internal storage; give how many there were."""
    named = uris.Execution(execution.namespace, execution.flow_id, execution.id)
    files = [file.uri for file in storage.list(UNCHECKED, uris.uri_of(uris.execution_key(named)))]
    return sum(storage.delete(UNCHECKED, uri) for uri in files)
