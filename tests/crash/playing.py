"""A child process that runs an engine on a store until one execution has ended, or it is killed before."""

import asyncio
import logging
import multiprocessing
from contextlib import closing
from dataclasses import dataclass
from multiprocessing.context import ForkServerContext
from pathlib import Path

from tests.crash.dying import Death, watch_postgres, watch_sqlite
from tests.crash.flows import INNER, MIXED
from tests.store.conftest import Raw
from tiercel import clock
from tiercel_orchestrator.local import open_engine
from tiercel_orchestrator.shell.engine import Engine
from tiercel_orchestrator.shell.starting import StartRequest, new_execution
from tiercel_orchestrator.store.opening import open_store

EXECUTION = "0000000000000000mixed1"
SECONDS = 60
COUNTED = "boundaries"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an engine works: its home, and the address of its store (None: in the home)."""

    home: Path
    store: str | None = None


@dataclass
class Places:
    """Places below a directory, one after the other; those in Postgres share a database."""

    directory: Path
    url: str | None = None
    count: int = 0

    def anew(self) -> Place:
        """Give a place where nothing has happened yet."""
        self.count += 1
        if self.url is not None:
            with closing(Raw(self.url)) as raw:
                raw.execute("drop schema if exists tiercel cascade")
            with closing(open_store(self.url)):
                pass
        return Place(self.directory / str(self.count), self.url)


def fork_server() -> ForkServerContext:
    """Give what forks children off a process that has imported everything already."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__, "tests.crash.warmed"])
    return context


def play(place: Place, die_at: int = 0) -> int | None:
    """Begin with the execution, or take up what is left of it; gives the child's exit code, -9 for a kill."""
    child = fork_server().Process(target=_play, args=(place, die_at))
    child.start()
    child.join(SECONDS)
    if child.exitcode is None:
        child.kill()
        child.join()
        raise AssertionError(f"killed before boundary {die_at}, it was not through after {SECONDS} s")
    return child.exitcode


def boundaries(place: Place) -> int:
    """Give how many boundaries the last child came to that was not killed."""
    return int((place.home / COUNTED).read_text())


def _play(place: Place, die_at: int) -> None:
    logging.disable(logging.CRITICAL)
    death = Death(die_at)
    watch_sqlite(death)
    watch_postgres(death)
    asyncio.run(_to_the_end(place))
    (place.home / COUNTED).write_text(str(death.count))


async def _to_the_end(place: Place) -> None:
    async with open_engine(place.home, place.store) as engine:
        await begin(engine)
        await engine.wait(EXECUTION)
        await engine.wait_for_tree(EXECUTION)


async def begin(engine: Engine) -> None:
    """Create the execution; one that exists goes on."""
    for source in (INNER, MIXED):
        await engine.in_store(engine.library.put, source, clock.now())
    flow = await engine.in_store(engine.library.get, "tests", "mixed")
    execution = new_execution(flow, EXECUTION, StartRequest("tests", "mixed"), engine.services)
    await engine.create(execution)
