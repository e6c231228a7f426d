"""What an engine's store knows of executions, for the tasks that run beside it."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from tiercel.executions import LogQuery
from tiercel_orchestrator.store.port import FoundLog, Store

PAGE = 1000


class KnownExecutions:
    """Answers from the store, on the store's own thread; to be called from any other one."""

    def __init__(self, store: Store, thread: ThreadPoolExecutor) -> None:
        self.store = store
        self.thread = thread

    def logs(self, wanted: LogQuery) -> Iterator[dict[str, Any]]:
        """Give log lines, the oldest first, a page at a time."""
        after = 0
        while page := self.thread.submit(self.store.find_logs, wanted, after, PAGE).result():
            yield from map(log_view, page)
            after = page[-1].row.position

    def purge_logs(self, wanted: LogQuery) -> int:
        """Delete log lines and say how many there were."""
        return self.thread.submit(self.store.purge_logs, wanted).result()


def log_view(found: FoundLog) -> dict[str, Any]:
    """Show a log line as Kestra's REST API does, absent values left out."""
    row = found.row
    view = {
        "namespace": found.namespace,
        "flowId": found.flow_id,
        "taskId": row.task_id,
        "executionId": found.execution_id,
        "taskRunId": row.task_run_id,
        "attemptNumber": row.attempt - 1 if row.task_run_id else None,
        "timestamp": row.line.timestamp,
        "level": row.line.level,
        "message": row.line.message,
    }
    return {name: value for name, value in view.items() if value is not None}
