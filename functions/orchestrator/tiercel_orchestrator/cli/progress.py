"""Progress of an execution as it runs: a live tree on a terminal, plain lines in a pipe."""

import time
from collections import Counter, defaultdict
from collections.abc import Iterable
from types import TracebackType
from typing import Protocol

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.text import Text

from tiercel.plugin import LogLine
from tiercel_orchestrator.cli import say
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.rows import TaskRun
from tiercel_orchestrator.store.port import Change
from tiercel_orchestrator.views import loops_of

STYLES = {
    states.SUCCESS: ("green", "✓"),
    states.WARNING: ("yellow", "!"),
    states.FAILED: ("red", "✗"),
    states.KILLED: ("red", "■"),
    states.CANCELLED: ("red", "■"),
    states.SKIPPED: ("dim", "·"),
    states.PAUSED: ("cyan", "‖"),
    states.RETRYING: ("yellow", "↻"),
}
LEVEL_STYLES = {"ERROR": "red", "WARN": "yellow", "DEBUG": "dim", "TRACE": "dim"}
VALUE_WIDTH = 40
SHOWN_AT_MOST = 24
LINES_BESIDE = 3
"""Lines of a terminal that the tree leaves: its title, what is hidden, and the cursor's."""


class Progress(Protocol):
    """Somebody who watches an execution."""

    def changed(self, change: Change) -> None:
        """See what a commit changed."""

    def said(self, run: TaskRun, line: LogLine) -> None:
        """See a line of a task that runs."""

    def troubled(self, message: str) -> None:
        """See why nothing goes on for the moment."""

    def __enter__(self) -> "Progress": ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Silent:
    """Watch without a word, as long as it goes on."""

    def changed(self, change: Change) -> None:
        """Say nothing."""

    def said(self, run: TaskRun, line: LogLine) -> None:
        """Say nothing."""

    def troubled(self, message: str) -> None:
        """Say it where no result stands: somebody waits for one."""
        say.err.print(message, style="yellow", markup=False)

    def __enter__(self) -> "Silent":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


def label(run: TaskRun) -> str:
    """Name a task run: its task, and its value in an each."""
    if run.value is None:
        return str(run.task_id)
    value = run.value if len(run.value) <= VALUE_WIDTH else run.value[: VALUE_WIDTH - 1] + "…"
    return f"{run.task_id}[{value}]"


def tree(runs: Iterable[TaskRun]) -> list[tuple[TaskRun, int]]:
    """Order task runs as a tree, each below its parent, with its depth."""
    known = {run.id: run for run in runs}
    loops = loops_of(known.values())
    children: defaultdict[str | None, list[TaskRun]] = defaultdict(list)
    for run in known.values():
        parent = loops.get(run.parent_id or "", run.parent_id)
        children[parent if parent in known else None].append(run)
    ordered = []
    waiting = [(run, 0) for run in reversed(children[None])]
    while waiting:
        run, depth = waiting.pop()
        ordered.append((run, depth))
        waiting += [(child, depth + 1) for child in reversed(children[run.id])]
    return ordered


class Lines(Silent):
    """One line per log line and per state, for pipes and files."""

    def __init__(self, console: Console, execution_id: str) -> None:
        self.console = console
        self.execution_id = execution_id
        self._seen: dict[str, str] = {}

    def __enter__(self) -> "Lines":
        return self

    def said(self, run: TaskRun, line: LogLine) -> None:
        """Print a task's line."""
        self._line(line.timestamp, line.level, label(run), line.message)

    def changed(self, change: Change) -> None:
        """Print the states that task runs entered, and what the engine itself said of them."""
        names = {run.id: label(run) for run in change.runs if run.task_id}
        for run_id, line in change.logs:
            self._line(line.timestamp, line.level, names.get(run_id or "", "flow"), line.message)
        for run in change.runs:
            if run.task_id and self._seen.get(run.id) != run.state:
                self._seen[run.id] = run.state
                self._line(run.history[-1][1], "STATE", label(run), run.state)

    def _line(self, at: str, level: str, name: str, message: str) -> None:
        self.console.print(f"{at} {level:<5} {name}: {message}", markup=False)


class LiveTree(Silent):
    """A tree of task runs that changes in place; log lines scroll by above it."""

    def __init__(self, console: Console, title: str) -> None:
        self.console = console
        self.title = title
        self.runs: dict[str, TaskRun] = {}
        self.started = time.monotonic()
        self._live = Live(console=console, get_renderable=self._render, refresh_per_second=12, transient=True)
        self._spinner = Spinner("dots", style="cyan")

    def __enter__(self) -> "LiveTree":
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._live.stop()

    def said(self, run: TaskRun, line: LogLine) -> None:
        """Let a task's line scroll by."""
        self._log(label(run), line)

    def changed(self, change: Change) -> None:
        """Take over what changed."""
        for run in change.runs:
            if run.shown:
                self.runs[run.id] = run
        for run_id, line in change.logs:
            known = self.runs.get(run_id or "")
            self._log(label(known) if known else "flow", line)

    def troubled(self, message: str) -> None:
        """Let it scroll by."""
        self._live.console.print(Text(message, style="yellow"))

    def _log(self, name: str, line: LogLine) -> None:
        text = Text.assemble((f"{line.timestamp[11:19]} ", "dim"), (f"{name} ", "cyan"))
        # a script's own colours are kept; what would move the cursor or clear the terminal is not
        text.append_text(Text.from_ansi(line.message, style=LEVEL_STYLES.get(line.level, "")))
        self._live.console.print(text)

    def _render(self) -> RenderableType:
        seconds = time.monotonic() - self.started
        runs = list(self.runs.values())  # the display's own thread reads what the engine's writes
        counts = Counter(run.state for run in runs)
        summary = ", ".join(f"{count} {state}" for state, count in sorted(counts.items()))
        head = Text.assemble((self.title, "bold"), (f"  {seconds:.1f}s  {summary}", "dim"))
        return Group(head, *self._rows(runs))

    def _rows(self, runs: list[TaskRun]) -> list[RenderableType]:
        ordered = tree(runs)
        room = max(1, min(SHOWN_AT_MOST, self.console.height - LINES_BESIDE))
        excess = max(0, len(ordered) - room)
        # what is over goes first, the oldest before the newest: what runs is what a user waits for
        over = [index for index, (run, _) in enumerate(ordered) if run.state in states.ENDED]
        hidden = set(over[:excess])
        shown = [row for index, row in enumerate(ordered) if index not in hidden][-room:]
        rows: list[RenderableType] = [Text(f"  … {excess} more", "dim")] if excess else []
        return rows + [self._row(run, depth) for run, depth in shown]

    def _row(self, run: TaskRun, depth: int) -> RenderableType:
        style, symbol = STYLES.get(run.state, ("cyan", ""))
        symbol = symbol or str(self._spinner.render(time.monotonic()))
        return Text.assemble("  " * (depth + 1), (f"{symbol} {label(run)}", style))
