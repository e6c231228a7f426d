"""Call a plugin's `run`, on the loop or in a thread, until it ends or is cut short."""

import asyncio
import contextlib
import contextvars
import inspect
import threading
from collections.abc import Callable
from typing import Any, TypeVar, cast

from tiercel.context import ExecutionContext
from tiercel.errors import Cancelled, TiercelError
from tiercel.plugin import BaseParams, BasePlugin, PluginOutput

T = TypeVar("T")
GRACE_SECONDS = 5.0
"""How long a cancelled run may take to clean up before it is given up."""


class DeadlinePassed(TiercelError):
    """The task's timeout ran out; the task was told to stop."""


async def call(plugin: BasePlugin[Any, Any], params: BaseParams, context: ExecutionContext) -> PluginOutput:
    """Run a plugin; `DeadlinePassed` at its deadline. When it is cut short, its `cancel` is called."""
    if inspect.iscoroutinefunction(plugin.run):
        work: asyncio.Future[PluginOutput] = asyncio.ensure_future(plugin.run(params, context))
    else:
        work = in_thread(lambda: cast("PluginOutput", plugin.run(params, context)), name=context.task_type)
    try:
        done, _ = await asyncio.wait({work}, timeout=context.remaining_seconds())
    except asyncio.CancelledError:
        await stop(plugin, work)
        raise
    if not done:
        context.log.warn(f"Timeout of {context.run.timeout_seconds:g} s reached: the task is told to stop.")
        await stop(plugin, work)
        raise DeadlinePassed(
            f"Timeout: the task was stopped after {context.run.timeout_seconds:g} s; "
            "give it a longer `timeout`, or less to do."
        )
    if work.cancelled():
        raise Cancelled("The task cancelled itself.")
    return checked(work.result())


async def stop(plugin: BasePlugin[Any, Any], work: "asyncio.Future[Any]") -> None:
    """Tell a run to end, and give it some time to do so."""
    try:
        plugin.cancel()
    finally:
        # what it still raises is looked at, so that asyncio does not complain: the deadline is what counts
        work.add_done_callback(lambda ended: ended.cancelled() or ended.exception())
        if isinstance(work, asyncio.Task):
            work.cancel()
        await asyncio.wait({work}, timeout=GRACE_SECONDS)


def in_thread(work: Callable[[], T], name: str = "tiercel") -> "asyncio.Future[T]":
    """Run blocking work in a thread of its own.

    Not in a pool: a driver that never comes back would hold a worker for ever, and the process at its end.
    """
    loop = asyncio.get_running_loop()
    future: asyncio.Future[T] = loop.create_future()
    variables = contextvars.copy_context()

    def settle(result: T | None, error: BaseException | None) -> None:
        if future.done():
            return
        if error is not None:
            future.set_exception(error)
        else:
            future.set_result(result)  # type: ignore[arg-type]

    def body() -> None:
        result: T | None = None
        error: BaseException | None = None
        try:
            result = variables.run(work)
        except BaseException as raised:  # SystemExit from a library, too: it must not vanish in a thread
            error = RuntimeError(f"{type(raised).__name__} in a thread") if fatal(raised) else raised
        with contextlib.suppress(RuntimeError):  # the loop was closed meanwhile: nobody waits any more
            loop.call_soon_threadsafe(settle, result, error)

    threading.Thread(target=body, name=name, daemon=True).start()
    return future


def fatal(error: BaseException) -> bool:
    """Say whether a future cannot carry an error: asyncio takes these for the end of the program."""
    return isinstance(error, StopIteration | KeyboardInterrupt | SystemExit)


def checked(output: object) -> PluginOutput:
    """Make sure that a plugin gave what its contract says."""
    if isinstance(output, PluginOutput):
        return output
    raise TypeError(
        f"run returned {type(output).__name__}, not PluginOutput; end it with `return success(…)`"
    )
