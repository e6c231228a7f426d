"""The verbs on the store itself."""

import typer

from tiercel_orchestrator import local
from tiercel_orchestrator.cli import say
from tiercel_orchestrator.cli.options import Home, StoreUrl, guard

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
