"""What the executions of a ForEachItem gave, in one file."""

import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tiercel.envelope import RunContext
from tiercel.expressions.ion_lines import ion_lines
from tiercel.services import Services
from tiercel_orchestrator.kernel.rows import TaskRun

FILE = "outputs.ion"


def merge(batches: Sequence[TaskRun], context: RunContext, services: Services) -> dict[str, Any]:
    """Write the outputs of each execution on a line of its own; gives nothing where none has any."""
    given = [outputs for run in batches if (outputs := (run.outputs or {}).get("outputs"))]
    if not given:
        return {}
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory) / FILE
        with path.open("wb") as sink:
            sink.writelines(ion_lines(given))
        return {"subflowOutputs": services.storage.upload(context, path, FILE)}
