"""Running and following executions from a terminal."""

import asyncio
import contextlib
import json
import logging
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tiercel import clock
from tiercel.errors import InvalidFlow
from tiercel.flows.reading import examine
from tiercel.plugin import LogLine
from tiercel.registry import Registry
from tiercel_orchestrator.cli import exits, report, say
from tiercel_orchestrator.cli.inputs import with_files, with_remedy
from tiercel_orchestrator.cli.progress import Lines, LiveTree, Progress, Silent
from tiercel_orchestrator.kernel import states
from tiercel_orchestrator.kernel.rows import Execution, TaskRun
from tiercel_orchestrator.local import made, open_engine
from tiercel_orchestrator.shell.engine import Engine
from tiercel_orchestrator.shell.operations import Operations, Standing
from tiercel_orchestrator.shell.pump import OUTAGE
from tiercel_orchestrator.shell.starting import StartRequest
from tiercel_orchestrator.store.port import Change
from tiercel_orchestrator.views import execution_view

LOG_FILE = "tiercel.log"
AGAIN_AFTER_SECONDS = 30.0
SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(slots=True)
class Watch:
    """How a run is shown; the engine reports here before anybody looks."""

    home: Path
    store: str | None = None
    quiet: bool = False
    as_json: bool = False
    progress: Progress | None = None

    @asynccontextmanager
    async def engine(self) -> AsyncIterator[Engine]:
        """Open an engine that claims nothing yet, and reports here."""
        told = OncePerOutage(self.troubled)
        logging.getLogger(OUTAGE).addHandler(told)
        try:
            async with open_engine(
                self.home, self.store, listener=self.changed, log_sink=self.said, claiming=False
            ) as engine:
                yield engine
        finally:
            logging.getLogger(OUTAGE).removeHandler(told)

    def troubled(self, message: str) -> None:
        """Pass on why nothing goes on."""
        self._show(lambda progress: progress.troubled(message))

    def changed(self, change: Change) -> None:
        """Pass a change on."""
        self._show(lambda progress: progress.changed(change))

    def said(self, run: TaskRun, line: LogLine) -> None:
        """Pass a task's line on."""
        self._show(lambda progress: progress.said(run, line))

    def _show(self, what: Callable[[Progress], None]) -> None:
        """Show progress; when nobody reads it any more, the execution goes on unseen."""
        if self.progress is None:
            return
        try:
            what(self.progress)
        except OSError:
            self.progress = Silent()

    def begin(self, execution: Execution) -> Progress:
        """Choose how to show progress: a live tree on a terminal, lines in a pipe, else nothing."""
        title = f"{execution.namespace}/{execution.flow_id}"
        if self.as_json or self.quiet:
            self.progress = Silent()
        elif say.out.is_terminal:
            self.progress = LiveTree(say.out, title)
        else:
            self.progress = Lines(say.out, execution.id)
        return self.progress


class OncePerOutage(logging.Handler):
    """Tells of an outage of the store when it begins, and not again for a while."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        super().__init__()
        self.tell = tell
        self.told: float | None = None

    def emit(self, record: logging.LogRecord) -> None:
        """Tell what is logged."""
        if self.told is None or record.created - self.told > AGAIN_AFTER_SECONDS:
            self.told = record.created
            self.tell(record.getMessage())


def log_to(home: Path) -> None:
    """Write what is for us, tracebacks of our own bugs, to a file and not over the user's terminal."""
    made(home)
    logging.raiseExceptions = False  # where the disk is full, the log of it is too
    handler = logging.FileHandler(home / LOG_FILE, delay=True)
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])


async def run_flow(
    file: Path,
    given: Mapping[str, str],
    labels: Mapping[str, str],
    watch: Watch,
    *,
    schedule_date: str | None = None,
    leaf_outputs: bool = False,
) -> int:
    """Keep the flow, start it, watch it to its end; give the exit code."""
    source = read_source(file)
    if not (watch.quiet or watch.as_json):
        say.problems(file, examine(source, Registry.installed()).warnings)
    async with watch.engine() as engine:
        flow = await engine.in_store(engine.library.put, source, clock.now(), str(file))
        request = StartRequest(
            flow.namespace,
            flow.id,
            flow.revision,
            with_files(flow, given, file),
            labels=dict(labels),
            schedule_date=schedule_date,
            leaf_outputs=leaf_outputs,
        )
        try:
            execution = await engine.prepare(request)
        except InvalidFlow as error:
            raise with_remedy(flow, error) from error
        with watch.begin(execution):
            engine.only(execution.root_id)
            await engine.create(execution)
            ended = await _watch(engine, execution)
        return await _report(engine, ended, watch)


async def follow(execution_id: str, watch: Watch) -> int:
    """Take up an execution where it was left, or show how it ended; Ctrl-C leaves it as it is."""
    async with watch.engine() as engine:
        execution = await engine.execution(execution_id)
        with watch.begin(execution) as progress:
            runs = await engine.in_store(engine.store.task_runs, execution_id)
            progress.changed(Change(execution, runs))
            engine.only(execution.root_id)
            ended = await _watch(engine, execution, ours=False)
        return await _report(engine, ended, watch)


async def resume(execution_id: str, given: Mapping[str, str], watch: Watch) -> int:
    """Go on with what is paused in an execution, and watch it to its end."""
    async with watch.engine() as engine:
        execution = await engine.execution(execution_id)
        with watch.begin(execution):
            await engine.operations.resume(execution_id, dict(given))
            engine.only(execution.root_id)
            ended = await _watch(engine, execution)
        return await _report(engine, ended, watch)


async def operate(verb: Callable[[Operations], Awaitable[Standing]], watch: Watch, *, follow: bool) -> int:
    """Do something with an execution; with `follow`, watch what comes of it to its end."""
    async with watch.engine() as engine:
        standing = await verb(engine.operations)
        execution = standing.execution
        if follow:
            with watch.begin(execution) as progress:
                progress.changed(Change(execution, standing.runs))
                engine.only(execution.root_id)
                execution = await _watch(engine, execution)
        return await _report(engine, execution, watch)


async def remove(verb: Callable[[Operations], Awaitable[None]], watch: Watch) -> int:
    """Do something after which an execution is no more."""
    async with watch.engine() as engine:
        await verb(engine.operations)
    return exits.OK


async def kill(execution_id: str, watch: Watch) -> int:
    """End an execution; one that has ended stays as it is."""
    async with watch.engine() as engine:
        execution = await engine.execution(execution_id)
        await engine.kill(execution.id)
        return await _report(engine, await engine.execution(execution_id), watch)


async def _watch(engine: Engine, execution: Execution, *, ours: bool = True) -> Execution:
    """Wait for the end; Ctrl-C and a polite kill end an execution of ours, and leave another."""
    loop = asyncio.get_running_loop()
    idle = asyncio.create_task(_end_of(engine, execution))
    asked = asyncio.Event()
    for number in SIGNALS:
        loop.add_signal_handler(number, asked.set)
    stopped = asyncio.create_task(asked.wait())
    try:
        await asyncio.wait({idle, stopped}, return_when=asyncio.FIRST_COMPLETED)
        if asked.is_set() and not ours:
            idle.cancel()
            return await engine.execution(execution.id)
        if asked.is_set():
            await engine.kill_tree(execution.root_id)
        return await idle
    finally:
        stopped.cancel()
        for number in SIGNALS:
            with contextlib.suppress(ValueError):
                loop.remove_signal_handler(number)


async def _end_of(engine: Engine, execution: Execution) -> Execution:
    """Wait for an execution, and for those that a retry starts in its place."""
    ended = await engine.wait_until_idle(execution.id)
    while ended.state == states.RETRIED:
        ended = await engine.wait_until_idle((await engine.next_attempt(ended)).id)
    # a Subflow that nobody waits for runs to its end, too
    await engine.wait_for_tree(ended.root_id)
    return ended


async def _report(engine: Engine, execution: Execution, watch: Watch) -> int:
    runs = await engine.patiently(engine.store.task_runs, execution.id)
    if watch.as_json:
        print_json(execution_view(execution, runs))
    else:
        code = exits.code_of(execution.state)
        if watch.quiet:
            await _print_failures(engine, execution)
        else:
            report.show(say.out, execution, runs, watch.home)
        if execution.state not in states.ENDED and code != exits.LEFT_PAUSED:
            say.out.print(f"[dim]not ended; go on with: tiercel follow {execution.id}[/]")
        if code == exits.LEFT_PAUSED:
            say.out.print(f"[dim]paused; go on with: tiercel resume {execution.id}[/]")
    return exits.code_of(execution.state)


async def _print_failures(engine: Engine, execution: Execution) -> None:
    for row in await engine.in_store(engine.store.logs, execution.id):
        if row.line.level == "ERROR":
            say.err.print(f"{row.task_id or 'flow'}: {row.line.message}", markup=False)


def read_source(file: Path) -> str:
    """Read a flow's file; `InvalidFlow` says why it cannot be read."""
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise InvalidFlow(f"There is no file {file}; give the path of a flow in YAML.") from error
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidFlow(
            f"{file} cannot be read: {error}; give the path of a flow in YAML, encoded in UTF-8."
        ) from error


def print_json(value: Any) -> None:
    """Write one JSON document to stdout, and nothing else."""
    json.dump(value, sys.stdout, ensure_ascii=False, indent=2)
    sys.stdout.write("\n")
