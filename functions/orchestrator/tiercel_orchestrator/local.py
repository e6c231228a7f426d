"""The laptop's engine: SQLite, files and in-process families below one home; or the store elsewhere."""

import copy
import dataclasses
import json
import os
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

from tiercel.errors import InvalidFlow, TiercelError
from tiercel.plugin import LogLine
from tiercel.registry import Registry
from tiercel.services import Services, local_services
from tiercel.settings import Settings
from tiercel.value_stores import POSTGRES
from tiercel_orchestrator.dispatch.connecting import dispatcher_for
from tiercel_orchestrator.dispatch.port import Dispatcher
from tiercel_orchestrator.dispatch.routes import Routes
from tiercel_orchestrator.kernel.rows import TaskRun
from tiercel_orchestrator.shell.caretaking import Caretaking
from tiercel_orchestrator.shell.directories import WorkingDirectories
from tiercel_orchestrator.shell.engine import Engine
from tiercel_orchestrator.shell.flows import FlowLibrary
from tiercel_orchestrator.shell.owner import Owner
from tiercel_orchestrator.store import opening
from tiercel_orchestrator.store.migrations import Migration
from tiercel_orchestrator.store.port import Change
from tiercel_orchestrator.store.sqlite import SqliteStore
from tiercel_orchestrator.store.store import SqlStore

STORE_FILE = "engine.db"


def default_home() -> Path:
    """Give the home directory: TIERCEL_HOME, else `.tiercel` here."""
    return Path(os.environ.get("TIERCEL_HOME") or ".tiercel")


def default_globals() -> dict[str, Any]:
    """Give what expressions see as `globals`: the JSON object in TIERCEL_GLOBALS."""
    text = os.environ.get("TIERCEL_GLOBALS") or "{}"
    try:
        values = json.loads(text)
    except ValueError as error:
        raise InvalidFlow(
            f'TIERCEL_GLOBALS is no JSON object: {error}; write for example {{"env": "dev"}}.'
        ) from error
    if not isinstance(values, dict):
        raise InvalidFlow('TIERCEL_GLOBALS is no JSON object; write for example {"env": "dev"}.')
    return values


def made(home: Path) -> Path:
    """Make the home directory if it is not there; `TiercelError` says why it cannot be used."""
    with _writing(home):
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        (home / "owners").mkdir(exist_ok=True)
    return home


@contextmanager
def _writing(home: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise TiercelError(
            f"{home} cannot hold executions ({error.strerror}); name a directory that can be written, "
            "by --home or TIERCEL_HOME."
        ) from error


def open_store(home: Path, url: str | None = None) -> SqlStore:
    """Open the store at an address, by default that of a home directory, which is made if it is not there."""
    made(home)
    return opening.open_store(url or str(home / STORE_FILE))


def services_of(home: Path, store_url: str | None = None) -> Services:
    """Build the services of a home; unless the settings say where, keys are kept in a shared store, too."""
    settings = Settings.read()
    if settings.kv_url is None and store_url and store_url.startswith(POSTGRES):
        settings = dataclasses.replace(settings, kv_url=store_url)
    return local_services(home, settings)


def is_shared(store: SqlStore) -> bool:
    """Say whether orchestrators of other machines may work on a store, too."""
    return not isinstance(store, SqliteStore)


def migrate_store(home: Path, url: str | None = None) -> Sequence[Migration]:
    """Bring the tables of a store up to date; give the migrations that this has applied."""
    made(home)
    return opening.migrate(url or str(home / STORE_FILE))


@asynccontextmanager
async def open_engine(
    home: Path,
    store_url: str | None = None,
    *,
    registry: Registry | None = None,
    services: Services | None = None,
    claiming: bool = True,
    globals_: Mapping[str, Any] | None = None,
    listener: Callable[[Change], None] | None = None,
    log_sink: Callable[[TaskRun, LogLine], None] | None = None,
    concurrency: int = 16,
    routes: Routes | None = None,
    callback_url: str | None = None,
    receives: bool = True,
) -> AsyncIterator[Engine]:
    """Run an engine on a home directory; with `claiming`, it takes up what was left unfinished there.

    `store_url`: where executions are kept, by default in the home; several homes may share a store.
    `routes`: families that are elsewhere, by default those of TIERCEL_FAMILY_URLS and TIERCEL_FAMILY_QUEUES.
    `receives`: it fetches what families answer by a queue; if not, somebody hands it that.
    """
    registry = registry or Registry.installed()
    services = copy.copy(services or services_of(home, store_url))
    routes = Routes.read() if routes is None else routes
    store = open_store(home, store_url)
    with _writing(home):
        owner = Owner(home / "owners")
    dispatcher: Dispatcher | None = None
    try:
        dispatcher = await dispatcher_for(registry, services, routes, callback_url)
        engine = Engine(
            store,
            FlowLibrary(store, registry),
            dispatcher,
            services,
            owner,
            WorkingDirectories(home / "work", services, archived=bool(routes.targets or is_shared(store))),
            concurrency=concurrency,
            globals_=default_globals() if globals_ is None else globals_,
            claiming=claiming,
            listener=listener,
            log_sink=log_sink,
        )
        services.operations = Caretaking(engine)  # before it goes on with what was left unfinished
        async with engine, receiving_of(dispatcher, engine if receives else None):
            yield engine
    finally:
        if dispatcher is not None:
            await dispatcher.close()
        await services.http.close()  # its connections are of this loop, which may end now
        owner.close()
        store.close()


@asynccontextmanager
async def receiving_of(dispatcher: Dispatcher, engine: Engine | None) -> AsyncIterator[None]:
    """Let an engine receive what families answer by a queue, where they do."""
    if dispatcher.queues is None or engine is None:
        yield
        return
    from tiercel_orchestrator.shell.receiving import receiving  # what queues need is for who has some

    async with receiving(dispatcher.queues, engine):
        yield
