"""The verbs of `tiercel`."""

import contextlib
import importlib.metadata
import io
import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from tiercel.errors import InvalidFlow, TiercelError
from tiercel.registry import Registry
from tiercel_orchestrator import local
from tiercel_orchestrator.cli import database, exits, families, keys, operating, running, say, templates
from tiercel_orchestrator.cli.inputs import parse_pairs
from tiercel_orchestrator.cli.options import (
    AsJson,
    ExecutionId,
    Home,
    Quiet,
    StoreUrl,
    finish,
    guard,
    watch_of,
)
from tiercel_orchestrator.store.port import Filter
from tiercel_orchestrator.views import execution_view

app = typer.Typer(
    name="tiercel",
    help="Run Kestra flows without a server.",
    no_args_is_help=True,
    invoke_without_command=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback()
def options(
    version: Annotated[bool, typer.Option("--version", help="Print the version and leave.")] = False,
) -> None:
    """Run Kestra flows without a server."""
    if version:
        say.plain(f"tiercel {importlib.metadata.version('tiercel-orchestrator')}")
        raise typer.Exit


FlowFile = Annotated[Path, typer.Argument(metavar="FLOW.yaml", help="The flow to run.")]


@app.command()
def run(
    flow: FlowFile,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", "-i", metavar="NAME=VALUE", help="An input; a FILE takes a path."),
    ] = None,
    labels: Annotated[
        list[str] | None, typer.Option("--label", "-l", metavar="KEY=VALUE", help="A label of the execution.")
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    schedule_date: Annotated[
        str | None,
        typer.Option("--schedule-date", metavar="DATE", help="When to begin, in ISO 8601."),
    ] = None,
    leaf_outputs: Annotated[
        bool,
        typer.Option("--leaf-outputs", help="Give the last tasks' outputs where the flow declares none."),
    ] = False,
    follow: Annotated[
        bool, typer.Option("--follow", help="Show progress; this is the default.", hidden=True)
    ] = True,
    home: Home = None,
    store: StoreUrl = None,
) -> None:
    """Run a flow here and now, and show its progress and result."""
    watch = watch_of(home, store, quiet, as_json)
    given, named = parse_pairs(inputs or []), parse_pairs(labels or [])
    work = running.run_flow(flow, given, named, watch, schedule_date=schedule_date, leaf_outputs=leaf_outputs)
    finish(work, flow)


@app.command()
def follow(
    execution_id: ExecutionId,
    as_json: AsJson = False,
    quiet: Quiet = False,
    home: Home = None,
    store: StoreUrl = None,
) -> None:
    """Take up an execution that was interrupted, or show how it ended."""
    finish(running.follow(execution_id, watch_of(home, store, quiet, as_json)))


@app.command()
def validate(
    flows: Annotated[list[Path], typer.Argument(metavar="FLOW.yaml…", help="The flows to check.")],
    as_json: AsJson = False,
) -> None:
    """Check flows without running them: every problem, with file, line and column."""
    from tiercel_orchestrator.cli import checking

    raise typer.Exit(guard(lambda: checking.check(flows, as_json)))


@app.command("eval")
def evaluate(
    expression: Annotated[str, typer.Argument(metavar="EXPRESSION", help="With or without its braces.")],
    context: Annotated[
        Path | None,
        typer.Option("--context", "-c", metavar="FILE.json", help="The variables; - is standard input."),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print the value itself as JSON, not its text.")
    ] = False,
    home: Home = None,
) -> None:
    """Try an expression: print what it gives, or what is wrong with it and where."""
    from tiercel_orchestrator.cli import evaluating

    raise typer.Exit(guard(lambda: evaluating.evaluate(expression, context, home, as_json)))


@app.command()
def plugins(
    type_id: Annotated[
        str | None, typer.Argument(metavar="TYPE", help="Show one type with its properties.")
    ] = None,
    as_json: AsJson = False,
    coverage: Annotated[
        bool, typer.Option("--coverage", help="Count how much of Kestra's catalog runs.")
    ] = False,
) -> None:
    """List the installed plugins, or show one."""
    if coverage:
        from tiercel_orchestrator.cli import coverage as counting

        guard(lambda: counting.show(Registry.installed(), as_json))
        return
    from tiercel_orchestrator.cli import plugin_listing

    guard(lambda: plugin_listing.show(Registry.installed(), type_id, as_json))


@app.command()
def executions(
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Only of this namespace.")
    ] = None,
    flow: Annotated[str | None, typer.Option("--flow", "-f", help="Only of this flow.")] = None,
    state: Annotated[str | None, typer.Option("--state", "-s", help="Only in this state.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many at most.")] = 20,
    as_json: AsJson = False,
    home: Home = None,
    store: StoreUrl = None,
) -> None:
    """List executions, the newest first."""
    with contextlib.closing(guard(lambda: local.open_store(home or local.default_home(), store))) as opened:
        found = opened.executions(Filter(namespace, flow, None, state.upper() if state else None, limit))
        if as_json:
            running.print_json([execution_view(one, opened.task_runs(one.id)) for one in found])
            return
        table = Table(box=None, pad_edge=False, header_style="dim")
        for column in ("id", "flow", "state", "started"):
            table.add_column(column, no_wrap=True)
        for one in found:
            table.add_row(one.id, f"{one.namespace}/{one.flow_id}", one.state, one.history[0][1])
        say.out.print(table if found else "no executions yet: run one with `tiercel run FLOW.yaml`")


@app.command()
def logs(
    execution_id: ExecutionId,
    level: Annotated[str, typer.Option("--level", help="The lowest level shown.")] = "TRACE",
    as_json: AsJson = False,
    home: Home = None,
    store: StoreUrl = None,
) -> None:
    """Print the log of an execution."""
    from tiercel_orchestrator.cli import log_listing

    guard(lambda: log_listing.show(home or local.default_home(), store, execution_id, level.upper(), as_json))


@app.command()
def resume(
    execution_id: ExecutionId,
    inputs: Annotated[
        list[str] | None,
        typer.Option("--input", "-i", metavar="NAME=VALUE", help="A value that the Pause asks for."),
    ] = None,
    as_json: AsJson = False,
    quiet: Quiet = False,
    home: Home = None,
    store: StoreUrl = None,
) -> None:
    """Go on with an execution that is paused."""
    finish(running.resume(execution_id, parse_pairs(inputs or []), watch_of(home, store, quiet, as_json)))


@app.command()
def server(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = 8080,
    concurrency: Annotated[
        int, typer.Option("--concurrency", min=1, help="How many tasks run here at once.")
    ] = 16,
    routes: Annotated[
        Path | None, typer.Option("--routes", help="A route table, beside TIERCEL_FAMILY_URLS.")
    ] = None,
    home: Home = None,
    store: StoreUrl = None,
) -> None:
    """Run all executions of a home, the unfinished ones first, until it is stopped."""
    from tiercel_orchestrator.cli import serving

    home = home or local.default_home()
    guard(lambda: running.log_to(home))
    finish(serving.serve(home, store, host, port, concurrency, routes))


@app.command()
def gateway(
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port; 0 takes a free one.")] = 8090,
    table: Annotated[
        Path | None,
        typer.Option("--table", help="Routes as in infra/routes/openapi.json; default: as installed."),
    ] = None,
    home: Home = None,
) -> None:
    """Serve each family as a Lambda function of its own behind one address, as a cloud would."""
    from tiercel_orchestrator.cli import gateway as gateways

    home = home or local.default_home()
    guard(lambda: running.log_to(home))
    finish(gateways.serve(home, host, port, table))


@app.command()
def kill(
    execution_id: ExecutionId,
    as_json: AsJson = False,
    quiet: Quiet = False,
    home: Home = None,
    store: StoreUrl = None,
) -> None:
    """End an execution that has not ended, and all that it started."""
    finish(running.kill(execution_id, watch_of(home, store, quiet, as_json)))


operating.add_to(app)
app.add_typer(database.app)
app.add_typer(keys.app)
app.add_typer(families.app, name="families")
app.add_typer(templates.app, name="template")


def run_app() -> None:
    """Enter the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")  # a terminal that cannot show a character
    try:
        app()
    except InvalidFlow as error:
        say.refusal(None, error)
        raise SystemExit(exits.BAD_FLOW_OR_USAGE) from None
    except TiercelError as error:
        say.err.print(str(error), markup=False)
        raise SystemExit(exits.BAD_FLOW_OR_USAGE) from None
    except OSError as error:  # whoever read our output has gone, or the disk is full
        sys.stdout = open(os.devnull, "w", encoding="utf-8")  # noqa: PTH123 - for the interpreter's last flush
        with contextlib.suppress(OSError):
            say.err.print(f"tiercel cannot write its output: {error.strerror}.", markup=False)
        raise SystemExit(exits.UNSUCCESSFUL) from None
