"""The log of an execution, printed."""

from pathlib import Path

from tiercel.context import LEVELS
from tiercel.errors import InvalidFlow
from tiercel_orchestrator.cli import running, say
from tiercel_orchestrator.local import open_store
from tiercel_orchestrator.shell.requests import unstarted


def show(home: Path, store_url: str | None, execution_id: str, level: str, as_json: bool) -> None:
    """Print the lines of an execution from a level on."""
    if level not in LEVELS:
        raise InvalidFlow(f"--level {level}: write one of {', '.join(LEVELS)}.")
    store = open_store(home, store_url)
    try:
        if store.execution(execution_id) is None:
            raise InvalidFlow(unstarted(store.request(execution_id), execution_id))
        wanted = LEVELS[LEVELS.index(level) :]
        rows = [row for row in store.logs(execution_id) if row.line.level in wanted]
    finally:
        store.close()
    if as_json:
        running.print_json(
            [
                {
                    "executionId": execution_id,
                    "taskId": row.task_id,
                    "taskRunId": row.task_run_id,
                    "attemptNumber": row.attempt - 1,
                    "timestamp": row.line.timestamp,
                    "level": row.line.level,
                    "message": row.line.message,
                }
                for row in rows
            ]
        )
        return
    for row in rows:
        say.plain(f"{row.line.timestamp} {row.line.level:<5} {row.task_id or 'flow'}: {row.line.message}")
