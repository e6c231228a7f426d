"""The dispatcher under all doors: run one task for an envelope, and answer with its result."""

import contextlib
import dataclasses
import logging
import os
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from pydantic_core import PydanticSerializationError, from_json, to_json

from tiercel import clock, expressions
from tiercel.calling import call, in_thread
from tiercel.context import ExecutionContext, TaskLog
from tiercel.envelope import Envelope, Metric, Result, RunContext, WireError, WireLog, WireProblem
from tiercel.errors import Snooze, TiercelError
from tiercel.masking import Masker
from tiercel.offload import LIMIT_BYTES, offload, stored
from tiercel.outcomes import wire_error, wire_plan
from tiercel.plugin import BaseParams, BasePlugin, JsonObject, LogLine, PluginOutput, State
from tiercel.registry import Family
from tiercel.rendering import has_template, render_params, secrets_in, shape_of
from tiercel.secrets import Secrets
from tiercel.services import Services
from tiercel.validation import validate

logger = logging.getLogger("tiercel.runtime")
Sink = Callable[[LogLine], None]
LAST_LINES = 100
"""How many log lines an answer still shows when all of them are too many."""


class WatchedSecrets:
    """Mask every secret that a task asks for."""

    def __init__(self, secrets: Secrets, masker: Masker) -> None:
        self.secrets = secrets
        self.masker = masker

    def get(self, key: str, namespace: str) -> str:
        """Give a secret, and mask it from now on."""
        value = self.secrets.get(key, namespace)
        self.masker.add(value)
        return value


async def execute(
    envelope: Envelope, family: Family, services: Services, *, sink: Sink | None = None
) -> Result:
    """Run the task of an envelope; whatever goes wrong is a result, too.

    `sink` sees each log line as it comes, in whichever thread the task runs; with one, the log stays in the
    result however long it is.
    Cancelling the asyncio task that awaits this stops the plugin by its `cancel`.
    """
    return await TaskRun(envelope, family, services, sink).execute()


NOT_MADE = Path()


class TaskContext(ExecutionContext):
    """Make the working directory when the task first asks: most never do, and it is most of their cost."""

    @property
    def directory(self) -> Path:
        """Give the working directory."""
        if not self.directory_made:
            self._directory = fresh_directory()
        return self._directory

    @directory.setter
    def directory(self, value: Path) -> None:
        self._directory = value

    @property
    def directory_made(self) -> bool:
        """Say whether there is one."""
        return self._directory is not NOT_MADE


class TaskRun:
    """One envelope on its way through the runtime."""

    def __init__(self, envelope: Envelope, family: Family, services: Services, sink: Sink | None) -> None:
        self.started = time.monotonic()
        self.envelope = envelope
        self.family = family
        self.masker = Masker()
        for value in envelope.context.masked:
            self.masker.add(value)
        self.services = services.under(envelope.token)
        self.services.secrets = WatchedSecrets(self.services.secrets, self.masker)
        self.log = TaskLog(envelope.context.log_level, self.masker.text, sink)
        self.metrics: list[Metric] = []

    @property
    def run(self) -> RunContext:
        """Give on whose behalf the task runs."""
        return self.envelope.context

    async def execute(self) -> Result:
        """Run the task and word its outcome."""
        try:
            return await self.succeed(await self.perform())
        except Snooze as signal:
            return await self.answer(State.SKIPPED, snooze_until=clock.timestamp(signal.until))
        except TiercelError as error:
            return await self.fail(wire_error(error), getattr(error, "data", {}))
        except Exception as error:
            return await self.fail(self.bug(error))

    async def perform(self) -> PluginOutput:
        """Find the plugin, make its parameters, and run it in its working directory."""
        plugin = self.family.load(self.family.plugin(self.envelope.task_type))
        params = await self.prepare(plugin)
        context = TaskContext(
            self.run,
            self.services,
            self.log,
            self.envelope.task_type,
            Path(self.run.working_directory) if self.run.working_directory else NOT_MADE,
            self.deadline,
            self.metrics,
        )
        try:
            return await self.run_in(context, plugin(), params)
        finally:
            if not self.run.working_directory and context.directory_made:
                await remove(context.directory)

    async def run_in(
        self, context: ExecutionContext, plugin: BasePlugin[Any, Any], params: BaseParams
    ) -> PluginOutput:
        """Run the plugin among the files of a shared directory, if it has one; a failure leaves its, too."""
        shared = self.run.shared_directory
        if shared is None:
            return await call(plugin, params, context)
        from tiercel.shared_directories import lay_out, leave  # seldom needed

        storage = self.services.storage
        await in_thread(lambda: lay_out(shared, context.directory, self.run, storage))
        try:
            output = await call(plugin, params, context)
        except Exception:
            with contextlib.suppress(TiercelError):
                await in_thread(lambda: leave(shared, context.directory, self.run, storage))
            raise
        await in_thread(lambda: leave(shared, context.directory, self.run, storage))
        return output

    @property
    def deadline(self) -> float | None:
        """Give the moment at which the task is stopped; what came before its `run` counts."""
        return None if self.run.timeout_seconds is None else self.started + self.run.timeout_seconds

    async def prepare(self, plugin: type[BasePlugin[Any, Any]]) -> BaseParams:
        """Render and validate the parameters, off the loop where a template may wait for something."""
        if may_wait(self.envelope.params, self.run.variables):
            return await in_thread(lambda: self.parameters(plugin))
        return self.parameters(plugin)

    def parameters(self, plugin: type[BasePlugin[Any, Any]]) -> BaseParams:
        """Render and validate the parameters."""
        shape = shape_of(plugin)
        services = self.services.expressions(self.run)
        rendered = render_params(
            shape,
            self.envelope.params,
            lambda text: expressions.render(text, self.run.variables, services),
            lambda text: expressions.evaluate(text, self.run.variables, services),
        )
        for secret in secrets_in(shape, rendered):
            self.masker.add(secret)
        return validate(plugin, rendered, self.envelope.task_type)

    async def succeed(self, output: PluginOutput) -> Result:
        """Answer with what the plugin gave, which may still be a failure."""
        for line in output.logs:
            self.log.add(line)
        error = None
        if output.state is State.FAILED:
            said = [line.message for line in output.logs if line.level == "ERROR"]
            message = self.masker.text(said[-1]) if said else "The task ended FAILED; its log says why."
            error = WireError(kind="TaskFailed", message=message)
        return await self.answer(output.state, output.data, plan=wire_plan(output), error=error)

    async def fail(self, error: WireError, data: Mapping[str, Any] | None = None) -> Result:
        """Answer with an error, which the log shows, too."""
        self.log.error(error.message)
        masked = error.model_copy(
            update={
                "message": self.masker.text(error.message),
                "problems": [self.masked(problem) for problem in error.problems],
            }
        )
        try:
            return await self.answer(State.FAILED, data, error=masked)
        except PydanticSerializationError:  # what failed stays the news
            return await self.answer(State.FAILED, error=masked)

    def masked(self, problem: WireProblem) -> WireProblem:
        """Take secrets out of a problem."""
        return problem.model_copy(update={"message": self.masker.text(problem.message)})

    async def answer(self, state: State, data: Mapping[str, Any] | None = None, **more: Any) -> Result:
        """Make the result: JSON values only, masked, and not too big."""
        # through JSON, so that every door gives the same values: "NaN" as Kestra writes it, text as keys
        content = to_json(dict(data or {}), inf_nan_mode="strings")
        values: JsonObject = self.masker.value(from_json(content))
        if len(content) > LIMIT_BYTES:
            values = await in_thread(lambda: offload(values, self.run, self.services.storage))
        logs, logs_ref = await self.logs()
        return Result(
            state=state,
            data=values,
            logs=logs,
            logs_ref=logs_ref,
            metrics=self.metrics,
            duration_seconds=round(time.monotonic() - self.started, 6),
            **more,
        )

    async def logs(self) -> tuple[list[WireLog], JsonObject | None]:
        """Give the log lines, or the last of them and a reference to all."""
        lines = [WireLog.model_construct(**dataclasses.asdict(line)) for line in self.log.lines]
        if self.log.sink or sum(len(line.message) + 64 for line in lines) <= LIMIT_BYTES:
            return lines, None
        reference = await in_thread(lambda: stored(lines, "log.json", self.run, self.services.storage))
        return lines[-LAST_LINES:], reference

    def bug(self, error: Exception) -> WireError:
        """Log a traceback for us, and word a message without values for the user."""
        trace = "".join(traceback.format_exception(error))
        logger.error(
            "%s failed in task run %s\n%s",
            self.envelope.task_type,
            self.run.task_run_id,
            self.masker.text(trace),
        )
        frames = [frame for frame in traceback.extract_tb(error.__traceback__) if frame.filename[:1] != "<"]
        place = f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}"
        return WireError(
            kind="Bug",
            message=f"{self.envelope.task_type} failed by a bug ({type(error).__name__} at {place}); "
            "the server's log has the traceback, please report it.",
        )


def may_wait(params: Mapping[str, Any], variables: Mapping[str, Any]) -> bool:
    """Say whether rendering may block: a template calls a function, or a value lies in internal storage."""
    if not has_template(params):
        return False
    return calls_function(params) or has_reference(variables)


def calls_function(value: Any) -> bool:
    """Say whether a template in a value has a call in it; wrongly yes costs a thread, nothing else."""
    if isinstance(value, str):
        return "(" in value and has_template(value)
    if isinstance(value, Mapping):
        return any(map(calls_function, value.values()))
    return isinstance(value, list) and any(map(calls_function, value))


def has_reference(value: Any) -> bool:
    """Say whether a big value was left in internal storage."""
    if isinstance(value, Mapping):
        return "$ref" in value or any(map(has_reference, value.values()))
    return isinstance(value, list) and any(map(has_reference, value))


def fresh_directory() -> Path:
    """Make an empty directory that nobody else may enter."""
    import tempfile

    return Path(tempfile.mkdtemp(prefix="tiercel-"))


async def remove(directory: Path) -> None:
    """Remove a working directory and what was left in it."""
    with contextlib.suppress(OSError):
        os.rmdir(directory)  # noqa: PTH106 - the common case, an empty one, without a thread
        return
    import shutil

    await in_thread(lambda: shutil.rmtree(directory, ignore_errors=True))
