"""Task runners of `io.kestra.plugin.core.runner`."""

from typing import ClassVar

from tiercel_core.declarations import Declaration


class Process(Declaration):
    """Run a script's commands as processes of the machine that serves the family."""

    kind: ClassVar[str] = "taskrunner"
    task_types = ("io.kestra.plugin.core.runner.Process",)
