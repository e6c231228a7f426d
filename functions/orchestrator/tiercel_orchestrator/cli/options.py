"""What the verbs share: options, how a run is watched, how errors become exit codes."""

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from tiercel.errors import InvalidFlow, TiercelError
from tiercel_orchestrator import local
from tiercel_orchestrator.cli import exits, running, say

T = TypeVar("T")

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON on stdout, and nothing else.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print only what went wrong.")]
Home = Annotated[
    Path | None,
    typer.Option("--home", help="Where executions and files are kept; default TIERCEL_HOME, else .tiercel."),
]
StoreUrl = Annotated[
    str | None,
    typer.Option(
        "--store",
        metavar="URL",
        envvar="TIERCEL_STORE",
        help="Where executions are kept: postgresql://…, sqlite:///path or a path; default: in the home.",
    ),
]
ExecutionId = Annotated[str, typer.Argument(metavar="ID", help="The execution's id.")]


def watch_of(home: Path | None, store: str | None, quiet: bool, as_json: bool) -> running.Watch:
    """Say how a run is shown, and where it is kept."""
    home = home or local.default_home()
    guard(lambda: running.log_to(home))
    return running.Watch(home, store, quiet, as_json)


def finish(work: Coroutine[Any, Any, int], file: Path | None = None) -> None:
    """Run to the end and leave with the code that says how it went."""
    raise typer.Exit(guard(lambda: asyncio.run(work), file))


def guard(call: Callable[[], T], file: Path | None = None) -> T:
    """Turn what has been understood into sentences and exit code 2."""
    try:
        return call()
    except InvalidFlow as error:
        say.refusal(file, error)
    except TiercelError as error:
        say.err.print(str(error), markup=False)
    raise typer.Exit(exits.BAD_FLOW_OR_USAGE)
