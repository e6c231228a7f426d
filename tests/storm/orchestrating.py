"""An orchestrator of a storm: a process that runs what a store holds, until it is killed or told to stop."""

import asyncio
import logging
import signal
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from tests.crash.playing import Place, fork_server
from tiercel_orchestrator.local import open_engine

JOURNAL = "journal"


class Orchestrator:
    """One process on a store; killed, another takes its place in its home."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.process = self._started()
        self.deaths = 0
        """How often it ended without having been killed."""

    def kill(self) -> None:
        """End it without a word, and start another."""
        self.process.kill()
        self.process.join()
        self.process = self._started()

    def look(self) -> None:
        """Start another where it has ended by itself."""
        if not self.process.is_alive():
            self.deaths += 1
            self.process = self._started()

    def stop(self) -> None:
        """Let it end in order."""
        self.process.terminate()
        self.process.join()

    def _started(self) -> ForkServerProcess:
        process = fork_server().Process(target=_orchestrate, args=(self.place,))
        process.start()
        return process


def _orchestrate(place: Place) -> None:
    place.home.mkdir(parents=True, exist_ok=True)
    logging.basicConfig(filename=place.home / JOURNAL, level=logging.WARNING)
    asyncio.run(_serve(place))


async def _serve(place: Place) -> None:
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with open_engine(place.home, place.store) as engine:
        serving = asyncio.create_task(engine.serve())
        stopping = asyncio.create_task(stopped.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if serving.done():
            serving.result()
        serving.cancel()


def journals(home: Path) -> str:
    """Give what the orchestrators below a directory have complained about."""
    return "".join(path.read_text() for path in sorted(home.rglob(JOURNAL)))
