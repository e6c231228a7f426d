"""Run a block as a whole: one after another, side by side, as a graph, in one directory, or forgivingly."""

from datetime import timedelta

from pydantic import Field

from tiercel.plugin import BaseParams, JsonObject, Static
from tiercel.task_files import NamespaceFiles
from tiercel_core.flow.children import FlowableParams, TaskDefinition, Tasks
from tiercel_core.flow.control import FlowControl


class SequentialParams(FlowableParams):
    tasks: Static[Tasks] = Field(description="Tasks to run in this order.")


class Sequential(FlowControl[SequentialParams]):
    """Run tasks one after another, as a block with error handling of its own."""

    task_types = ("io.kestra.plugin.core.flow.Sequential", "io.kestra.core.tasks.flows.Sequential")


class Retry(FlowControl[SequentialParams]):
    """Run tasks one after another; what fails among them is tried again as `retry` says."""

    task_types = ("io.kestra.plugin.core.flow.Retry",)


class TimeoutParams(FlowableParams):
    timeout: timedelta = Field(description="How long the tasks may take, all together.")
    tasks: Static[Tasks] = Field(description="Tasks to run in this order.")


class Timeout(FlowControl[TimeoutParams]):
    """Run tasks one after another; what has not ended within `timeout` is stopped, and the block fails."""

    task_types = ("io.kestra.plugin.core.flow.Timeout",)


class ParallelParams(FlowableParams):
    concurrent: int = Field(0, description="How many may run at once; 0 means all.")
    tasks: Static[Tasks] = Field(description="Tasks to run side by side.")


class Parallel(FlowControl[ParallelParams]):
    """Run tasks side by side."""

    task_types = ("io.kestra.plugin.core.flow.Parallel", "io.kestra.core.tasks.flows.Parallel")


class DagTask(BaseParams):
    task: Static[TaskDefinition] = Field(description="The task.")
    depends_on: Static[list[str] | None] = Field(
        None, description="Ids of the tasks that must have ended before this one starts."
    )


class DagParams(FlowableParams):
    concurrent: int = Field(0, description="How many may run at once; 0 means all that are ready.")
    tasks: list[DagTask] = Field(description="The tasks, each with those it waits for.")


class Dag(FlowControl[DagParams]):
    """Run tasks in the order that their dependencies allow, as early as possible."""

    task_types = ("io.kestra.plugin.core.flow.Dag", "io.kestra.core.tasks.flows.Dag")


class AllowFailureParams(FlowableParams):
    tasks: Static[Tasks] = Field(description="Tasks to run in this order.")


class AllowFailure(FlowControl[AllowFailureParams]):
    """Run tasks one after another; a failure among them ends as a warning, and the flow goes on."""

    task_types = ("io.kestra.plugin.core.flow.AllowFailure", "io.kestra.core.tasks.flows.AllowFailure")


class DirectoryCache(BaseParams):
    ttl: timedelta | None = Field(None, description="How long the kept files stay good; forever if left out.")
    patterns: list[str] = Field(description="Globs of the files to keep for the next execution.")


class WorkingDirectoryParams(FlowableParams):
    tasks: Static[Tasks] = Field(description="Tasks to run in this order in one shared directory.")
    cache: DirectoryCache | None = Field(None, description="Files to keep from one execution to the next.")
    namespace_files: NamespaceFiles | None = Field(
        None, description="Which files of the namespace are laid out in the directory first."
    )
    input_files: JsonObject | str | None = Field(
        None, description="Files to create first: name to content or to the URI of a stored file."
    )
    output_files: list[str] | None = Field(
        None, description="Globs of the files that go to internal storage at the end."
    )


class WorkingDirectory(FlowControl[WorkingDirectoryParams]):
    """Run tasks one after another in one directory, so that they see each other's files."""

    task_types = (
        "io.kestra.plugin.core.flow.WorkingDirectory",
        "io.kestra.core.tasks.flows.WorkingDirectory",
        "io.kestra.core.tasks.flows.Worker",
    )
