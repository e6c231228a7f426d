"""Working directories that tasks share, each named like the task run that opened it.

Where all tasks run in this process, it is one directory below a root. Where some run elsewhere, or other
orchestrators may take up the next task, it is a row of archives in internal storage, one for each step.
"""

import contextlib
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from tiercel import shared_directories
from tiercel.context import ExecutionContext, TaskLog
from tiercel.envelope import RunContext, SharedDirectory
from tiercel.errors import InvalidParameters, TiercelError
from tiercel.flows.plans import Sequence as InSequence
from tiercel.services import Services
from tiercel.storage import UNCHECKED, uris
from tiercel.task_files import NamespaceFiles, collect, lay_out, lay_out_namespace
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.rows import Execution, TaskRun
from tiercel_orchestrator.shell import kept_files

OPENING = ("cache", "namespaceFiles", "inputFiles")
CLOSING = ("cache", "outputFiles")
FOLDER, FIRST = "directories", "opened"


class WorkingDirectories:
    """Makes, fills, empties and removes directories. All calls block.

    `archived`: they are archives in internal storage, not directories of this machine.
    """

    def __init__(self, root: Path, services: Services, *, archived: bool = False) -> None:
        self.root = root.absolute()
        self.services = services
        self.archived = archived

    def open(self, context: RunContext, rendered: Mapping[str, Any]) -> dict[str, Any]:
        """Make a directory and lay out the files that its task names; one that is there is made anew."""
        path = self._made(context)
        execution = self._context(context, path)
        if cache := rendered.get("cache"):
            kept_files.restore(cache, path, context, self.services.storage)
        if wanted := rendered.get("namespaceFiles"):
            lay_out_namespace(_namespace_files(wanted), execution)
        lay_out(rendered.get("inputFiles"), execution)
        if shared := context.shared_directory:
            shared_directories.leave(shared, path, context, self.services.storage)
            self.remove(context.task_run_id)
        return {}

    def close(self, context: RunContext, rendered: Mapping[str, Any]) -> dict[str, Any]:
        """Store the files that its task names and remove the directory; gives the outputs."""
        path = self.root / context.task_run_id
        if shared := context.shared_directory:
            path = self._made(context)
            shared_directories.lay_out(shared, path, context, self.services.storage)
        globs = rendered.get("outputFiles")
        outputs = {"outputFiles": collect(globs, self._context(context, path))} if globs else {}
        if cache := rendered.get("cache"):
            kept_files.keep(cache, path, context, self.services.storage)
        self.remove(context.task_run_id)
        return outputs

    def remove(self, run_id: str) -> None:
        """Remove a directory of this machine with all that is in it."""
        shutil.rmtree(self.root / run_id, ignore_errors=True)

    def forget(self, execution: Execution, opened: TaskRun) -> None:
        """Remove a directory that nobody works in any more, wherever it is."""
        self.remove(opened.id)
        with contextlib.suppress(TiercelError):  # what cannot be removed now goes with the execution's files
            for file in (
                self.services.storage.list(UNCHECKED, _uri(execution, opened)) if self.archived else ()
            ):
                self.services.storage.delete(UNCHECKED, file.uri)

    def of(
        self, execution: Execution, run: TaskRun, lineage: Iterable[TaskRun], siblings: Sequence[TaskRun]
    ) -> Path | SharedDirectory | None:
        """Give the directory that a run works in: the one that it or its nearest ancestor opened.

        `siblings`: where directories are archives, the runs of the execution in the order of their creation.
        """
        opened = next((one for one in (run, *lineage) if is_directory(one)), None)
        if opened is None:
            return None
        if not self.archived:
            return self.root / opened.id

        def named(step: str) -> str:
            return f"{_uri(execution, opened)}/{step}.zip"

        steps = [_step(one) for one in siblings if one.parent_id == opened.id and _left_files(one)]
        own = FIRST if run.id == opened.id else _step(run)
        return SharedDirectory(fetch=[named(one) for one in [*reversed(steps), FIRST]], store=named(own))

    def _made(self, context: RunContext) -> Path:
        path = self.root / context.task_run_id
        shutil.rmtree(path, ignore_errors=True)
        path.mkdir(parents=True)
        return path

    def _context(self, context: RunContext, path: Path) -> ExecutionContext:
        return ExecutionContext(context, self.services, TaskLog(), directory=path)


def _uri(execution: Execution, opened: TaskRun) -> str:
    """Name the folder of a directory's archives; one that is opened again has another."""
    place = uris.Execution(execution.namespace, execution.flow_id, execution.id)
    return uris.uri_of(uris.execution_key(place, FOLDER, f"{opened.id}.{opened.attempt}"))


def is_directory(run: TaskRun) -> bool:
    """Say whether a task run opened a directory for its children."""
    return run.frame is not None and isinstance(run.frame.plan, InSequence) and run.frame.plan.directory


def _step(run: TaskRun) -> str:
    """Name what a run leaves; taken up again, it leaves another archive, and a late one is not looked at."""
    return f"{run.id}.{run.lease}"


def _left_files(run: TaskRun) -> bool:
    return run.ended and run.state != states.SKIPPED


def _namespace_files(wanted: Any) -> NamespaceFiles:
    try:
        return NamespaceFiles.model_validate(wanted)
    except ValueError as error:
        raise InvalidParameters(f"`namespaceFiles` cannot be read: {error}") from error
