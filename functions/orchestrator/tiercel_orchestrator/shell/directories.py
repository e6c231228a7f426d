"""Working directories that tasks share, below one root; each is named like the task run that opened it."""

import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from tiercel.context import ExecutionContext, TaskLog
from tiercel.envelope import RunContext
from tiercel.errors import InvalidParameters
from tiercel.flows.plans import Sequence
from tiercel.services import Services
from tiercel.task_files import NamespaceFiles, collect, lay_out, lay_out_namespace
from tiercel_orchestrator.kernel.rows import TaskRun

OPENING = ("namespaceFiles", "inputFiles")
CLOSING = ("outputFiles",)


class WorkingDirectories:
    """Makes, fills, empties and removes directories. All calls block."""

    def __init__(self, root: Path, services: Services) -> None:
        self.root = root.absolute()
        self.services = services

    def open(self, context: RunContext, rendered: Mapping[str, Any]) -> dict[str, Any]:
        """Make a directory and lay out the files that its task names; one that is there is made anew."""
        path = self.root / context.task_run_id
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        execution = self._context(context, path)
        if wanted := rendered.get("namespaceFiles"):
            lay_out_namespace(_namespace_files(wanted), execution)
        lay_out(rendered.get("inputFiles"), execution)
        return {}

    def close(self, context: RunContext, rendered: Mapping[str, Any]) -> dict[str, Any]:
        """Store the files that its task names and remove the directory; gives the outputs."""
        path = self.root / context.task_run_id
        globs = rendered.get("outputFiles")
        outputs = {"outputFiles": collect(globs, self._context(context, path))} if globs else {}
        self.remove(context.task_run_id)
        return outputs

    def remove(self, run_id: str) -> None:
        """Remove a directory with all that is in it."""
        shutil.rmtree(self.root / run_id, ignore_errors=True)

    def of(self, lineage: Iterable[TaskRun]) -> Path | None:
        """Give the directory that the nearest ancestor opened, if one did."""
        return next((self.root / run.id for run in lineage if is_directory(run)), None)

    def _context(self, context: RunContext, path: Path) -> ExecutionContext:
        return ExecutionContext(context, self.services, TaskLog(), directory=path)


def is_directory(run: TaskRun) -> bool:
    """Say whether a task run opened a directory for its children."""
    return run.frame is not None and isinstance(run.frame.plan, Sequence) and run.frame.plan.directory


def _namespace_files(wanted: Any) -> NamespaceFiles:
    try:
        return NamespaceFiles.model_validate(wanted)
    except ValueError as error:
        raise InvalidParameters(f"`namespaceFiles` cannot be read: {error}") from error
