"""A storm: executions start all the time, orchestrators are killed at random; then all is checked."""

import asyncio
import time
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random

from tests.crash.playing import Place, fork_server
from tests.postgres import Server
from tests.storm.ends import End, count_runs, differences, ends_of, late_in
from tests.storm.flows import ALL, SOURCES, STARTED
from tests.storm.orchestrating import Orchestrator, journals
from tiercel import clock
from tiercel.registry import Registry
from tiercel.services import Services, local_services
from tiercel_orchestrator.kernel.ids import derive
from tiercel_orchestrator.kernel.kernel import decide
from tiercel_orchestrator.local import STORE_FILE, open_engine
from tiercel_orchestrator.shell.flows import FlowLibrary
from tiercel_orchestrator.shell.starting import StartRequest, new_execution
from tiercel_orchestrator.store.opening import open_store
from tiercel_orchestrator.store.port import Decide, StoreUnavailable
from tiercel_orchestrator.store.store import SqlStore

AT_ONCE = 10
"""How many executions there are at a time that have not ended."""
LOOK_SECONDS = 0.05
KILL_SECONDS = (0.2, 1.5)
DRAIN_SECONDS = 120


@dataclass
class Tally:
    """What a storm has come to. `wrong`: what was lost, doubled or stuck, in words."""

    seed: int
    executions: int = 0
    task_runs: int = 0
    kills: int = 0
    restarts: int = 0
    deaths: int = 0
    late: int = 0
    deadlocks: int = 0
    complaints: int = 0
    wrong: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        found = "nothing lost, doubled or stuck" if not self.wrong else "\n".join(self.wrong[:40])
        return (
            f"seed {self.seed}: {self.executions:,} executions, {self.task_runs:,} task runs, "
            f"{self.kills} kills, {self.restarts} restarts of it, {self.late} late results ignored, "
            f"{self.deadlocks} deadlocks, of which {self.complaints} came to an engine: {found}"
        )


@dataclass
class Storm:
    """A storm over one store. `server`: what is restarted in the middle of it."""

    directory: Path
    seed: int
    seconds: float
    orchestrators: int = 3
    server: Server | None = None

    def __post_init__(self) -> None:
        self.random = Random(self.seed)
        self.tally = Tally(self.seed)
        self.started: dict[str, str] = {}
        url = self.server.url if self.server else None
        # in SQLite all share a home; in Postgres each has its own
        homes = (
            ["shared"] * self.orchestrators
            if url is None
            else [f"home{n}" for n in range(self.orchestrators)]
        )
        self.places = [Place(self.directory / home, url) for home in homes]

    def rage(self) -> Tally:
        """Storm, drain and check."""
        expected = baseline(self.directory / "baseline")
        with ExitStack() as stack:
            starter = stack.enter_context(closing(Starter(self.places[0])))
            orchestrators = [Orchestrator(place) for place in self.places]
            for one in orchestrators:
                stack.callback(one.stop)
            self._start_and_kill(starter, orchestrators)
            self._drain(starter, orchestrators)
        self._check(expected)
        self.tally.deaths = sum(one.deaths for one in orchestrators)
        return self.tally

    def _start_and_kill(self, starter: "Starter", orchestrators: list[Orchestrator]) -> None:
        began = time.monotonic()
        kill_at = began + 1
        restart_at = began + self.seconds / 2 if self.server else None
        while (now := time.monotonic()) < began + self.seconds:
            for one in orchestrators:
                one.look()
            if restart_at is not None and self.server and now > restart_at:
                restart_at = None
                self.server.stop()
                self.server.start()
                self.tally.restarts += 1
            if now > kill_at:
                self.random.choice(orchestrators).kill()
                self.tally.kills += 1
                kill_at = now + self.random.uniform(*KILL_SECONDS)
            if starter.room():
                flow_id = self.random.choice(STARTED)
                self.started[starter.start(flow_id, f"{self.seed}/{len(self.started)}")] = flow_id
            else:
                time.sleep(LOOK_SECONDS)

    def _drain(self, starter: "Starter", orchestrators: list[Orchestrator]) -> None:
        deadline = time.monotonic() + DRAIN_SECONDS
        while not starter.idle() and time.monotonic() < deadline:
            for one in orchestrators:
                one.look()
            time.sleep(LOOK_SECONDS)
        self.tally.wrong += [f"stuck: {one}" for one in starter.unfinished()]

    def _check(self, expected: dict[str, End]) -> None:
        tally, ends = self.tally, ends_of(self.places[0])
        tally.executions, tally.task_runs = len(self.started), count_runs(ends.values())
        tally.late = late_in(self.places[0])
        for execution_id, flow_id in self.started.items():
            if execution_id not in ends:
                tally.wrong.append(f"lost: {flow_id} {execution_id}")
            elif different := differences(ends[execution_id], expected[flow_id]):
                tally.wrong += [f"{flow_id} {execution_id}: {one}" for one in different]
        tally.wrong += [f"out of nowhere: {one}" for one in ends.keys() - self.started.keys()]
        tally.deadlocks = self.server.log.count("deadlock detected") if self.server else 0
        for line in journals(self.directory).splitlines():
            if "deadlock" in line:
                tally.complaints += 1
            if "by a bug of its own" in line or "could not be carried out" in line or "taken in" in line:
                tally.wrong.append(line)


class Starter:
    """Starts executions, as somebody would who has no engine; an outage it waits out."""

    def __init__(self, place: Place) -> None:
        self.store: SqlStore = open_store(place.store or str(made(place) / STORE_FILE))
        self.services: Services = local_services(place.home)
        self.library = FlowLibrary(self.store, Registry.installed())
        for source in SOURCES:
            self.library.put(source, clock.now())

    def start(self, flow_id: str, name: str) -> str:
        """Start an execution; again while it is not known whether it was created."""
        flow = self.library.get("tests", flow_id)
        execution_id = derive("storm", name)
        while True:
            execution = new_execution(flow, execution_id, StartRequest("tests", flow_id), self.services)
            now = clock.now()
            try:
                self.store.apply(execution, self._deciding(now), now)
                return execution_id
            except StoreUnavailable:
                time.sleep(LOOK_SECONDS)

    def _deciding(self, now: datetime) -> Decide:
        return lambda touched, event: decide(self.library.of(touched.execution), touched, event, now)

    def room(self) -> bool:
        """Say whether there may be one more."""
        try:
            return len(self.store.unfinished()) < AT_ONCE
        except StoreUnavailable:
            return False

    def idle(self) -> bool:
        """Say whether all have ended."""
        try:
            return not self.store.unfinished()
        except StoreUnavailable:
            return False

    def unfinished(self) -> list[str]:
        """Say of each that has not ended where it stands."""
        return [
            f"{one.flow_id} {one.id} {one.state}: "
            + ", ".join(f"{run.task_id} {run.work}" for run in self.store.every_run(one.id) if not run.ended)
            for one in self.store.unfinished()
        ]

    def close(self) -> None:
        """Let go of the store."""
        self.store.close()


def made(place: Place) -> Path:
    """Make a home."""
    place.home.mkdir(parents=True, exist_ok=True)
    return place.home


def baseline(home: Path) -> dict[str, End]:
    """Give the end of each flow that nobody disturbs, by its id."""
    process = fork_server().Process(target=_undisturbed, args=(home,))
    process.start()
    process.join()
    assert process.exitcode == 0, f"undisturbed flows ended with {process.exitcode}"
    ends = ends_of(Place(home))
    roots = [
        (next(row[1] for row in end if row[0] == "execution" and row[1] in ALL), end) for end in ends.values()
    ]
    return dict(roots)


def _undisturbed(home: Path) -> None:
    async def run() -> None:
        async with open_engine(home) as engine:
            for source in SOURCES:
                await engine.in_store(engine.library.put, source, clock.now())
            for flow_id in ALL:
                execution = await engine.start(StartRequest("tests", flow_id))
                await engine.wait_for_tree(execution.id)
                await engine.wait(execution.id)

    asyncio.run(run())
