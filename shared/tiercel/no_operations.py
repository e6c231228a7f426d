"""What stands for the orchestrator where a process has no way to it."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from tiercel.errors import TaskFailed

if TYPE_CHECKING:
    from tiercel.operations import ExecutionQuery, FoundExecution, LogQuery, Purge, Purged, TriggerName


class NoOperations:
    """Refuse: this process has no way to the orchestrator."""

    def find(self, wanted: "ExecutionQuery") -> "Iterator[FoundExecution]":
        """Refuse to look for executions."""
        raise refused()

    def purge(self, execution_ids: Sequence[str], wanted: "Purge") -> "Purged":
        """Refuse to remove any."""
        raise refused()

    def resume(self, execution_id: str, inputs: dict[str, Any]) -> None:
        """Refuse to resume one."""
        raise refused()

    def logs(self, wanted: "LogQuery") -> Iterator[dict[str, Any]]:
        """Refuse to give log lines."""
        raise refused()

    def purge_logs(self, wanted: "LogQuery") -> int:
        """Refuse to delete log lines."""
        raise refused()

    def switch_trigger(self, trigger: "TriggerName", enabled: bool) -> None:
        """Refuse to switch one."""
        raise refused()


def refused() -> TaskFailed:
    """Say that a task asks for what this process cannot do."""
    return TaskFailed(
        "This task has the orchestrator look after executions or triggers, and has no way to it from here; "
        "keep executions in a Supabase project and name it to the family, by SUPABASE_URL and "
        "SUPABASE_ANON_KEY, or leave the family out of TIERCEL_FAMILY_URLS."
    )
