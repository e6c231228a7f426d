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
from tiercel_orchestrator.cli.progress import STYLES, label, tree
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.rows import Execution, TaskRun
from tiercel_orchestrator.views import elapsed

TIMELINE_WIDTH = 32
WIDE = 72
"""Columns of a terminal that has room for the timeline."""
ROWS_AT_MOST = 60
OUTPUT_WIDTH = 100


def show(console: Console, execution: Execution, runs: Sequence[TaskRun], home: Path) -> None:
    """Print the report of an execution."""
    if runs:
        console.print()
        console.print(_table(execution, runs, timeline=console.width >= WIDE))
        console.print()
    _outputs(console, execution)
    style = STYLES.get(execution.state, ("dim", ""))[0]
    seconds = _seconds(elapsed(execution.history[0][1], execution.history[-1][1]))
    console.print(f"[{style}]{execution.state}[/] in {seconds}   execution [bold]{execution.id}[/]")
    console.print(
        f"[dim]outputs and files: {escape(str(home / 'storage'))}   logs: tiercel logs {execution.id}[/]"
    )


def _table(execution: Execution, runs: Sequence[TaskRun], timeline: bool) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    table.add_column("task", no_wrap=True)
    table.add_column("state", no_wrap=True, min_width=8)
    table.add_column("attempts", justify="right")
    table.add_column("duration", justify="right")
    if timeline:
        table.add_column("timeline", no_wrap=True)
    start = parse_timestamp(execution.history[0][1])
    whole = max(
        elapsed(execution.history[0][1], max(run.history[-1][1] for run in runs)), timedelta(milliseconds=1)
    )
    shown = _shown(tree(runs))
    for run, depth in shown:
        style = STYLES.get(run.state, ("", ""))[0]
        began, ended = (parse_timestamp(run.history[index][1]) for index in (0, -1))
        cells: list[str | Text] = [
            Text("  " * depth + label(run)),
            Text(run.state, style),
            str(len(run.attempts)),
            _seconds(ended - began),
            _bar((began - start) / whole, (ended - start) / whole, style),
        ]
        table.add_row(*cells[: len(table.columns)])
    if len(runs) > len(shown):
        table.add_row(Text(f"… and {len(runs) - len(shown)} more", "dim"))
    return table


def _shown(rows: list[tuple[TaskRun, int]]) -> list[tuple[TaskRun, int]]:
    """Give the first rows, and of the others those that did not go well."""
    unwell = [row for row in rows[ROWS_AT_MOST:] if row[0].state not in (states.SUCCESS, states.SKIPPED)]
    return rows[:ROWS_AT_MOST] + unwell[:ROWS_AT_MOST]


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
