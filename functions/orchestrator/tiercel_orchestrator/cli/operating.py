"""The verbs on executions that are there: restart, replay, pause, queue, states and labels."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from tiercel.errors import InvalidFlow
from tiercel_orchestrator.cli.inputs import parse_pairs, with_files
from tiercel_orchestrator.cli.options import AsJson, ExecutionId, Home, Quiet, StoreUrl, finish, watch_of
from tiercel_orchestrator.cli.running import operate, remove
from tiercel_orchestrator.shell.engine import Engine
from tiercel_orchestrator.shell.operations import Operations, Standing

Verb = Callable[[Operations], Awaitable[Standing]]
Revision = Annotated[int | None, typer.Option("--revision", min=1, help="The flow's revision to run.")]
State = Annotated[str, typer.Argument(metavar="STATE", help="SUCCESS, WARNING, FAILED, KILLED or CANCELLED.")]
TaskName = Annotated[str, typer.Argument(metavar="TASK", help="A task run's id, or the id of its task.")]


def add_to(app: typer.Typer) -> None:
    """Add these verbs to the command line."""
    for name, command in (
        ("restart", restart),
        ("replay", replay),
        ("pause", pause),
        ("force-run", force_run),
        ("unqueue", unqueue),
        ("mark", mark),
        ("change-status", change_status),
        ("labels", labels),
        ("delete", delete),
    ):
        app.command(name)(command)


def restart(
    execution_id: ExecutionId,
    revision: Revision = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    home: Home = None,
    store: StoreUrl = None,
) -> None:
    """Run again what has failed in an execution; on another revision, in an execution of its own."""
    _go(lambda verbs: verbs.restart(execution_id, revision=revision), home, store, quiet, as_json)


def replay(
    execution_id: ExecutionId,
    from_: Annotated[
        str | None,
        typer.Option(
            "--from", metavar="TASK", help="A task run's id, or the id of its task: all that follows."
        ),
    ] = None,
    inputs: Annotated[
        list[str] | None,
        typer.Option(
            "--input",
            "-i",
            metavar="NAME=VALUE",
            help="In place of all inputs that it had; a FILE takes a path.",
        ),
    ] = None,
    revision: Revision = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    home: Home = None,
    store: StoreUrl = None,
) -> None:
    """Run an ended execution again as a new one: all of it, or from a task run on."""

    async def verb(verbs: Operations) -> Standing:
        run_id = await _run_named(verbs.engine, execution_id, from_) if from_ else None
        given = await _inputs_of(verbs, execution_id, inputs) if inputs else None
        return await verbs.replay(execution_id, run_id, revision=revision, inputs=given)

    _go(verb, home, store, quiet, as_json)


def pause(
    execution_id: ExecutionId,
    as_json: AsJson = False,
    quiet: Quiet = False,
    home: Home = None,
    store: StoreUrl = None,
) -> None:
    """Let a running execution stand still: what runs ends, and nothing more starts."""
    _stay(lambda verbs: verbs.pause(execution_id), home, store, quiet, as_json)


def force_run(
    execution_id: ExecutionId,
    as_json: AsJson = False,
    quiet: Quiet = False,
    home: Home = None,
    store: StoreUrl = None,
) -> None:
    """Start an execution that is queued or waits for its date, whatever it waits for."""
    _go(lambda verbs: verbs.force_run(execution_id), home, store, quiet, as_json)


def unqueue(
    execution_id: ExecutionId,
    state: Annotated[str, typer.Option("--state", help="RUNNING, CANCELLED or FAILED.")] = "RUNNING",
    as_json: AsJson = False,
    quiet: Quiet = False,
    home: Home = None,
    store: StoreUrl = None,
) -> None:
    """Take an execution out of its flow's queue: start it, or end it."""
    _go(lambda verbs: verbs.unqueue(execution_id, state.upper()), home, store, quiet, as_json)


def mark(
    execution_id: ExecutionId,
    task: TaskName,
    state: State,
    as_json: AsJson = False,
    quiet: Quiet = False,
    home: Home = None,
    store: StoreUrl = None,
) -> None:
    """Put a task run of an ended execution into a state, and go on from there."""

    async def verb(verbs: Operations) -> Standing:
        run_id = await _run_named(verbs.engine, execution_id, task)
        return await verbs.mark(execution_id, run_id, state.upper())

    _go(verb, home, store, quiet, as_json)


def change_status(
    execution_id: ExecutionId,
    state: State,
    as_json: AsJson = False,
    quiet: Quiet = False,
    home: Home = None,
    store: StoreUrl = None,
) -> None:
    """Put an ended execution into another last state; nothing runs again."""
    _stay(lambda verbs: verbs.change_status(execution_id, state.upper()), home, store, quiet, as_json)


def labels(
    execution_id: ExecutionId,
    pairs: Annotated[list[str], typer.Argument(metavar="KEY=VALUE…", help="The labels to set.")],
    as_json: AsJson = False,
    quiet: Quiet = False,
    home: Home = None,
    store: StoreUrl = None,
) -> None:
    """Set labels of an ended execution; the others stay."""
    _stay(lambda verbs: verbs.set_labels(execution_id, parse_pairs(pairs)), home, store, quiet, as_json)


def delete(
    execution_id: ExecutionId,
    keep_logs: Annotated[bool, typer.Option("--keep-logs", help="Not its log lines.")] = False,
    keep_files: Annotated[bool, typer.Option("--keep-files", help="Not its files in storage.")] = False,
    home: Home = None,
    store: StoreUrl = None,
) -> None:
    """Remove an ended execution, with its task runs, logs, metrics and files; what it started stays."""

    async def verb(verbs: Operations) -> None:
        await verbs.delete(execution_id, keep_logs=keep_logs, keep_files=keep_files)

    finish(remove(verb, watch_of(home, store, quiet=True, as_json=False)))


def _go(verb: Verb, home: Home, store: StoreUrl, quiet: bool, as_json: bool) -> None:
    """Do it, and watch the execution to its end."""
    finish(operate(verb, watch_of(home, store, quiet, as_json), follow=True))


def _stay(verb: Verb, home: Home, store: StoreUrl, quiet: bool, as_json: bool) -> None:
    """Do it, and show the execution as it stands then."""
    finish(operate(verb, watch_of(home, store, quiet, as_json), follow=False))


async def _run_named(engine: Engine, execution_id: str, name: str) -> str:
    """Find a task run by its id or by its task's, which has to have run once only."""
    await engine.execution(execution_id)
    runs = await engine.in_store(engine.store.task_runs, execution_id)
    found = [run for run in runs if run.id == name] or [run for run in runs if run.task_id == name]
    if len(found) == 1:
        return found[0].id
    if not found:
        known = ", ".join(dict.fromkeys(run.task_id or "" for run in runs))
        raise InvalidFlow(f"Execution '{execution_id}' has no task run '{name}'; its tasks are: {known}.")
    several = ", ".join(f"{run.id} ({run.value})" for run in found[:5])
    raise InvalidFlow(f"Task '{name}' has {len(found)} runs in '{execution_id}'; name one: {several}.")


async def _inputs_of(verbs: Operations, execution_id: str, pairs: list[str]) -> dict[str, Any]:
    execution = await verbs.engine.execution(execution_id)
    flow = await verbs.engine.in_store(verbs.flows.of, execution)
    return with_files(flow, parse_pairs(pairs), Path(flow.id))
