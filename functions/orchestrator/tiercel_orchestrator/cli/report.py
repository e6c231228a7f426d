"""What is shown when an execution is over: a table, its timeline, its outputs and where they lie."""

import json
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from tiercel.clock import parse_timestamp
from tiercel_orchestrator.cli.progress import STYLES, label
from tiercel_orchestrator.kernel.rows import Execution, TaskRun
from tiercel_orchestrator.views import elapsed

TIMELINE_WIDTH = 32
ROWS_AT_MOST = 60
OUTPUT_WIDTH = 100


def show(console: Console, execution: Execution, runs: Sequence[TaskRun], home: Path) -> None:
    """Print the report of an execution."""
    if runs:
        console.print(_table(execution, runs))
    _outputs(console, execution)
    style = STYLES.get(execution.state, ("dim", ""))[0]
    seconds = _seconds(elapsed(execution.history[0][1], execution.history[-1][1]))
    console.print(f"[{style}]{execution.state}[/] in {seconds}   execution [bold]{execution.id}[/]")
    console.print(
        f"[dim]outputs and files: {escape(str(home / 'storage'))}   logs: tiercel logs {execution.id}[/]"
    )


def _table(execution: Execution, runs: Sequence[TaskRun]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("task", no_wrap=True)
    table.add_column("state")
    table.add_column("attempts", justify="right")
    table.add_column("duration", justify="right")
    table.add_column("timeline", no_wrap=True)
    depths = _depths(runs)
    start = parse_timestamp(execution.history[0][1])
    whole = max(
        elapsed(execution.history[0][1], max(run.history[-1][1] for run in runs)), timedelta(milliseconds=1)
    )
    for run in runs[:ROWS_AT_MOST]:
        style = STYLES.get(run.state, ("", ""))[0]
        table.add_row(
            Text("  " * depths[run.id] + label(run)),
            Text(run.state, style),
            str(len(run.attempts)),
            _seconds(elapsed(run.history[0][1], run.history[-1][1])),
            _bar(
                (parse_timestamp(run.history[0][1]) - start) / whole,
                (parse_timestamp(run.history[-1][1]) - start) / whole,
                style,
            ),
        )
    if len(runs) > ROWS_AT_MOST:
        table.add_row(Text(f"… and {len(runs) - ROWS_AT_MOST} more", "dim"))
    return table


def _depths(runs: Sequence[TaskRun]) -> dict[str, int]:
    depths: dict[str, int] = {}
    for run in runs:
        depths[run.id] = depths.get(run.parent_id or "", -1) + 1
    return depths


def _bar(start: float, end: float, style: str) -> Text:
    first = min(int(start * TIMELINE_WIDTH), TIMELINE_WIDTH - 1)
    length = max(1, round((end - start) * TIMELINE_WIDTH))
    length = min(length, TIMELINE_WIDTH - first)
    rest = TIMELINE_WIDTH - first - length
    return Text.assemble(("·" * first, "dim"), ("━" * length, style), ("·" * rest, "dim"))


def _outputs(console: Console, execution: Execution) -> None:
    if not execution.outputs:
        return
    for name, value in execution.outputs.items():
        console.print(Text.assemble((f"{name} ", "bold"), short(value)))


def short(value: Any) -> str:
    """Write a value on one line, cut where it is long."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= OUTPUT_WIDTH else text[: OUTPUT_WIDTH - 1] + "…"


def _seconds(duration: timedelta) -> str:
    return f"{duration.total_seconds():.2f}s"
