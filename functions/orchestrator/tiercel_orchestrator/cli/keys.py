"""The verbs on the key-value store: what flows keep from one execution to the next."""

import contextlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from tiercel import clock
from tiercel.errors import InvalidFlow, TaskFailed
from tiercel.flows.durations import parse_duration
from tiercel.kv import KeyValue, KeyValueStore
from tiercel_orchestrator import local
from tiercel_orchestrator.cli import exits, say
from tiercel_orchestrator.cli.options import AsJson, Home, StoreUrl, guard
from tiercel_orchestrator.cli.running import print_json

app = typer.Typer(name="kv", help="Look into the key-value store, and change it.", no_args_is_help=True)
Key = Annotated[str, typer.Argument(metavar="KEY", help="The key.")]
Namespace = Annotated[str, typer.Option("--namespace", "-n", help="Namespace that holds the key.")]


@app.command("get")
def show(
    key: Key, namespace: Namespace, as_json: AsJson = False, home: Home = None, store_url: StoreUrl = None
) -> None:
    """Print a value: text as it is, anything else as JSON."""

    def call(store: KeyValueStore) -> None:
        entry = store.get(namespace, key)
        if entry is None:
            raise missing(namespace, key)
        if as_json:
            print_json(document(entry))
            return
        say.plain(entry.value if isinstance(entry.value, str) else text_of(entry.value))

    on_store(home, store_url, call)


@app.command("set")
def write(
    key: Key,
    value: Annotated[str, typer.Argument(metavar="VALUE", help="The value; --type says how it is read.")],
    namespace: Namespace,
    kind: Annotated[
        str, typer.Option("--type", "-t", help="STRING, NUMBER, BOOLEAN, DATETIME, DATE, DURATION or JSON.")
    ] = "STRING",
    ttl: Annotated[str | None, typer.Option("--ttl", help="How long it lives, for example PT1H.")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite/--no-overwrite", help="Whether a key that is there is replaced.")
    ] = True,
    description: Annotated[str | None, typer.Option("--description", help="What it is for.")] = None,
    home: Home = None,
    store_url: StoreUrl = None,
) -> None:
    """Keep a value under a key."""
    from tiercel.kv.kinds import KINDS, read_value

    def call(store: KeyValueStore) -> None:
        if kind.upper() not in KINDS:
            raise InvalidFlow(f"--type {kind} is none of {', '.join(KINDS)}; choose one of them.")
        try:
            lifetime = parse_duration(ttl) if ttl else None
        except ValueError as error:
            raise InvalidFlow(f"--ttl {error}.") from error
        store.put(
            namespace,
            key,
            read_value(value, kind.upper()),
            kind=kind.upper(),
            ttl=lifetime,
            overwrite=overwrite,
            description=description,
        )

    on_store(home, store_url, call)


@app.command("delete")
def delete(key: Key, namespace: Namespace, home: Home = None, store_url: StoreUrl = None) -> None:
    """Remove a key and its value."""

    def call(store: KeyValueStore) -> None:
        if not store.delete(namespace, key):
            raise missing(namespace, key)

    on_store(home, store_url, call)


@app.command("list")
def overview(
    namespace: Annotated[
        str | None, typer.Option("--namespace", "-n", help="Only of this namespace.")
    ] = None,
    prefix: Annotated[str, typer.Option("--prefix", help="Only keys that begin so.")] = "",
    as_json: AsJson = False,
    home: Home = None,
    store_url: StoreUrl = None,
) -> None:
    """List the keys, of one namespace or of all."""

    def call(store: KeyValueStore) -> None:
        chosen = store.namespaces() if namespace is None else [namespace]
        found = [entry for one in chosen for entry in store.entries(one, prefix)]
        if as_json:
            print_json([document(entry) for entry in found])
            return
        table = Table(box=None, pad_edge=False, header_style="dim")
        for column in ("namespace", "key", "type", "updated", "expires"):
            table.add_column(column, no_wrap=True)
        for entry in found:
            expires = clock.timestamp(entry.expires_at) if entry.expires_at else ""
            updated = clock.timestamp(entry.updated_at)
            table.add_row(entry.namespace, entry.key, entry.kind, updated, expires)
        say.out.print(table if found else "no keys yet: set one with `tiercel kv set KEY VALUE -n NAMESPACE`")

    on_store(home, store_url, call)


def on_store(home: Path | None, store_url: str | None, call: Callable[[KeyValueStore], None]) -> None:
    """Do something with the store that the settings name; what it refuses is exit code 1."""

    def work() -> int:
        with opened(home, store_url) as store:
            try:
                call(store)
            except TaskFailed as error:
                say.err.print(str(error), markup=False)
                return exits.UNSUCCESSFUL
        return exits.OK

    raise typer.Exit(guard(work))


@contextlib.contextmanager
def opened(home: Path | None, store: str | None) -> Iterator[KeyValueStore]:
    """Open the store, and close it after use."""
    services = local.services_of(home or local.default_home(), store)
    try:
        yield services.kv
    finally:
        services.close()


def missing(namespace: str, key: str) -> TaskFailed:
    """Say that a key is not there."""
    return TaskFailed(
        f"There is no key '{key}' in namespace '{namespace}'; "
        f"`tiercel kv list -n {namespace}` shows those that there are."
    )


def document(entry: KeyValue) -> dict[str, Any]:
    """Write an entry as JSON, in the words of Kestra's REST API."""
    return {
        "namespace": entry.namespace,
        "key": entry.key,
        "type": entry.kind,
        "value": entry.value,
        "description": entry.description,
        "revision": entry.revision,
        "creationDate": clock.timestamp(entry.created_at),
        "updateDate": clock.timestamp(entry.updated_at),
        "expirationDate": clock.timestamp(entry.expires_at) if entry.expires_at else None,
    }


def text_of(value: Any) -> str:
    """Write a value as one line of JSON."""
    return json.dumps(value, ensure_ascii=False)
