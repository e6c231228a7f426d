"""Running a flow from its YAML."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent
from typing import Any, TypeAlias

import pytest

from tiercel import clock
from tiercel_orchestrator.local import open_engine
from tiercel_orchestrator.shell.starting import StartRequest
from tiercel_orchestrator.views import execution_view


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a flow: the Execution as the REST API shows it, and its log."""

    execution: dict[str, Any]
    logs: list[tuple[str, str]]

    @property
    def state(self) -> str:
        """The execution's state."""
        return str(self.execution["state"]["current"])

    @property
    def states(self) -> dict[str, str]:
        """Task id, with its value in an each -> state."""
        return {
            f"{run['taskId']}[{run['value']}]" if "value" in run else run["taskId"]: run["state"]["current"]
            for run in self.execution["taskRunList"]
        }

    def run(self, task_id: str, value: str | None = None) -> dict[str, Any]:
        """Find a task run."""
        return next(
            run
            for run in self.execution["taskRunList"]
            if run["taskId"] == task_id and run.get("value") == value
        )

    def outputs(self, task_id: str, value: str | None = None) -> Any:
        """Give the outputs of a task run."""
        return self.run(task_id, value)["outputs"]

    def said(self, text: str) -> bool:
        """Whether a log line holds a text."""
        return any(text in message for _, message in self.logs)


RunFlow: TypeAlias = Callable[..., Outcome]


@pytest.fixture
def run_flow(tmp_path: Path) -> RunFlow:
    """Give what runs flows: the last source is started, those before it are only kept."""

    def run(*sources: str, **inputs: Any) -> Outcome:
        return asyncio.run(_run(tmp_path, [dedent(source) for source in sources], inputs))

    return run


async def _run(home: Path, sources: list[str], inputs: dict[str, Any]) -> Outcome:
    async with open_engine(home) as engine:
        for source in sources:
            flow = await engine.in_store(engine.library.put, source, clock.now())
        execution = await engine.start(StartRequest(flow.namespace, flow.id, inputs=inputs))
        ended = await engine.wait(execution.id)
        runs = await engine.in_store(engine.store.task_runs, execution.id)
        logs = await engine.in_store(engine.store.logs, execution.id)
    return Outcome(execution_view(ended, runs), [(row.line.level, row.line.message) for row in logs])
