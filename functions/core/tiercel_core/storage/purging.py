"""Remove files that executions have left in internal storage."""

from dataclasses import dataclass, field
from datetime import datetime

from pydantic import Field

from tiercel.context import ExecutionContext
from tiercel.errors import TaskFailed
from tiercel.namespaces import is_below
from tiercel.plugin import BaseOutput, BaseParams, BasePlugin, PluginOutput, success
from tiercel.storage import UNCHECKED, StoredFile, uris
from tiercel.storage.uris import Execution
from tiercel_core.moments import read_date, with_zone


class PurgeStorageParams(BaseParams):
    namespace: str | None = Field(
        None, description="Whose files, those of namespaces below included; the flow's own if left out."
    )
    flow_id: str | None = Field(None, description="Files of which flow's executions; of all if left out.")
    start_date: str | None = Field(
        None, description="Only files of executions that wrote last at or after this moment, in ISO 8601."
    )
    end_date: str = Field(description="Only files of executions that wrote last before this moment.")
    dry_run: bool = Field(True, description="Whether files are only counted.")


class PurgeStorageOutput(BaseOutput):
    scanned_count: int = Field(description="How many executions have files there.")
    purged_count: int = Field(description="Of how many executions the files were removed.")
    deleted_files_count: int = Field(description="How many files were removed, or would be.")


class PurgeStorage(BasePlugin[PurgeStorageParams, PurgeStorageOutput]):
    """Remove the files of executions that have written nothing for long."""

    task_types = ("io.kestra.plugin.core.storage.PurgeStorage",)

    def run(self, params: PurgeStorageParams, context: ExecutionContext) -> PluginOutput:
        scanned, purged, deleted = 0, 0, 0
        start = with_zone(read_date(params.start_date)) if params.start_date else None
        end = with_zone(read_date(params.end_date))
        for left in leavings(params, context):
            scanned += 1
            if not is_meant(left, start, end, context):
                continue
            purged += 1
            deleted += len(left.uris)
            for uri in () if params.dry_run else left.uris:
                context.services.storage.delete(UNCHECKED, uri)
        verb = "would be removed" if params.dry_run else "removed"
        context.log.info(f"{deleted} files of {purged} executions {verb}.")
        output = PurgeStorageOutput(scanned_count=scanned, purged_count=purged, deleted_files_count=deleted)
        return success(output)


@dataclass
class Leavings:
    """The files of one execution. `last`: when the newest of them was written."""

    execution: Execution
    uris: list[str] = field(default_factory=list)
    last: datetime | None = None

    def add(self, file: StoredFile) -> None:
        """Take one file in."""
        self.uris.append(file.uri)
        self.last = max(self.last or file.modified_at, file.modified_at)


def leavings(params: PurgeStorageParams, context: ExecutionContext) -> list[Leavings]:
    """Give the files below a namespace by execution; a directory is listed in no order."""
    own, asked = context.run.namespace, params.namespace or context.run.namespace
    if asked != own and not is_below(asked, own):
        raise TaskFailed(
            f"The files of namespace '{asked}' cannot be purged from '{own}': "
            "a flow purges its own namespace and those below it."
        )
    found: dict[Execution, Leavings] = {}
    for file in context.services.storage.list(UNCHECKED, uris.uri_of(uris.namespace_path(asked))):
        execution = execution_of(file)
        if execution and params.flow_id in (None, execution.flow_id):
            found.setdefault(execution, Leavings(execution)).add(file)
    return list(found.values())


def execution_of(file: StoredFile) -> Execution | None:
    """Name the execution that a file belongs to."""
    owner = uris.owner_of(uris.key_of(file.uri))
    return owner.execution if owner else None


def is_meant(left: Leavings, start: datetime | None, end: datetime, context: ExecutionContext) -> bool:
    """Say whether the files of an execution are to go; those of the one that asks stay."""
    if left.last is None or left.execution == uris.execution_of(context.run):
        return False
    return (start is None or left.last >= start) and left.last < end
