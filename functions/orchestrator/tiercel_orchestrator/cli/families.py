"""The verbs on families that are deployed: what a release writes, and orchestrators read."""

import asyncio
import json
from collections.abc import Callable, Iterable
from contextlib import closing
from datetime import timedelta
from typing import Annotated, TypeVar

import typer

from tiercel import clock
from tiercel.errors import InvalidFlow
from tiercel.manifests import text_of
from tiercel.registry import Registry
from tiercel.settings import Settings
from tiercel_orchestrator.cli import say
from tiercel_orchestrator.cli.options import StoreUrl, guard
from tiercel_orchestrator.dispatch.deployed import Deployed

T = TypeVar("T")
SERVICE_ROLE = "tiercel_service"
"""The role in the database that the rules for families' runs are about."""

app = typer.Typer(help="Say which families are deployed.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(metavar="FAMILY", help="The family's name, for example sql.")]
Url = Annotated[
    str | None, typer.Option("--url", help="Where it answers; it is asked there what plugins it has.")
]
Queue = Annotated[str | None, typer.Option("--queue", help="The URL of the queue of its worker.")]


@app.callback()
def group() -> None:
    """Say which families are deployed."""


@app.command()
def publish(name: Name, url: Url = None, queue: Queue = None, store: StoreUrl = None) -> None:
    """Write down a family's release: its version, its plugins, and where it is. Part of its deployment."""
    manifest = guard(lambda: manifest_of(name, url))
    count = with_tables(store, lambda tables: tables.publish(manifest, url, queue, clock.now()))
    say.plain(f"published {name}: {count} plugins")


@app.command("list")
def listed(store: StoreUrl = None) -> None:
    """List the families that are deployed."""
    for one in with_tables(store, lambda tables: tables.releases()):
        places = " ".join(place for place in (one.url, one.queue) if place)
        say.plain(f"{one.family} {one.version} {places}".rstrip())


@app.command()
def tokens(
    names: Annotated[list[str], typer.Argument(metavar="FAMILY...", help="The families' names.")],
    days: Annotated[int, typer.Option("--days", min=1, help="How long they are good for.")] = 365,
) -> None:
    """Print a token for each family, as JSON: what it keeps its runs under. Give each to its family only."""
    say.plain(guard(lambda: json.dumps(minted(names, days), indent=1)))


def minted(names: Iterable[str], days: int) -> dict[str, str]:
    """Sign a token for each family."""
    from tiercel.http.signing import TokenKeys

    keys = TokenKeys.of(Settings.read())
    if keys is None:
        raise InvalidFlow(
            "Tokens are signed with the project's key: set TIERCEL_JWT_KEY to its private half, or "
            "TIERCEL_JWT_SECRET to its JWT secret."
        )
    end = int((clock.now() + timedelta(days=days)).timestamp())
    return {name: keys.sign({"role": SERVICE_ROLE, "family": name, "exp": end}) for name in names}


def with_tables(store: str | None, work: Callable[[Deployed], T]) -> T:
    """Do something with the tables."""

    def done() -> T:
        with closing(Deployed.of(Settings.read(), store)) as tables:
            return work(tables)

    return guard(done)


def manifest_of(name: str, url: str | None) -> str:
    """Give a family's own list of plugins: asked of it at its URL, else that of the package here."""
    if url is not None:
        return asyncio.run(asked(name, url.rstrip("/")))
    family = Registry.installed().families.get(name)
    if family is None:
        raise InvalidFlow(f"Family '{name}' is not installed here; give its --url, and it is asked there.")
    return text_of(dict(family.manifest))


async def asked(name: str, url: str) -> str:
    """Ask a family for its list of plugins."""
    from tiercel.http.client import HttpClient
    from tiercel.http.guard import Guard
    from tiercel_orchestrator.dispatch.discovery import checked
    from tiercel_orchestrator.dispatch.tokens import Tokens

    client = HttpClient(Guard(private_targets=True))
    try:
        headers = Tokens.of(Settings.read()).headers("GET", f"{url}/plugins")
        answer = await client.get(f"{url}/plugins", headers=headers, follow_redirects=False)
        return text_of(checked(answer.json(), name, f"{url}/plugins"))
    finally:
        await client.close()
