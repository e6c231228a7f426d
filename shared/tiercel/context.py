"""The execution context: everything a running plugin may reach."""

import time
from collections.abc import AsyncIterable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tiercel import expressions
from tiercel.clock import timestamp
from tiercel.envelope import Metric, RunContext
from tiercel.plugin import LogLine

if TYPE_CHECKING:
    from tiercel.http.client import HttpClient
    from tiercel.kv import KeyValueStore
    from tiercel.services import Services

LEVELS = ("TRACE", "DEBUG", "INFO", "WARN", "ERROR")


@dataclass
class TaskLog:
    """The log of one task run. `sink` sees each line as it comes; `mask` takes secrets out of it first."""

    level: str = "TRACE"
    mask: Callable[[str], str] = str
    sink: Callable[[LogLine], None] | None = None
    lines: list[LogLine] = field(default_factory=list)

    def write(self, level: str, message: str) -> None:
        """Add one line, unless its level is below the task's."""
        self.add(LogLine(timestamp(), level, message))

    def add(self, line: LogLine) -> None:
        """Add one line that has its timestamp, unless its level is below the task's."""
        if LEVELS.index(line.level) < LEVELS.index(self.level):
            return
        line = LogLine(line.timestamp, line.level, self.mask(line.message))
        self.lines.append(line)
        if self.sink:
            self.sink(line)

    def trace(self, message: str) -> None:
        """Add a line of level TRACE."""
        self.write("TRACE", message)

    def debug(self, message: str) -> None:
        """Add a line of level DEBUG."""
        self.write("DEBUG", message)

    def info(self, message: str) -> None:
        """Add a line of level INFO."""
        self.write("INFO", message)

    def warn(self, message: str) -> None:
        """Add a line of level WARN."""
        self.write("WARN", message)

    def error(self, message: str) -> None:
        """Add a line of level ERROR."""
        self.write("ERROR", message)


@dataclass
class ExecutionContext:
    """What a plugin's `run` is given beside its parameters."""

    run: RunContext
    services: "Services"
    log: TaskLog
    task_type: str = ""
    directory: Path = field(default_factory=Path.cwd)
    """Working directory of the task run: fresh, or shared inside a WorkingDirectory; removed afterwards."""
    deadline: float | None = None
    """`time.monotonic()` at which the task is stopped; None where it has no timeout."""
    metrics: list[Metric] = field(default_factory=list)

    @property
    def http(self) -> "HttpClient":
        """The guarded HTTP client (async)."""
        return self.services.http

    @property
    def variables(self) -> Mapping[str, Any]:
        """What expressions see."""
        return self.run.variables

    @property
    def kv(self) -> "KeyValueStore":
        """The key-value store, every namespace; `context.run.namespace` is the flow's own."""
        return self.services.kv

    def remaining_seconds(self) -> float | None:
        """Say how long the task may still run; None where it has no timeout."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def render(self, template: str, extra: Mapping[str, Any] | None = None) -> str:
        """Render a template, such as a file holds: parameters arrive rendered. `extra` adds variables."""
        variables = {**self.variables, **extra} if extra else self.variables
        return expressions.render(template, variables, self.services.expressions(self.run))

    def get_secret(self, key: str) -> str:
        """Give a secret of the flow's namespace; `TaskFailed` names the key where it is missing."""
        return self.services.secrets.get(key, self.run.namespace)

    def upload(self, source: Path | bytes | Iterable[bytes], name: str | None = None) -> str:
        """Write a file of this task run to internal storage and give its kestra:/// URI."""
        return self.services.storage.upload(self.run, source, name)

    async def upload_stream(self, chunks: AsyncIterable[bytes], name: str) -> str:
        """Write a file of this task run as its chunks come, and give its kestra:/// URI; all or nothing."""
        return await self.services.storage.upload_stream(self.run, chunks, name)

    def download(self, uri: str, target: Path | None = None) -> Path:
        """Fetch a file of internal storage into the working directory and give its path."""
        return self.services.storage.download(self.run, uri, target or self.directory)

    def metric(self, name: str, value: float, kind: str = "counter", **tags: str) -> None:
        """Record a measurement; `kind` is counter, timer (value in milliseconds) or gauge."""
        self.metrics.append(Metric(name=name, type=kind, value=value, tags=tags))
