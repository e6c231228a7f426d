"""The verbs on the store itself."""

import re
from contextlib import closing
from datetime import timedelta
from typing import Annotated

import typer

from tiercel import clock
from tiercel.errors import InvalidFlow
from tiercel.flows.durations import parse_duration
from tiercel.services import local_services
from tiercel_orchestrator import local
from tiercel_orchestrator.cli import say
from tiercel_orchestrator.cli.options import Home, StoreUrl, guard
from tiercel_orchestrator.shell import removal
from tiercel_orchestrator.store.port import Pruning

UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}
AGE = re.compile(r"([0-9]{1,6})([mhdw])")

app = typer.Typer(name="db", help="Look after the store.", no_args_is_help=True)


@app.callback()
def database() -> None:
    """Look after the store."""


@app.command()
def migrate(home: Home = None, store: StoreUrl = None) -> None:
    """Bring the store's tables up to date; say what has been done."""
    done = guard(lambda: local.migrate_store(home or local.default_home(), store))
    for step in done:
        say.plain(f"applied {step.title}")
    if not done:
        say.plain("nothing to apply: the store is up to date")


@app.command()
def prune(
    older_than: Annotated[
        str | None,
        typer.Option("--older-than", metavar="AGE", help="Those that ended longer ago: 30d, 12h, 4w, P30D."),
    ] = None,
    keep: Annotated[
        int | None, typer.Option("--keep", min=1, metavar="N", help="Not the N newest of each flow.")
    ] = None,
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Only of this namespace.")
    ] = None,
    flow: Annotated[str | None, typer.Option("--flow", "-f", help="Only of this flow.")] = None,
    files: Annotated[
        bool, typer.Option("--files", help="Their files, too; replays of them may still name these.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say how many would go.")] = False,
    home: Home = None,
    store: StoreUrl = None,
) -> None:
    """Remove ended executions, with all that they started, by age, by count or both."""

    def pruning() -> removal.Count:
        if older_than is None and keep is None:
            raise InvalidFlow("Say what may go: --older-than 30d, --keep 100, or both.")
        before = clock.now() - age(older_than) if older_than else None
        place = home or local.default_home()
        with closing(local.open_store(place, store)) as opened:
            storage = local_services(place).storage if files else None
            return removal.prune(opened, storage, Pruning(before, keep, namespace, flow), dry_run=dry_run)

    count = guard(pruning)
    what = f"{count.executions} execution{'' if count.executions == 1 else 's'}"
    say.plain(f"{what} would go" if dry_run else f"{what} removed")


def age(text: str) -> timedelta:
    """Read an age: a number with its unit, or an ISO 8601 duration; `InvalidFlow` says that it is none."""
    found = AGE.fullmatch(text)
    try:
        value = timedelta(**{UNITS[found[2]]: int(found[1])}) if found else parse_duration(text)
        if value >= timedelta() and clock.now() - value:
            return value
    except (ValueError, OverflowError):
        pass
    raise InvalidFlow(f"--older-than {text}: write a number with its unit, as 30d, 12h, 90m or 4w, or P30D.")
