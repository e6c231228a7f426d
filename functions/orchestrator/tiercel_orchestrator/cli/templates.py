"""The verbs on templates, which the old task `flow.Template` runs."""

from pathlib import Path
from typing import Annotated

import typer

from tiercel import clock
from tiercel.flows.models import Flow
from tiercel.registry import Registry
from tiercel_orchestrator import local
from tiercel_orchestrator.cli import running, say
from tiercel_orchestrator.cli.options import Home, StoreUrl, guard
from tiercel_orchestrator.shell.flows import FlowLibrary

app = typer.Typer(help="Keep templates for the task flow.Template (deprecated).", no_args_is_help=True)


@app.callback()
def group() -> None:
    """Keep templates for the task flow.Template (deprecated)."""


@app.command()
def put(
    file: Annotated[
        Path, typer.Argument(metavar="TEMPLATE.yaml", help="The template: id, namespace, tasks.")
    ],
    home: Home = None,
    store: StoreUrl = None,
) -> None:
    """Keep a template; executions that start from now on use it."""

    def kept() -> Flow:
        opened = local.open_store(home or local.default_home(), store)
        try:
            flows = FlowLibrary(opened, Registry.installed())
            return flows.put_template(running.read_source(file), clock.now(), str(file))
        finally:
            opened.close()

    template = guard(kept)
    say.plain(f"kept template {template.namespace}/{template.id}")
